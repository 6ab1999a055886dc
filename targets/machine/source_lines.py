"""Machine addresses to source lines and functions, out of an executable's DWARF line tables and symbol table.

Tables are built once and looked up by bisection. It reads executables, not object files: those have many sections at
address 0. File names come out as the build wrote them, `components/x/x.c` relative to the firmware's tree.
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

FIRMWARES = ".firmware"
"""The linker's name of a firmware's function ends so where the C library has one of the same name."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in the source; `line` 0 and empty texts where that is not known."""

    file: str = ""
    line: int = 0
    function: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "unknown place"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the symbol table: its code is [start, stop)."""

    start: int
    stop: int
    name: str


class SourceLines:
    """Lines and functions of one executable, which stays open no longer than `__init__` and the first lookup."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def place(self, address: int) -> Place:
        """The place of the instruction at `address`."""
        starts, rows = self._rows
        number = bisect_right(starts, address) - 1
        file, line, _ = rows[number] if number >= 0 else ("", 0, "")
        function = self.function(address)
        return Place(file, line, readable(function.name) if function else "")

    def unit(self, address: int) -> str:
        """The source file whose compilation gave the code at `address`; "" where that is not known."""
        starts, rows = self._rows
        number = bisect_right(starts, address) - 1
        return rows[number][2] if number >= 0 else ""

    def function(self, address: int) -> Function | None:
        """The function whose code holds `address`."""
        starts, functions = self._functions
        number = bisect_right(starts, address) - 1
        found = functions[number] if number >= 0 else None
        return found if found and address < found.stop else None

    @property
    def functions(self) -> list[Function]:
        """All functions, by address."""
        return self._functions[1]

    @cached_property
    def _functions(self) -> tuple[list[int], list[Function]]:
        with open(self.path, "rb") as file:  # noqa: PTH123 (any path-like)
            table = ELFFile(file).get_section_by_name(".symtab")
            symbols = table.iter_symbols() if isinstance(table, SymbolTableSection) else ()
            found = {s["st_value"]: s for s in symbols if s["st_info"]["type"] == "STT_FUNC" and s["st_value"]}
        functions = [
            Function(start, start + max(found[start]["st_size"], 1), found[start].name.removesuffix(FIRMWARES))
            for start in sorted(found)
        ]
        return [function.start for function in functions], functions

    @cached_property
    def _rows(self) -> tuple[list[int], list[tuple[str, int, str]]]:
        with open(self.path, "rb") as file:  # noqa: PTH123 (any path-like)
            elf = ELFFile(file)
            rows = sorted(_all_rows(elf.get_dwarf_info()), key=lambda row: (row[0], row[2] != 0)) if _has(elf) else []
        return [row[0] for row in rows], [row[1:] for row in rows]


def _has(elf: ELFFile) -> bool:
    return bool(elf.has_dwarf_info())


def c_units(dwarf: Any) -> Iterator[Any]:
    """The compilation units of C and C++ sources; those of zig's own runtime are a hundred times as large."""
    for unit in dwarf.iter_CUs():
        if not _text(unit.get_top_DIE(), "DW_AT_producer").startswith("zig "):
            yield unit


def unit_name(unit: Any) -> str:
    """The source file of a compilation unit, as `SourceLines.unit` names it."""
    return source_name(_text(unit.get_top_DIE(), "DW_AT_name"))


def _all_rows(dwarf: Any) -> Iterator[tuple[int, str, int, str]]:
    """(address, file, line, unit) of every row; where a sequence ends, a row of line 0."""
    for unit in c_units(dwarf):
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        name = unit_name(unit)
        files = _file_names(program.header, _text(unit.get_top_DIE(), "DW_AT_comp_dir"))
        file, line = "", 0
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if state.end_sequence:
                file, line = "", 0
                yield state.address, "", 0, ""
                continue
            if state.line:  # line 0: made by the compiler for no line in particular; the one before it will do
                file, line = files.get(state.file, ""), state.line
            yield state.address, file, line, name


def _file_names(header: Any, folder: str) -> dict[int, str]:
    """Names by the file numbers of a line program: DWARF 5 counts from 0 and lists the unit's folder, 4 from 1."""
    base = 0 if header.version >= 5 else 1
    folders = [path.decode(errors="replace") for path in header.include_directory]
    folders = folders if base == 0 else [folder, *folders]
    names = {}
    for number, entry in enumerate(header.file_entry, base):
        place = folders[entry.dir_index] if entry.dir_index < len(folders) else ""
        names[number] = source_name(os.path.join(place, entry.name.decode(errors="replace")))  # noqa: PTH118
    return names


def source_name(path: str) -> str:
    """`./components/x.c` as `components/x.c`; an absolute path stays one."""
    return os.path.normpath(path) if path else ""


def readable(symbol: str) -> str:
    """`ns::Class::name` for the C++ symbol of a plain or nested name; every other symbol as it is."""
    match = re.match(r"_ZN?K?(?=\d)", symbol)
    names, at = [], match.end() if match else len(symbol)
    while digits := re.match(r"\d+", symbol[at:]):
        start = at + digits.end()
        at = start + int(digits[0])
        names.append(symbol[start:at])
    return "::".join(names) or symbol


def _text(die: Any, attribute: str) -> str:
    found = die.attributes.get(attribute)
    return found.value.decode(errors="replace") if found else ""
