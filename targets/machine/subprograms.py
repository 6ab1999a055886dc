"""The functions of one compilation unit as DWARF tells them: their names in full, and what was inlined into them where.

Names are those of the source: scopes without a name (an anonymous namespace) and inline namespaces (the `__1` of
`std::__1`) are left out, and so are template arguments, which make a line of a name. It refuses to read symbols: what
is mangled in them is told here by the debug information.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from p4verify.targets.machine.types import number, reference, text

_FUNCTION, _INLINED = "DW_TAG_subprogram", "DW_TAG_inlined_subroutine"
_NAMESPACE, _UNIT = "DW_TAG_namespace", "DW_TAG_compile_unit"
_CLASSES = frozenset({"DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_union_type"})
_NAMING = _CLASSES | {_FUNCTION, _NAMESPACE}
_BEFORE_ARGUMENTS = re.compile(r"operator *(?:<=>|<<=|<<|<=|->\*?|>>=|>>|>=|<|>)|[^<]*")

Ranges = Callable[[Any], Iterator[tuple[int, int]]]
"""Where the code of a DIE lies."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A function that holds an address; `file` and `line` of its call where it was inlined, else "" and 0."""

    function: str
    file: str = ""
    line: int = 0


class Subprograms:
    """The functions of a unit, whose `files` are named by the numbers of its line table."""

    def __init__(self, unit: Any, files: Mapping[int, str], ranges: Ranges) -> None:
        self._files, self._ranges = files, ranges
        functions = (die for die in unit.iter_DIEs() if die.tag == _FUNCTION)
        self._code = [(start, stop, die) for die in functions for start, stop in ranges(die) if 0 < start < stop]

    def frames(self, address: int) -> list[Frame]:
        """The functions whose code holds `address`, innermost first: what was inlined, and last what holds it all."""
        found = next((die for start, stop, die in self._code if start <= address < stop), None)
        return [] if found is None else [*reversed(list(self._within(found, address)))]

    def _within(self, die: Any, address: int) -> Iterator[Frame]:
        if die.tag in (_FUNCTION, _INLINED):
            file = self._files.get(number(die, "DW_AT_call_file"), "") if die.tag == _INLINED else ""
            yield Frame(qualified(die), file, number(die, "DW_AT_call_line") if file else 0)
        for child in die.iter_children():
            if child.tag in (_INLINED, "DW_TAG_lexical_block") and self._holds(child, address):
                yield from self._within(child, address)

    def _holds(self, die: Any, address: int) -> bool:
        return any(start <= address < stop for start, stop in self._ranges(die))


def qualified(die: Any) -> str:
    """`std::optional::operator=` of a function's DIE, which may refer to its declaration for all of that."""
    declared = _declared(die)
    names = [_without_arguments(text(declared))]
    scope = declared.get_parent()
    while scope is not None and scope.tag != _UNIT:
        if scope.tag in _NAMING and "DW_AT_export_symbols" not in scope.attributes:
            names.append(_scope(scope))
        scope = scope.get_parent()
    return "::".join(name for name in reversed(names) if name)


def _declared(die: Any) -> Any:
    """The DIE that stands where the function was declared, and has its name."""
    while True:
        other = reference(die, "DW_AT_abstract_origin") or reference(die, "DW_AT_specification")
        if other is None:
            return die
        die = other


def _scope(die: Any) -> str:
    if die.tag == _FUNCTION:
        return _without_arguments(text(_declared(die)))
    name = _without_arguments(text(die))
    return name or ("lambda" if die.tag in _CLASSES else "")


def _without_arguments(name: str) -> str:
    found = _BEFORE_ARGUMENTS.match(name)
    return found[0].rstrip() if found else name
