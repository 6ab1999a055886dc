"""The general search against trying everything, on small histories of every specification, linearizable or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.histories import Decoded, Simulation, Writes, make_stale
from p4verify.verify.linearizability.result import Budget, Linearizability, by_return
from p4verify.verify.linearizability.search import search
from p4verify.verify.model import Executable, Model
from p4verify.verify.models.counters import Counter, MetricsCounters
from p4verify.verify.models.register import Register
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.models.ring import Ring
from p4verify.verify.models.snapshot import Snapshot
from p4verify.verify.program import Invocation, Value
from p4verify.verify.verdict import Verdict


def possible(model: Model[Any], state: Any, left: frozenset[int], needed: frozenset[int], ops: list[Operation]) -> bool:
    """By trying every order: whether all that is needed, and of the rest what is wanted, can follow in this state."""
    if not needed & left:
        return True
    for index in left:
        one = ops[index]
        if any(preceding(ops[other], one) for other in needed & left):
            continue
        after = model.step(state, one)
        if after is not None and possible(model, after, left - {index}, needed, ops):
            return True
    return False


def preceding(one: Operation, other: Operation) -> bool:
    return one.returned is not None and one.returned < other.invoked


def first_impossible(model: Model[Any], ops: list[Operation]) -> int | None:
    """How many of the operations, by their return, have an order before the first that has none; None: all have."""
    completed = by_return(ops)
    for cut, last in enumerate(completed):
        begun = frozenset(i for i, one in enumerate(ops) if one.invoked <= (last.returned or 0))
        needed = frozenset(ops.index(one) for one in completed[: cut + 1])
        if not possible(model, model.init(), begun, needed, ops):
            return cut
    return None


def assert_order(model: Model[Any], result: Linearizability) -> None:
    """The order keeps to time and to the specification, and has all of the prefix."""
    state = model.init()
    for place, one in enumerate(result.order):
        state = model.step(state, one)
        assert state is not None, f"{one} is not possible there"
        assert not any(preceding(later, one) for later in result.order[place:])
    assert {id(one) for one in result.prefix} <= {id(one) for one in result.order}


@dataclass(frozen=True)
class Subject:
    """A specification with calls to draw from and results to falsify."""

    model: Executable[Any]
    calls: tuple[Invocation, ...]
    results: tuple[Mapping[str, Value], ...]

    def history(self, text: bytes, falsify: bytes) -> list[Operation]:
        decoded = Decoded(self.model, lambda choice: self.calls[choice % len(self.calls)])
        return decoded.of(text, falsify, self._corrupt)

    def _corrupt(self, operation: Operation, how: int) -> Mapping[str, Value]:
        fitting = [one for one in self.results if not operation.results or one.keys() == operation.results.keys()]
        return fitting[how % len(fitting)] if operation.results and fitting else {}


def calls(*shapes: tuple[Value, ...]) -> tuple[Invocation, ...]:
    return tuple(Invocation(str(name), tuple(arguments)) for name, *arguments in shapes)


TAKEN: tuple[dict[str, Value], ...] = ({"taken": False}, {"taken": True, "value": 1}, {"taken": True, "value": 2})
NUMBERS: tuple[dict[str, Value], ...] = tuple({"value": value} for value in (0, 1, 2, 3))
RING = tuple({"buffered": n, "capacity": 2, "overwritten": m} for n in (0, 1, 2) for m in (0, 1))
SUBJECTS = {
    "register": Subject(Register(), calls(("write", 1), ("read",), ("write", 2), ("read",)), NUMBERS),
    "snapshot": Subject(
        Snapshot(("battery", "pack"), (0, 0)),
        calls(("battery", 1), ("read",), ("pack", 1), ("read",), ("battery", 2)),
        tuple({"battery": b, "pack": p} for b in (0, 1, 2) for p in (0, 1)),
    ),
    "ring": Subject(
        Ring(2), calls(("push", 1), ("pop",), ("push", 2), ("count",), ("peek",), ("put_back", 3)), (*TAKEN, *RING)
    ),
    "queue": Subject(
        RequestQueue(2),
        calls(("enqueue", 1), ("dequeue",), ("enqueue", 2), ("depth",), ("dequeue",)),
        (*TAKEN, {"accepted": False}, {"accepted": True}, {"depth": 1}, {"depth": 2}),
    ),
    "counter": Subject(Counter(), calls(("add",), ("read",), ("fetch_add",), ("add", 2)), NUMBERS),
    "metrics": Subject(
        MetricsCounters(("built", "sent")),
        calls(("change", "built", 1), ("read",), ("change", "sent", 1, "built", -1)),
        tuple({"built": b, "sent": s} for b in (0, 1, 2) for s in (0, 1)),
    ),
}
HISTORIES = st.binary(min_size=4, max_size=26)
FALSIFIED = st.integers(0, 10_000).map(lambda seed: Random(seed).randbytes(seed % 3 * 2))


@pytest.mark.parametrize("name", SUBJECTS)
def test_the_search_says_what_trying_everything_says(name: str) -> None:
    subject = SUBJECTS[name]
    verdicts = set()

    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(HISTORIES, FALSIFIED)
    def agree(text: bytes, falsify: bytes) -> None:
        history = subject.history(text, falsify)
        result = search(subject.model, history)
        expected = first_impossible(subject.model, history)
        assert result.verdict is (Verdict.OK if expected is None else Verdict.VIOLATION)
        completed = by_return(history)
        assert result.prefix == tuple(completed[:expected])
        assert result.blocked is (None if expected is None else completed[expected])
        assert_order(subject.model, result)
        verdicts.add(result.verdict)

    agree()
    assert verdicts == {Verdict.OK, Verdict.VIOLATION}


def test_two_overlapping_calls_may_take_effect_in_either_order() -> None:
    for first in (1, 2):
        history = [
            operation("a", "write", 1, 10, arguments=(1,)),
            operation("b", "write", 2, 9, arguments=(2,)),
            operation("c", "read", 11, 12, results={"value": first}),
        ]
        assert search(Register(), history).verdict is Verdict.OK


def test_what_has_no_place_is_named_with_all_that_came_before() -> None:
    history = [
        operation("a", "write", 1, 2, arguments=(1,)),
        operation("b", "read", 3, 4, results={"value": 1}),
        operation("b", "read", 5, 6, results={"value": 0}),
        operation("b", "read", 7, 8, results={"value": 1}),
    ]
    result = search(Register(), history)
    assert result.blocked is history[2]
    assert result.prefix == result.order == tuple(history[:2])
    assert "b's read() -> value=0 has no place" in result.describe()
    assert "2 operations" in result.describe()


def test_a_pending_call_may_have_taken_effect_or_not() -> None:
    pending = operation("a", "write", 1, None, arguments=(1,))
    without = operation("b", "read", 2, 3, results={"value": 0})
    within = operation("b", "read", 4, 5, results={"value": 1})
    again = operation("b", "read", 6, 7, results={"value": 0})
    assert search(Register(), [pending, without]).verdict is Verdict.OK
    assert search(Register(), [pending, without, within]).verdict is Verdict.OK
    assert search(Register(), [pending, without, within, again]).blocked is again


def test_closed_intervals_that_touch_overlap() -> None:
    touching = [operation("a", "write", 1, 5, arguments=(1,)), operation("b", "read", 5, 6, results={"value": 0})]
    apart = [operation("a", "write", 1, 4, arguments=(1,)), operation("b", "read", 5, 6, results={"value": 0})]
    assert search(Register(), touching).verdict is Verdict.OK
    assert search(Register(), apart).verdict is Verdict.VIOLATION


def test_out_of_budget_is_unknown_and_always_at_the_same_place() -> None:
    history = make_stale(Simulation(Register(), 8, Random(1), Writes(4)).run(300), Random(1))
    whole = search(Register(), history)
    results = [search(Register(), history, Budget(steps)) for steps in (whole.steps // 2, whole.steps // 2)]
    assert results[0] == results[1]
    assert results[0].verdict is Verdict.UNKNOWN
    assert results[0].blocked is None
    assert 0 < len(results[0].prefix) <= 300
    assert_order(Register(), results[0])


def test_a_deadline_makes_it_unknown_too() -> None:
    history = Simulation(Register(), 4, Random(1), Writes(4)).run(2000)
    assert search(Register(), history, Budget(out_of_time=lambda: True)).verdict is Verdict.UNKNOWN
    assert search(Register(), history, Budget(out_of_time=lambda: False)).verdict is Verdict.OK


def test_a_return_before_its_call_is_refused() -> None:
    with pytest.raises(ValueError, match="returned at 1, invoked at 2"):
        search(Register(), [operation("a", "read", 2, 1, results={"value": 0})])


def test_no_operations_at_all_are_linearizable() -> None:
    assert search(Register(), []).verdict is Verdict.OK


def operation(
    task: str,
    name: str,
    invoked: int,
    returned: int | None,
    *,
    arguments: tuple[Value, ...] = (),
    results: Mapping[str, Value] | None = None,
) -> Operation:
    shown = {} if returned is not None and results is None else results
    return Operation(task, 0, Invocation(name, arguments), invoked, 0, returned, returned, shown)
