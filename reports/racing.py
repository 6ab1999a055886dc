"""Which steps of a trace show a race that no interruption shows: its two accesses, with the locks held at each.

Two accesses race however far apart they ran, so that there may be nobody who was interrupted. It refuses to decide what
races: that comes with the execution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from p4verify.reports.relevance import Relevance, locks_at, touched_by
from p4verify.verify.execution import Access, Race
from p4verify.verify.invariants.races import sentence
from p4verify.verify.schedule import Step, StepKind


def told_in(summary: str, races: Sequence[Race]) -> Race | None:
    """The race that a violation speaks of."""
    return next((race for race in races if sentence(race) == summary), None)


def racing(steps: Sequence[Step], race: Race) -> Relevance | None:
    """The second access and the last one like the first before it, to the same memory; None where there are none."""
    firsts = [index for index, step in enumerate(steps) if _is(step, race.first)]
    seconds = [index for index, step in enumerate(steps) if _is(step, race.second)]
    for second in seconds:
        before = [index for index in firsts if index < second and _meet(steps[index], steps[second])]
        if before:
            shown = {before[-1], second}
            for index in tuple(shown):
                run = [at for at, step in enumerate(steps) if step.task == steps[index].task]
                shown.update(locks_at(steps, run, frozenset({index})))
            return Relevance(tuple(sorted(shown)))
    return None


def _is(step: Step, access: Access) -> bool:
    kind = StepKind.WRITE if access.write else StepKind.READ
    return (step.kind, step.task) == (kind, access.task) and (step.file, step.line) in _places(access)


def _places(access: Access) -> Iterator[tuple[str, int]]:
    """Its own; of one in a header of the toolchain also that of the nearest call in the firmware, as steps have it."""
    yield access.file, access.line
    if access.file.startswith("<"):
        calls = ((call.file, call.line) for call in access.callers if call.file and not call.file.startswith("<"))
        yield from islice(calls, 1)


def _meet(one: Step, other: Step) -> bool:
    """Whether they touch a byte of the same."""
    first, second = touched_by(one), touched_by(other)
    return max(first.start, second.start) < min(first.stop, second.stop)
