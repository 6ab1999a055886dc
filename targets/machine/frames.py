"""The variables that live in functions' frames: where, how large, and in which code, out of DWARF.

Only their places in the frame, where every variable lies whose address another task holds. It refuses to guess how
large that is which debug information does not place there: temporaries, spills, and variables of a few bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.dwarf.locationlists import LocationEntry, LocationExpr, LocationParser

from p4verify.targets.machine.source_lines import c_units, unit_name
from p4verify.targets.machine.types import Types

_HOLDERS = frozenset({"DW_TAG_variable", "DW_TAG_formal_parameter"})
_RBP = -8
"""Where rbp points, in bytes from the stack pointer at entry: instrumented code keeps frame pointers."""
_FRAME_BASES = {"DW_OP_reg6": _RBP, "DW_OP_call_frame_cfa": 8}


class Local(NamedTuple):
    """Bytes [low, high) from the stack pointer at entry; one variable's in the code [start, stop)."""

    low: int
    high: int
    start: int
    stop: int

    def holds(self, offset: int, address: int) -> bool:
        """Whether that byte of the frame is this variable's at that instruction."""
        return self.low <= offset < self.high and self.start <= address < self.stop


def nameless(offset: int) -> Local:
    """What begins at this byte of the frame and belongs to no variable that is known."""
    return Local(offset, offset + 1, 0, 1 << 64)


def locals_of(dwarf: Any, sources: frozenset[str]) -> dict[int, list[Local]]:
    """The variables in the frames of these sources' functions, by the address at which the function starts.

    `dwarf` is `SourceLines.dwarf`: to read an executable's tables of abbreviations again would take half of an audit.
    """
    found: dict[int, list[Local]] = {}
    for unit in c_units(dwarf) if dwarf else ():
        if unit_name(unit) in sources:
            found.update(_of_unit(dwarf, unit))
    return found


def _of_unit(dwarf: Any, unit: Any) -> Iterator[tuple[int, list[Local]]]:
    types = Types(dwarf)
    for die in unit.iter_DIEs():
        if die.tag == "DW_TAG_subprogram":
            code, base = code_of(die), _frame_base(dwarf, die)
            if code is not None and base is not None:
                yield code[0], list(_inside(dwarf, types, die, base, code))


def _inside(dwarf: Any, types: Types, scope: Any, base: int, code: tuple[int, int]) -> Iterator[Local]:
    for die in scope.iter_children():
        if die.tag == "DW_TAG_lexical_block":
            yield from _inside(dwarf, types, die, base, code_of(die) or code)
        elif die.tag in _HOLDERS:
            size = types.layout(die).size
            for offset in _offsets(dwarf, die, base) if size else ():
                yield Local(offset, offset + size, *code)


def lies_in_frame(dwarf: Any, die: Any) -> bool:
    """Whether a variable has a place in its function's frame, somewhere in its code."""
    return bool(_offsets(dwarf, die, 0))


def _offsets(dwarf: Any, die: Any, base: int) -> set[int]:
    """Where in the frame a variable lies; several places when it is moved about."""
    offsets = set()
    for expression in _places(dwarf, die):
        name, operand = _operation(dwarf, expression)
        if name == "DW_OP_fbreg":
            offsets.add(base + operand)
        elif name == "DW_OP_breg6":
            offsets.add(_RBP + operand)
    return offsets


def _places(dwarf: Any, die: Any) -> Iterator[list[int]]:
    """The expressions that locate a variable; a newer clang gives one for each stretch of code."""
    found, version = die.attributes.get("DW_AT_location"), die.cu["version"]
    if found is None or not LocationParser.attribute_has_location(found, version):
        return
    parsed = LocationParser(dwarf.location_lists()).parse_from_attribute(found, version, die)
    for entry in [parsed] if isinstance(parsed, LocationExpr) else parsed:
        if isinstance(entry, LocationExpr | LocationEntry):
            yield entry.loc_expr


def _frame_base(dwarf: Any, die: Any) -> int | None:
    found = die.attributes.get("DW_AT_frame_base")
    return _FRAME_BASES.get(_operation(dwarf, found.value)[0]) if found and isinstance(found.value, list) else None


def _operation(dwarf: Any, expression: list[int]) -> tuple[str, int]:
    """The only operation of an expression and its operand; an empty name when it is anything else."""
    operations = DWARFExprParser(dwarf.structs).parse_expr(expression)
    if len(operations) != 1:
        return "", 0
    return operations[0].op_name, operations[0].args[0] if operations[0].args else 0


def code_of(die: Any) -> tuple[int, int] | None:
    """[start, stop) of a function or block in one piece; None for declarations and for what is scattered."""
    low, high = die.attributes.get("DW_AT_low_pc"), die.attributes.get("DW_AT_high_pc")
    if low is None or high is None:
        return None
    return low.value, high.value if high.form == "DW_FORM_addr" else low.value + high.value
