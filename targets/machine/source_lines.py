"""Machine addresses to source lines and functions, out of an executable's DWARF line tables and symbol table.

The table of a compilation unit is decoded when an address of that unit is first asked for: decoding all takes most of
a second, and one address of a short run is often all there is to name. It reads executables, not object files: those
have many sections at address 0. File names come out as the build wrote them, `components/x/x.c` relative to the
firmware's tree.

What a header of the toolchain brought, `std::optional`, is nobody's place to look: where it was inlined, its place is
that of the call in the firmware; where not, the header is told by its name alone, `<optional>`. Such addresses, and
functions of C++ whose symbols say too little, are looked up among the functions of their unit. Those of C never are.
"""

from __future__ import annotations

import itertools
import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any

from elftools.elf.elffile import ELFFile

from p4verify.targets.machine.debug_information import debug_information
from p4verify.targets.machine.subprograms import Subprograms
from p4verify.targets.machine.symbol_table import FUNCTION, ObjectFile

FIRMWARES = ".firmware"
"""The linker's name of a firmware's function ends so where the C library has one of the same name."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in the source; `line` 0 and empty texts where that is not known. `<optional>` is the toolchain's."""

    file: str = ""
    line: int = 0
    function: str = ""

    @property
    def is_foreign(self) -> bool:
        """Is it in a header of the toolchain?"""
        return self.file.startswith("<")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else "unknown place"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the symbol table: its code is [start, stop)."""

    start: int
    stop: int
    name: str


Row = tuple[int, str, int]
"""Address, file, line; where a sequence ends, line 0."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Code [start, stop) of the compilation unit at an offset of the debug information, by the name of its source."""

    start: int
    stop: int
    unit: int
    name: str


class SourceLines:
    """Lines and functions of one executable, which is read when the first address is looked up."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self._rows_of = lru_cache(maxsize=None)(self._decoded)
        self._subprograms_of = lru_cache(maxsize=None)(self._functions_of)

    def read(self) -> None:
        """Decodes everything now."""
        for unit in {span.unit for span in self._spans[1]}:
            self._rows_of(unit)
        self.function(0)

    def place(self, address: int) -> Place:
        """The place of the instruction at `address`."""
        span = self._span(address)
        _, file, line = next(self._rows_before(span, address), (0, "", 0))
        function = self.function(address)
        place = Place(file, line, readable(function.name) if function else "")
        if span and function and (_is_foreign(file, span) or not _is_told(function.name)):
            return self._within(span, function, address, place)
        return place

    def _within(self, span: Span, function: Function, address: int, place: Place) -> Place:
        """The place as the functions that hold the address tell it, what was inlined among them."""
        frames = self._subprograms_of(span.unit).frames(address)
        name = (frames[0].function if frames else "") or place.function
        if not _is_foreign(place.file, span):
            return Place(place.file, place.line, name)
        sites = (Place(call.file, call.line, holder.function) for call, holder in itertools.pairwise(frames))
        own = next((site for site in sites if site.line and not _is_foreign(site.file, span)), None)
        own = own or self._own_before(span, function, address, name)
        return own or Place(f"<{PurePath(place.file).name}>", place.line, name)

    def _own_before(self, span: Span, function: Function, address: int, name: str) -> Place | None:
        """What follows inlined code, and has no line of its own, seems to belong to it: the place before that."""
        rows = itertools.takewhile(lambda row: row[0] >= function.start, self._rows_before(span, address))
        return next((Place(file, line, name) for _, file, line in rows if line and not _is_foreign(file, span)), None)

    def _rows_before(self, span: Span | None, address: int) -> Iterator[Row]:
        """The rows up to an address, the one that holds it first."""
        rows = self._rows_of(span.unit) if span else []
        number = bisect_right(rows, address, key=lambda row: row[0])
        return (rows[at] for at in range(number - 1, -1, -1))

    def unit(self, address: int) -> str:
        """The source file whose compilation gave the code at `address`; "" where that is not known."""
        span = self._span(address)
        return span.name if span else ""

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
        symbols = ObjectFile.read(Path(self.path)).symbols()
        found = {one.value: one for one in symbols if one.type == FUNCTION and one.value}
        functions = [
            Function(start, start + max(found[start].size, 1), found[start].name.removesuffix(FIRMWARES))
            for start in sorted(found)
        ]
        return [function.start for function in functions], functions

    def _span(self, address: int) -> Span | None:
        starts, spans = self._spans
        number = bisect_right(starts, address) - 1
        found = spans[number] if number >= 0 else None
        return found if found and address < found.stop else None

    @cached_property
    def dwarf(self) -> Any:
        """The debug information as pyelftools offers it; None where there is none."""
        return debug_information(ELFFile(BytesIO(Path(self.path).read_bytes())))

    @cached_property
    def _spans(self) -> tuple[list[int], list[Span]]:
        units = c_units(self.dwarf) if self.dwarf else ()
        spans = sorted(span for unit in units for span in _spans_of(self.dwarf, unit))
        return [span.start for span in spans], spans

    def _decoded(self, unit: int) -> list[Row]:
        rows = _rows_of_unit(self.dwarf, self.dwarf.get_CU_at(unit))
        return sorted(rows, key=lambda row: (row[0], row[2] != 0))

    def _functions_of(self, offset: int) -> Subprograms:
        unit = self.dwarf.get_CU_at(offset)
        top, program = unit.get_top_DIE(), self.dwarf.line_program_for_CU(unit)
        files = _file_names(program.header, _text(top, "DW_AT_comp_dir")) if program else {}
        low = top.attributes.get("DW_AT_low_pc")
        base = low.value if low else 0
        return Subprograms(unit, files, lambda die: _code_ranges(self.dwarf, unit, die.attributes, base))


def c_units(dwarf: Any) -> Iterator[Any]:
    """The compilation units of C and C++ sources; those of zig's own runtime are a hundred times as large."""
    for unit in dwarf.iter_CUs():
        if not _text(unit.get_top_DIE(), "DW_AT_producer").startswith("zig "):
            yield unit


def unit_name(unit: Any) -> str:
    """The source file of a compilation unit, as `SourceLines.unit` names it."""
    return source_name(_text(unit.get_top_DIE(), "DW_AT_name"))


def _spans_of(dwarf: Any, unit: Any) -> Iterator[Span]:
    """Where the code of a unit lies; what the linker has thrown away keeps a range that begins at 0."""
    top, name = unit.get_top_DIE(), unit_name(unit)
    for start, stop in _code_ranges(dwarf, unit, top.attributes):
        if 0 < start < stop:
            yield Span(start, stop, unit.cu_offset, name)


def _is_foreign(file: str, span: Span) -> bool:
    """Is the file a header of the toolchain? Files of the tree have relative names; a source may lie anywhere."""
    return file.startswith("/") and file != span.name


def _code_ranges(dwarf: Any, unit: Any, attributes: Any, base: int = 0) -> Iterator[tuple[int, int]]:
    """Where the code of a DIE with these attributes lies; `base` is where its unit's begins."""
    low, high, listed = (attributes.get(f"DW_AT_{kind}") for kind in ("low_pc", "high_pc", "ranges"))
    base = low.value if low else base
    if listed is None:
        if low and high:
            yield base, high.value if high.form == "DW_FORM_addr" else base + high.value
        return
    for entry in dwarf.range_lists().get_range_list_at_offset(listed.value, unit):
        if hasattr(entry, "base_address"):
            base = entry.base_address
        else:
            start = 0 if entry.is_absolute else base
            yield start + entry.begin_offset, start + entry.end_offset


def _rows_of_unit(dwarf: Any, unit: Any) -> Iterator[Row]:
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return
    files = _file_names(program.header, _text(unit.get_top_DIE(), "DW_AT_comp_dir"))
    file, line = "", 0
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if state.end_sequence:
            file, line = "", 0
        elif state.line:  # line 0: made by the compiler for no line in particular; the one before it will do
            file, line = files.get(state.file, ""), state.line
        yield state.address, file, line


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
    return "::".join(_parsed(symbol)[0]) or symbol


def _is_told(symbol: str) -> bool:
    """Does `readable` tell all of it? Not where there are templates, constructors, or namespaces without a name."""
    if not symbol.startswith("_Z"):
        return True
    names, rest = _parsed(symbol)
    plain = rest.startswith("E") if symbol.startswith("_ZN") else not rest.startswith(("I", "B"))
    return bool(names) and plain and not names[0].startswith("_GLOBAL_")


def _parsed(symbol: str) -> tuple[list[str], str]:
    """The names that a C++ symbol begins with, and what follows them."""
    match = re.match(r"_ZN?K?(?=\d)", symbol)
    names, at = [], match.end() if match else len(symbol)
    while digits := re.match(r"\d+", symbol[at:]):
        start = at + digits.end()
        at = start + int(digits[0])
        names.append(symbol[start:at])
    return names, symbol[at:]


def _text(die: Any, attribute: str) -> str:
    found = die.attributes.get(attribute)
    return found.value.decode(errors="replace") if found else ""
