"""Choices named by source line, so that a counterexample survives a rebuild in which every number moved.

A choice that another task steps is named by the step it held up: the task, the source line it was about to run and
for the how-manieth time. In another build the choices are looked for one after the other, each in a traced run, where
the same text stands in the same file; which of the places is right, the invariant decides. It refuses to search for
other interleavings: that is exploring.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from p4verify.reports.source_text import Source, no_source
from p4verify.targets.target import ReplayingTarget
from p4verify.verify.confidential import masked
from p4verify.verify.execution import Execution
from p4verify.verify.program import Program
from p4verify.verify.schedule import Relocation, Schedule, Step

MOST_OFFSETS = 6
"""Tasks that can be enabled at once, and a few more."""
MOST_PLACES = 4
"""Places that are tried for one choice."""
MOST_RUNS = 400


# ---- naming ----


def relocations(execution: Execution, source: Source = no_source) -> tuple[Relocation, ...]:
    """The choices of a traced execution by source line; a choice before the first step has none."""
    steps = execution.trace.steps if execution.trace is not None else ()
    return tuple(_named(steps, index, source) for index, step in enumerate(steps) if index and step.choice)


def _named(steps: Sequence[Step], index: int, source: Source) -> Relocation:
    """Whom the choice before `steps[index]` kept from stepping, and where; at the end, where it stepped last."""
    task = steps[index - 1].task
    resumed = next((number for number in range(index, len(steps)) if steps[number].task == task), None)
    at = index - 1 if resumed is None else resumed
    step, text = steps[at], text_of(steps[at], source)
    occurrence = sum(_same_place(other, step) for other in steps[: at + 1])
    return Relocation(task, step.file, step.line, occurrence, steps[index].task, text, after=resumed is None)


def text_of(step: Step, source: Source) -> str:
    """The source line of a step, or what it does where it has none."""
    return (source(step.file, step.line) if step.file else None) or step.name


def _same_place(step: Step, other: Step) -> bool:
    same = (step.task, step.file, step.line) == (other.task, other.file, other.line)
    return same and (bool(step.file) or step.name == other.name)


# ---- finding again ----


@dataclass(frozen=True, slots=True)
class Relocated:
    """The schedule that makes all the choices (None: not all have a place), and how many have one."""

    schedule: Schedule | None
    placed: int


class Relocator:
    """Finds choices again in the firmware of `target`, from the first `known` things learnt about shared memory."""

    def __init__(
        self, target: ReplayingTarget, program: Program, known: int, source: Source, holds: Callable[[Schedule], bool],
        *, tick_budget: int = 0,
    ) -> None:  # fmt: skip
        self._target, self._program, self._known, self._source, self._holds = target, program, known, source, holds
        self._ticks = tick_budget
        self._runs = 0
        self._placed = 0

    def find(self, wanted: Sequence[Relocation], like: Schedule) -> Relocated:
        """The first schedule that `holds` with all the choices, else the first with all of them at all."""
        best: Schedule | None = None
        for schedule in self._placements(Schedule((), like.granularity), wanted, 0):
            if self._holds(schedule):
                return Relocated(schedule, len(wanted))
            best = best or schedule
        return Relocated(best, self._placed)

    def _placements(self, made: Schedule, wanted: Sequence[Relocation], number: int) -> Iterator[Schedule]:
        self._placed = max(self._placed, number)
        if number == len(wanted):
            yield made
            return
        for longer in self._candidates(made, wanted[number]):
            yield from self._placements(longer, wanted, number + 1)

    def _candidates(self, made: Schedule, wanted: Relocation) -> Iterator[Schedule]:
        last = made.choices[-1][0] if made.choices else -1
        for point in _points(self._steps(made), wanted, self._source, last)[:MOST_PLACES]:
            for offset in range(1, MOST_OFFSETS):
                candidate = Schedule((*made.choices, (point, offset)), made.granularity)
                if _goes_to(self._steps(candidate), point, wanted.to):
                    yield candidate
                    break

    def _steps(self, schedule: Schedule) -> Sequence[Step]:
        self._runs += 1
        if self._runs > MOST_RUNS:
            return ()
        trace = self._target.execute(
            self._program, schedule, known=self._known, trace=True, tick_budget=self._ticks
        ).trace
        return trace.steps if trace is not None else ()


def _points(steps: Sequence[Step], wanted: Relocation, source: Source, last: int) -> list[int]:
    """The choice points after `last` at which it may be, the likeliest first."""
    found: dict[int, None] = {}
    for at in _places(steps, wanted, source):
        found.update(dict.fromkeys(point for point in _around(steps, at, after=wanted.after) if point > last))
    return list(found)


def _around(steps: Sequence[Step], at: int, *, after: bool) -> tuple[int, ...]:
    """Right before the step; where its task had blocked, right after the step that it made before."""
    if after:
        return (steps[at].point,)
    task = steps[at].task
    before = next((steps[number].point for number in range(at - 1, -1, -1) if steps[number].task == task), -1)
    return (steps[at].point - 1, before)


def _places(steps: Sequence[Step], wanted: Relocation, source: Source) -> list[int]:
    """The steps of the task at the same text in the same file (else at the same number): nearest first."""
    own = [number for number, step in enumerate(steps) if step.task == wanted.task and step.file == wanted.file]
    at_line = defaultdict[int, list[int]](list)
    for number in own:
        step = steps[number]
        if masked(wanted.text) == text_of(step, source) if wanted.text else step.line == wanted.line:
            at_line[step.line].append(number)
    ranked = [
        (abs(line - wanted.line), abs(time - wanted.occurrence), number)
        for line, numbers in at_line.items()
        for time, number in enumerate(numbers, 1)
    ]
    return [number for _, _, number in sorted(ranked)]


def _goes_to(steps: Sequence[Step], point: int, task: str) -> bool:
    """Whether `task` takes the next step after that choice point."""
    return next((step.task == task for step in steps if step.point > point), False)
