"""The check: a history against a model, object by object, each by the algorithm that fits.

Objects of different keys do not affect each other, so a history has an order exactly when each object's part has one
(M. P. Herlihy, J. M. Wing: Linearizability, 1990; A. Horn, D. Kroening: Faster linearizability checking via
P-compositionality, 2015). Registers, queues and counters whose history is unambiguous are decided in near-linear time;
everything else is searched. An algorithm that refuses a history never decides it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.counters import decide_counter
from p4verify.verify.linearizability.queues import decide_queue
from p4verify.verify.linearizability.registers import decide_register
from p4verify.verify.linearizability.result import Budget, Linearizability, by_return, returned
from p4verify.verify.linearizability.search import search
from p4verify.verify.model import Model, State
from p4verify.verify.models.counters import Counter
from p4verify.verify.models.register import Register
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.verdict import Verdict


def linearizable(
    model: Model[State], operations: Iterable[Operation], budget: Budget | None = None
) -> Linearizability:
    """Whether the operations have an order that the model allows. ValueError for one that the model does not know.

    The budget is for all objects together: each may use its share of what the smaller ones left.
    """
    budget = budget or Budget()
    parts = sorted(_by_key(model, operations).values(), key=len)
    left = budget.steps
    results = []
    for index, part in enumerate(parts):
        share = Budget(left // (len(parts) - index), budget.out_of_time)
        results.append(_quickly(model, part) or search(model, part, share))
        left -= results[-1].steps
    return results[0] if len(results) == 1 else _together(parts, results)


def _by_key(model: Model[State], operations: Iterable[Operation]) -> dict[Hashable, list[Operation]]:
    parts: dict[Hashable, list[Operation]] = {}
    for operation in operations:
        parts.setdefault(model.key(operation), []).append(operation)
    return parts


def _quickly(model: Model[State], operations: Sequence[Operation]) -> Linearizability | None:
    """What an algorithm for this kind of model says, None when there is none or it refuses."""
    if isinstance(model, Register):
        return decide_register(model, operations)
    if isinstance(model, RequestQueue) and model.capacity is None:
        return decide_queue(model, operations)
    return decide_counter(model, operations) if isinstance(model, Counter) else None


def _together(parts: Sequence[Sequence[Operation]], results: Sequence[Linearizability]) -> Linearizability:
    """One verdict on all objects: of the violations the one that shows first."""
    completed = by_return(operation for part in parts for operation in part)
    steps = sum(result.steps for result in results)
    violations = [(returned(one.blocked), index) for index, one in enumerate(results) if one.blocked is not None]
    if violations:
        first = results[min(violations)[1]]
        assert first.blocked is not None
        prefix = tuple(completed[: completed.index(first.blocked)])
        return Linearizability(Verdict.VIOLATION, prefix, first.blocked, first.order, steps, first.reason)
    if all(result.verdict is Verdict.OK for result in results):
        return Linearizability(Verdict.OK, tuple(completed), order=_merged(parts, results), steps=steps)
    return Linearizability(Verdict.UNKNOWN, tuple(_known(completed, parts, results)), steps=steps)


def _merged(parts: Sequence[Sequence[Operation]], results: Sequence[Linearizability]) -> tuple[Operation, ...]:
    """One order of all objects: each operation at the earliest moment that its own object's order leaves it."""
    if any(part and not result.order for part, result in zip(parts, results, strict=True)):
        return ()
    moments: list[tuple[float, int, int]] = []
    for number, result in enumerate(results):
        earliest = -math.inf
        for index, operation in enumerate(result.order):
            earliest = max(earliest, operation.invoked)
            moments.append((earliest, number, index))
    return tuple(results[number].order[index] for _, number, index in sorted(moments))


def _known(
    completed: Sequence[Operation], parts: Sequence[Sequence[Operation]], results: Sequence[Linearizability]
) -> Sequence[Operation]:
    """What returned before the first return of which nothing is known."""
    open_ = [
        returned(by_return(part)[len(result.prefix)])
        for part, result in zip(parts, results, strict=True)
        if result.verdict is Verdict.UNKNOWN
    ]
    return [operation for operation in completed if returned(operation) < min(open_)]
