"""The calls that led to the two accesses of a race, innermost first, as a debugger shows them.

Known where the execution was traced; what the compiler inlined makes no call. It refuses to repeat one place alone:
that the finding's summary tells already.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from p4verify.reports import values
from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.racing import told_in
from p4verify.reports.wrapping import wrapped
from p4verify.verify.execution import Access, Caller

_DIM = "dim"


def call_stacks(finding: ConfirmedFinding, width: int) -> list[Text]:
    """A heading a task, and a line a function; none when the finding is no race, or no caller is known."""
    race = told_in(finding.summary, finding.execution.races or ())
    if race is None or not (race.first.callers or race.second.callers):
        return []
    both = (race.first, race.second)
    room = max(len(frame.function) for access in both for frame in _frames(access))
    return [line for access in both for line in _stack(access, room, width)]


def _frames(access: Access) -> tuple[Caller, ...]:
    return (Caller(access.file, access.line, access.function), *access.callers)


def _stack(access: Access, room: int, width: int) -> Iterator[Text]:
    head = Text.assemble((values.printable(access.task), "bold"), " writes in" if access.write else " reads in")
    yield from wrapped(head, width, 2, 4)
    for frame in _frames(access):
        name = values.printable(frame.function or "?").ljust(room)
        place = f"{frame.file}:{frame.line}" if frame.file else "no source line"
        yield from wrapped(Text.assemble(name, "  ", (values.printable(place), _DIM)), width, 4, 8)
