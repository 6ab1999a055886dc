"""Data addresses to names: `s_state.last_batt.soc`, `s_state.buffer[3].stamp`, out of DWARF type information.

Bitfields share words, so an address inside one is named by the struct that holds it; what an access holds of each is
told by `parts`. Heap and stack have no names here.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.elf.elffile import ELFFile

from p4verify.targets.machine.debug_information import debug_information
from p4verify.targets.machine.source_lines import c_units, unit_name
from p4verify.targets.machine.types import Layout, Types, reference, text
from p4verify.verify.schedule import Encoding, Part

_NAMED_SCOPES = frozenset({"DW_TAG_namespace", "DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_subprogram"})


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of static storage, or the `size` bytes of it from `offset` on that lie at `address`."""

    address: int
    name: str
    layout: Layout
    offset: int
    size: int


Table = tuple[list[int], list[Variable]]
"""Variables by address, and their addresses."""


class Variables:
    """The static variables of one executable; those of `sources` (as debug information names them) are read first.

    Nearly all that anybody asks for is the firmware's own, and the rest has ten times as much to read.
    """

    def __init__(self, path: str | os.PathLike[str], sources: frozenset[str] = frozenset()) -> None:
        self.path, self.sources = path, sources
        self.name = lru_cache(maxsize=65536)(self._name)
        self.parts = lru_cache(maxsize=65536)(self._parts)

    def addresses(self, name: str) -> list[int]:
        """Where variables of this name lie, several when files have static ones of one name."""
        return [variable.address for table in self._tables() for variable in table[1] if variable.name == name]

    def holder(self, address: int) -> tuple[str, int] | None:
        """The variable that holds `address` and the byte offset in it; None where there is none."""
        found = self._at(address)
        return None if found is None else (found.name, address - found.address + found.offset)

    def bytes_of(self, name: str, offset: int) -> list[int]:
        """Where that byte of the variables of this name lies."""
        every = (one for table in self._tables() for one in table[1] if one.name == name)
        return [one.address + offset - one.offset for one in every if one.offset <= offset < one.offset + one.size]

    def _at(self, address: int) -> Variable | None:
        for starts, variables in self._tables() if address < self._end else ():
            number = bisect_right(starts, address) - 1
            if number >= 0 and address < variables[number].address + variables[number].size:
                return variables[number]
        return None

    def _name(self, address: int) -> str:
        """The variable and member at `address`, "" where there is none."""
        found = self._at(address)
        return "" if found is None else found.name + found.layout.path(address - found.address + found.offset)

    def _parts(self, address: int, size: int) -> tuple[Part, ...]:
        """What an access of `size` bytes at `address` touches; () outside of variables, and one PADDING between."""
        found = self._at(address)
        if found is None:
            return ()
        low = 8 * (address - found.address + found.offset)
        parts = tuple(found.layout.scalars(found.name, low, low + 8 * size))
        return parts or (Part(self._name(address), Encoding.PADDING, 8 * size, 0, 8 * size, 0),)

    def read(self) -> None:
        """Reads what is asked for most, which may take a second."""
        _ = self._own

    @cached_property
    def _end(self) -> int:
        """Behind everything static: heap and stacks lie higher, and are asked for too."""
        with open(self.path, "rb") as file:  # noqa: PTH123 (any path-like)
            return max(segment["p_vaddr"] + segment["p_memsz"] for segment in ELFFile(file).iter_segments("PT_LOAD"))

    def _tables(self) -> Iterator[Table]:
        yield self._own
        yield self._others

    @cached_property
    def _own(self) -> Table:
        return self._read(lambda unit: unit_name(unit) in self.sources)

    @cached_property
    def _others(self) -> Table:
        return self._read(lambda unit: unit_name(unit) not in self.sources)

    def _read(self, wanted: Callable[[Any], bool]) -> Table:
        with open(self.path, "rb") as file:  # noqa: PTH123 (any path-like)
            dwarf = debug_information(ELFFile(file))
            found = list(_variables(dwarf, wanted)) if dwarf else []
        variables = sorted(found, key=lambda variable: variable.address)
        return [variable.address for variable in variables], variables


def _variables(dwarf: Any, wanted: Callable[[Any], bool]) -> Iterator[Variable]:
    for unit in filter(wanted, c_units(dwarf)):
        types = Types(dwarf)
        for die in unit.iter_DIEs():
            places = _places(dwarf, unit, die) if die.tag == "DW_TAG_variable" else ()
            for address, offset, size in places:
                described = _described(die)
                layout = types.layout(described)
                yield Variable(address, _qualified(described), layout, offset, size or max(layout.size, 1))


def _places(dwarf: Any, unit: Any, die: Any) -> Iterator[tuple[int, int, int]]:
    """(address, offset, size) of each part of a variable; size 0 is all of it. clang splits structs into parts."""
    location = die.attributes.get("DW_AT_location")
    if location is None or not isinstance(location.value, list):
        return
    address, offset = None, 0
    for operation in DWARFExprParser(dwarf.structs).parse_expr(location.value):
        match operation.op_name:
            case "DW_OP_addr":
                address = operation.args[0]
            case "DW_OP_addrx":
                address = dwarf.get_addr(unit, operation.args[0])
            case "DW_OP_plus_uconst" if address is not None:
                address += operation.args[0]
            case "DW_OP_piece":
                if address is not None:
                    yield address, offset, operation.args[0]
                address, offset = None, offset + operation.args[0]
            case _:  # a value that the compiler computes has no address
                address = None
    if address is not None and offset == 0:
        yield address, 0, 0


def _described(die: Any) -> Any:
    """The DIE that has name and type: for a static member or an `extern` the declaration."""
    return die if "DW_AT_name" in die.attributes else reference(die, "DW_AT_specification") or die


def _qualified(die: Any) -> str:
    names = [text(die)]
    scope = die.get_parent()
    while scope is not None and scope.tag != "DW_TAG_compile_unit":
        if scope.tag in _NAMED_SCOPES and text(scope):
            names.append(text(scope))
        scope = scope.get_parent()
    return "::".join(reversed(names))
