"""Data addresses to names: `s_state.last_batt.soc`, `s_state.buffer[3].stamp`, out of DWARF type information.

Bitfields share words, so an address inside one is named by the struct that holds it. Heap and stack have no names here.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.elf.elffile import ELFFile

from p4verify.targets.machine.source_lines import c_units

_NAMED_SCOPES = frozenset({"DW_TAG_namespace", "DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_subprogram"})
_TRANSPARENT = frozenset({
    "DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_atomic_type",
})  # fmt: skip
_RECORDS = frozenset({"DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_union_type"})


@dataclass(slots=True)
class Layout:
    """A type: `size` bytes; a struct has `members`, an array has `element` and `counts` (one a dimension)."""

    size: int
    members: list[Member] = field(default_factory=list)
    element: Layout | None = None
    counts: tuple[int, ...] = ()

    def path(self, offset: int) -> str:
        """What lies at `offset`: `.last_batt.soc`, `[3].stamp`, or "" for the thing itself."""
        if self.element is not None and self.element.size:
            number, rest = divmod(offset, self.element.size)
            return self._subscripts(number) + self.element.path(rest)
        for member in self.members:
            if member.offset <= offset < member.offset + member.layout.size:
                return (f".{member.name}" if member.name else "") + member.layout.path(offset - member.offset)
        return ""

    def _subscripts(self, number: int) -> str:
        text = ""
        for count in reversed(self.counts[1:]):
            number, inner = divmod(number, count) if count else (number, 0)
            text = f"[{inner}]{text}"
        return f"[{number}]{text}"


@dataclass(frozen=True, slots=True)
class Member:
    """A member; base classes and anonymous structs have an empty name."""

    name: str
    offset: int
    layout: Layout


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of static storage, or the `size` bytes of it from `offset` on that lie at `address`."""

    address: int
    name: str
    layout: Layout
    offset: int
    size: int


class Variables:
    """The static variables of one executable."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self.name = lru_cache(maxsize=65536)(self._name)

    def addresses(self, name: str) -> list[int]:
        """Where variables of this name lie, several when files have static ones of one name."""
        return [variable.address for variable in self._table[1] if variable.name == name]

    def holder(self, address: int) -> tuple[str, int] | None:
        """The variable that holds `address` and the byte offset in it; None where there is none."""
        found = self._at(address)
        return None if found is None else (found.name, address - found.address + found.offset)

    def bytes_of(self, name: str, offset: int) -> list[int]:
        """Where that byte of the variables of this name lies."""
        own = (one for one in self._table[1] if one.name == name and one.offset <= offset < one.offset + one.size)
        return [one.address + offset - one.offset for one in own]

    def _at(self, address: int) -> Variable | None:
        starts, variables = self._table
        number = bisect_right(starts, address) - 1
        found = variables[number] if number >= 0 else None
        return None if found is None or address >= found.address + found.size else found

    def _name(self, address: int) -> str:
        """The variable and member at `address`, "" where there is none."""
        found = self._at(address)
        return "" if found is None else found.name + found.layout.path(address - found.address + found.offset)

    @cached_property
    def _table(self) -> tuple[list[int], list[Variable]]:
        with open(self.path, "rb") as file:  # noqa: PTH123 (any path-like)
            elf = ELFFile(file)
            found = list(_variables(elf.get_dwarf_info())) if elf.has_dwarf_info() else []
        variables = sorted(found, key=lambda variable: variable.address)
        return [variable.address for variable in variables], variables


def _variables(dwarf: Any) -> Iterator[Variable]:
    for unit in c_units(dwarf):
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
    return die if "DW_AT_name" in die.attributes else _reference(die, "DW_AT_specification") or die


def _reference(die: Any, attribute: str) -> Any | None:
    return die.get_DIE_from_attribute(attribute) if attribute in die.attributes else None


def _qualified(die: Any) -> str:
    names = [_text(die)]
    scope = die.get_parent()
    while scope is not None and scope.tag != "DW_TAG_compile_unit":
        if scope.tag in _NAMED_SCOPES and _text(scope):
            names.append(_text(scope))
        scope = scope.get_parent()
    return "::".join(reversed(names))


def _text(die: Any) -> str:
    found = die.attributes.get("DW_AT_name")
    return found.value.decode(errors="replace") if found else ""


class Types:
    """Layouts of the types of one compilation unit, each worked out once."""

    def __init__(self, dwarf: Any) -> None:
        self.dwarf = dwarf
        self.known: dict[int, Layout] = {}

    def layout(self, die: Any) -> Layout:
        """The layout of what `DW_AT_type` of `die` names; size 0 when it has none."""
        kind = _reference(die, "DW_AT_type")
        while kind is not None and kind.tag in _TRANSPARENT:
            kind = _reference(kind, "DW_AT_type")
        return self._of(kind) if kind is not None else Layout(0)

    def _of(self, die: Any) -> Layout:
        known = self.known.get(die.offset)
        if known is None:
            known = self.known[die.offset] = Layout(_number(die, "DW_AT_byte_size", 8 if "pointer" in die.tag else 0))
            if die.tag == "DW_TAG_array_type":
                self._fill_array(known, die)
            elif die.tag in _RECORDS:
                known.members += self._members(die)
        return known

    def _fill_array(self, layout: Layout, die: Any) -> None:
        layout.element = self.layout(die)
        layout.counts = tuple(_count(child) for child in die.iter_children() if child.tag == "DW_TAG_subrange_type")
        size = layout.element.size
        for count in layout.counts:
            size *= count
        layout.size = size

    def _members(self, die: Any) -> Iterator[Member]:
        for child in die.iter_children():
            inherited = child.tag == "DW_TAG_inheritance"
            if not inherited and (child.tag != "DW_TAG_member" or "DW_AT_external" in child.attributes):
                continue
            if "DW_AT_bit_size" not in child.attributes:
                yield Member(
                    "" if inherited else _text(child), _number(child, "DW_AT_data_member_location"), self.layout(child)
                )


def _count(subrange: Any) -> int:
    if "DW_AT_count" in subrange.attributes:
        return _number(subrange, "DW_AT_count")
    return _number(subrange, "DW_AT_upper_bound", -1) + 1


def _number(die: Any, attribute: str, default: int = 0) -> int:
    found = die.attributes.get(attribute)
    return found.value if found and isinstance(found.value, int) else default
