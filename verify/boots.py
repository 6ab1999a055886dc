"""An execution with power cuts, boot by boot: what each boot did is judged as if it were an execution of its own.

Clocks of the firmware, its counters and its subscriptions begin anew with each boot, so times of a boot count from its
beginning; positions stay those of the whole history. Nothing here knows a component.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.history import Boot, History, Observation, Operation
from p4verify.verify.verdict import NOT_EXERCISED, Check, Invariant, Judgement, Setting, Violation


class Life(NamedTuple):
    """What happened between one boot and the next, or the end. `cut` is the boot that followed, None for the last."""

    execution: Execution
    setting: Setting
    cut: Boot | None


class _Split:
    """The lives of the execution that was asked for last."""

    last: ClassVar[tuple[Execution, Setting, tuple[Life, ...]] | None] = None


def lives(execution: Execution, setting: Setting) -> tuple[Life, ...]:
    """The boots of an execution, in order; the same values whenever it is asked for again."""
    if not execution.history.boots:
        return (Life(execution, setting, None),)
    last = _Split.last
    if last is not None and last[0] is execution and last[1] is setting:
        return last[2]
    split = tuple(_split(execution, setting))
    _Split.last = (execution, setting, split)
    return split


def _split(execution: Execution, setting: Setting) -> list[Life]:
    history = execution.history
    begins = (Boot(-1, 0, 0), *history.boots)
    found = []
    for begin, cut in zip(begins, (*history.boots, None), strict=True):
        ending = Ending(Outcome.RESTART, "the power was cut") if cut is not None else execution.ending
        part = replace(execution, history=_part(history, begin, cut), ending=ending, trace=None)
        found.append(Life(part, _remaining(setting, history, begin), cut))
    return found


def _part(history: History, begin: Boot, cut: Boot | None) -> History:
    end = history.end if cut is None else cut.position
    end_us = history.end_us if cut is None else cut.time_us
    loaded = history.loaded if history.loaded is not None and begin.position < history.loaded < end else None
    loaded_us = history.loaded_us if loaded is not None else None
    return History(
        tuple(_moved(o, begin.time_us) for o in history.operations if begin.position < o.invoked < end),
        tuple(_shifted(o, begin.time_us) for o in history.observations if begin.position < o.position < end),
        end,
        end_us - begin.time_us,
        loaded_us - begin.time_us if loaded_us is not None else None,
        loaded,
        history.lost,
    )


def _moved(operation: Operation, by_us: int) -> Operation:
    returned_us = None if operation.returned_us is None else operation.returned_us - by_us
    return replace(operation, invoked_us=operation.invoked_us - by_us, returned_us=returned_us) if by_us else operation


def _shifted(record: Observation, by_us: int) -> Observation:
    return replace(record, time_us=record.time_us - by_us) if by_us else record


def _remaining(setting: Setting, history: History, begin: Boot) -> Setting:
    """Requests are numbered from each boot on, but the answers of the environment go on where they were."""
    taken = sum(1 for record in history.seen("http.request") if record.position < begin.position)
    environment = setting.program.environment
    if not taken or "http" not in environment:
        return setting
    rest = {**environment, "http": environment["http"][taken:]}
    return replace(setting, program=replace(setting.program, environment=rest))


def each_boot(check: Check) -> Check:
    """Judges every boot by itself: exercised in any of them, violated by the first that violates it."""

    def judge(execution: Execution, setting: Setting) -> Judgement:
        if not execution.history.boots:
            return check(execution, setting)
        exercised = False
        for number, life in enumerate(lives(execution, setting)):
            judgement = check(life.execution, life.setting)
            if judgement.violation is not None:
                return Judgement(exercised=True, violation=_of_boot(judgement.violation, number))
            exercised = exercised or judgement.exercised
        return Judgement(exercised=True) if exercised else NOT_EXERCISED

    return judge


def _of_boot(violation: Violation, number: int) -> Violation:
    return replace(violation, summary=f"{violation.summary} (times since boot {number + 1})") if number else violation


def boot_by_boot(invariants: Sequence[Invariant]) -> tuple[Invariant, ...]:
    """The same invariants, each judged for every boot by itself."""
    return tuple(replace(invariant, check=each_boot(invariant.check)) for invariant in invariants)
