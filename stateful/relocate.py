"""Choices named by source line, so that a counterexample survives a rebuild in which every number moved.

A choice that another task steps is named by the step it held up: the task, the source line it was about to run and
for the how-manieth time. In another build the schedule is found again choice by choice, each in a traced run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from p4verify.targets.sim import SimTarget
from p4verify.verify.execution import Execution
from p4verify.verify.program import Program
from p4verify.verify.schedule import Relocation, Schedule, Step

MOST_OFFSETS = 6
"""Tasks that can be enabled at once, and a few more."""


def relocations(execution: Execution) -> tuple[Relocation, ...]:
    """The choices of a traced execution by source line; a choice after which the held-up task never stepped has none."""
    steps = execution.trace.steps if execution.trace is not None else ()
    return tuple(found for index, step in enumerate(steps) if step.choice if (found := _held_up(steps, index)))


def _held_up(steps: Sequence[Step], index: int) -> Relocation | None:
    """Whom the choice before `steps[index]` kept from stepping, and where."""
    if index == 0:
        return None
    task = steps[index - 1].task
    resumed = next((number for number in range(index, len(steps)) if steps[number].task == task), None)
    if resumed is None:
        return None
    at = steps[resumed]
    occurrence = sum(_same_place(step, at) for step in steps[: resumed + 1])
    return Relocation(task, at.file, at.line, occurrence, steps[index].task)


def _same_place(step: Step, other: Step) -> bool:
    return (step.task, step.file, step.line) == (other.task, other.file, other.line)


def relocated(target: SimTarget, program: Program, wanted: Sequence[Relocation], schedule: Schedule) -> Schedule | None:
    """The schedule that makes the `wanted` choices in this build; None when one of them has no place in it."""
    found = Schedule((), schedule.granularity)
    for relocation in wanted:
        candidates = _candidates(target, program, found, relocation)
        better = next(candidates, None)
        if better is None:
            return None
        found = better
    return found


def _candidates(target: SimTarget, program: Program, schedule: Schedule, wanted: Relocation) -> Iterator[Schedule]:
    trace = target.execute(program, schedule, trace=True).trace
    point = _point_of(trace.steps, wanted) if trace else None
    if point is None or (schedule.choices and schedule.choices[-1][0] >= point):
        return
    for offset in range(1, MOST_OFFSETS):
        candidate = Schedule((*schedule.choices, (point, offset)), schedule.granularity)
        after = target.execute(program, candidate, trace=True).trace
        if after and any(step.choice and step.point == point + 1 and step.task == wanted.to for step in after.steps):
            yield candidate


def _point_of(steps: Sequence[Step], wanted: Relocation) -> int | None:
    """The choice point right before the step that is named."""
    seen: Counter[bool] = Counter()
    for step in steps:
        seen[(step.task, step.file, step.line) == (wanted.task, wanted.file, wanted.line)] += 1
        if seen[True] == wanted.occurrence:
            return step.point - 1 if step.point else None
    return None
