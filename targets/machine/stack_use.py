"""How much of its task's stack a function needs at least, on the chip as on the host, out of DWARF.

Host frames are larger than the chip's: pointers are twice as wide, and instrumented code keeps more registers. What
does not shrink are the variables that lie in the frame and hold neither pointers nor integers of the host's word size:
arrays, buffers and records of numbers. These are counted, and of scopes that never live together the largest. It
refuses to estimate the rest, so that a task is never said to need more than it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from p4verify.targets.machine.frames import code_of, lies_in_frame
from p4verify.targets.machine.source_lines import c_units, unit_name
from p4verify.targets.machine.types import Layout, Types
from p4verify.verify.schedule import Encoding

WORTH_COUNTING = 32
"""Bytes of a function below which it is left out: return addresses and registers weigh more."""
_HOST_WORD = 8
_SCOPES = frozenset({"DW_TAG_lexical_block", "DW_TAG_inlined_subroutine"})
_HOLDERS = frozenset({"DW_TAG_variable", "DW_TAG_formal_parameter"})


class StackNeed(NamedTuple):
    """The function with the code [start, stop) needs at least so many bytes."""

    start: int
    stop: int
    bytes: int


def stack_needs(dwarf: Any, sources: frozenset[str]) -> tuple[StackNeed, ...]:
    """Of the functions of these sources that need more than a little, in no particular order."""
    units = [unit for unit in c_units(dwarf) if unit_name(unit) in sources] if dwarf else []
    return tuple(need for unit in units for need in _of_unit(dwarf, unit))


def _of_unit(dwarf: Any, unit: Any) -> Iterator[StackNeed]:
    types = Types(dwarf)
    for die in unit.iter_DIEs():
        code = code_of(die) if die.tag == "DW_TAG_subprogram" else None
        if code is not None and (needed := _least(dwarf, types, die)) >= WORTH_COUNTING:
            yield StackNeed(*code, needed)


def _least(dwarf: Any, types: Types, scope: Any) -> int:
    """The variables of a scope, and those of the largest scope within it."""
    own, largest = 0, 0
    for die in scope.iter_children():
        if die.tag in _SCOPES:
            largest = max(largest, _least(dwarf, types, die))
        elif die.tag in _HOLDERS and lies_in_frame(dwarf, die):
            layout = types.layout(_declared(die))
            own += layout.size if _as_large_on_the_chip(layout) else 0
    return own + largest


def _declared(die: Any) -> Any:
    """Where the type of a variable stands: of an inlined function's, at its declaration."""
    return die.get_DIE_from_attribute("DW_AT_abstract_origin") if "DW_AT_abstract_origin" in die.attributes else die


def _as_large_on_the_chip(layout: Layout) -> bool:
    if layout.members or layout.fields:
        return all(_as_large_on_the_chip(member.layout) for member in layout.members)
    if layout.element is not None:
        return _as_large_on_the_chip(layout.element)
    return layout.size < _HOST_WORD or layout.encoding is Encoding.FLOAT
