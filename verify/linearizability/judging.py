"""From what invariants see to operations, and from the check to a judgement.

A component's inner steps (a counter that is raised, a record that is replaced) are not calls of the program. But where
there are two positions between which each must have happened, it is an operation like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.check import linearizable
from p4verify.verify.linearizability.result import Budget, Linearizability
from p4verify.verify.model import Model, State
from p4verify.verify.program import Invocation, Value
from p4verify.verify.timeline import NEVER
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Verdict, violated

PER_EXECUTION = Budget(steps=20_000)
"""Histories of one execution are short; one that needs more is not worth the time of hundreds of others."""


def between(
    name: str,
    low: int,
    high: int,
    arguments: tuple[Value, ...] = (),
    results: Mapping[str, Value] | None = None,
    *,
    task: str = "",
) -> Operation:
    """What took effect once, at some moment from position `low` to `high`. NEVER: it may still be to come."""
    if high == NEVER:
        return Operation(task, 0, Invocation(name, arguments), low, 0)
    return Operation(task, 0, Invocation(name, arguments), low, 0, high, 0, {} if results is None else results)


def check_execution(model: Model[State], operations: Iterable[Operation]) -> Linearizability:
    """`linearizable` with the budget that one execution of many is worth."""
    return linearizable(model, operations, PER_EXECUTION)


def judgement(result: Linearizability) -> Judgement:
    """For an invariant that is nothing but linearizability. What was not decided was not put to the test."""
    if result.blocked is None:
        return HELD if result.verdict is Verdict.OK else NOT_EXERCISED
    end = result.blocked.returned
    return violated(result.describe(), result.blocked.invoked, *([] if end is None else [end]))
