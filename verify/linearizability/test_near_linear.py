"""The near-linear algorithms against the general search, on thousands of small histories, linearizable or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.check import linearizable
from p4verify.verify.linearizability.counters import decide_counter
from p4verify.verify.linearizability.histories import Decoded, Simulation, Writes, make_stale
from p4verify.verify.linearizability.queues import decide_queue
from p4verify.verify.linearizability.registers import decide_register
from p4verify.verify.linearizability.result import Budget, Linearizability
from p4verify.verify.linearizability.search import search
from p4verify.verify.linearizability.test_search import assert_order
from p4verify.verify.model import Executable
from p4verify.verify.models.counters import Counter
from p4verify.verify.models.register import Register
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.program import Invocation, Value
from p4verify.verify.verdict import Verdict

Decide = Callable[[Any, Sequence[Operation]], Linearizability | None]


@dataclass
class Drawing:
    """Calls by name. `{}` stands for a value that no other call has."""

    names: tuple[str, ...]
    drawn: int = 0

    def __call__(self, choice: int) -> Invocation:
        name, unique, _ = self.names[choice % len(self.names)].partition("{}")
        self.drawn += bool(unique)
        return Invocation(name, (self.drawn,) if unique else ())


def any_value(operation: Operation, how: int) -> Mapping[str, Value]:
    """Another value, small enough that it is often one that the history has."""
    return {**operation.results, "value": how % 6} if operation.results and "value" in operation.results else {}


def another_value(operation: Operation, how: int) -> Mapping[str, Value]:
    """For a dequeue: nothing, or another value."""
    if operation.name == "enqueue":
        return {"accepted": True}
    return {"taken": False} if how % 4 == 0 else {"taken": True, "value": 1 + how % 6}


@dataclass(frozen=True)
class Subject:
    model: Executable[Any]
    decide: Decide
    names: tuple[str, ...]
    corrupt: Callable[[Operation, int], Mapping[str, Value]] = any_value
    ordered: bool = False

    def history(self, text: bytes, falsify: bytes) -> list[Operation]:
        return Decoded(self.model, Drawing(self.names)).of(text, falsify, self.corrupt)


QUEUE = ("enqueue{}", "dequeue")
SUBJECTS = {
    "register": Subject(Register(), decide_register, ("write{}", "read", "read"), ordered=True),
    "register, many writes": Subject(Register(), decide_register, ("write{}", "write{}", "read"), ordered=True),
    "queue": Subject(RequestQueue(), decide_queue, QUEUE, another_value),
    "queue, mostly full": Subject(RequestQueue(), decide_queue, ("enqueue{}", *QUEUE), another_value),
    "additions": Subject(Counter(), decide_counter, ("add", "read")),
    "fetch-and-add": Subject(Counter(initial=1), decide_counter, ("fetch_add", "fetch_add", "read")),
}
HISTORIES = st.binary(min_size=15, max_size=40)
FALSIFIED = st.integers(0, 10_000).map(lambda seed: Random(seed).randbytes(seed % 3 * 2))


@pytest.mark.parametrize("name", SUBJECTS)
def test_it_says_what_the_search_says(name: str) -> None:
    subject = SUBJECTS[name]
    seen: list[Verdict] = []
    refused = 0

    @settings(max_examples=1500, deadline=None, derandomize=True, database=None)
    @given(HISTORIES, FALSIFIED)
    def agree(text: bytes, falsify: bytes) -> None:
        nonlocal refused
        history = subject.history(text, falsify)
        quick = subject.decide(subject.model, history)
        if quick is None:
            refused += 1
            return
        slow = search(subject.model, history, Budget(20_000))
        if slow.verdict is Verdict.UNKNOWN:
            return
        assert (quick.verdict, quick.blocked, quick.prefix) == (slow.verdict, slow.blocked, slow.prefix), quick
        if subject.ordered:
            assert_order(subject.model, quick)
        seen.append(quick.verdict)

    agree()
    assert min(seen.count(Verdict.OK), seen.count(Verdict.VIOLATION)) > 50
    assert len(seen) > 300, f"{refused} were refused"


def test_histories_too_large_to_search_are_decided() -> None:
    history = Simulation(Register(), 16, Random(1), Writes()).run(3000)
    good, bad = linearizable(Register(), history), linearizable(Register(), make_stale(history, Random(1)))
    assert (good.verdict, good.steps, len(good.prefix)) == (Verdict.OK, 0, 3000)
    assert (bad.verdict, bad.steps) == (Verdict.VIOLATION, 0)
    assert bad.blocked is not None
    assert bad.blocked.name == "read"
    assert "would each have to come before the other" in bad.describe()
    assert 2600 < len(bad.prefix) < 3000


@pytest.mark.parametrize(
    ("model", "decide", "history"),
    [
        (Register(), decide_register, [("write", (1,), {}), ("write", (1,), {})]),
        (Register(), decide_register, [("write", (0,), {})]),
        (Register((0, 0), ("a", "b")), decide_register, [("read", (), {"a": 0})]),
        (RequestQueue(), decide_queue, [("enqueue", (1,), {"accepted": False})]),
        (RequestQueue(), decide_queue, [("depth", (), {"depth": 0})]),
        (RequestQueue(), decide_queue, [("enqueue", (float("nan"),), {"accepted": True})]),
        (Counter(), decide_counter, [("add", (1,), {}), ("add", (2,), {})]),
        (Counter(), decide_counter, [("add", (), {}), ("fetch_add", (), {"value": 1})]),
        (Counter(), decide_counter, [("fetch_add", (), {"value": 0}), ("fetch_add", (), {"value": 0})]),
        (Counter(), decide_counter, [("read", (), {})]),
    ],
)
def test_what_breaks_the_precondition_is_refused_and_searched(
    model: Executable[Any], decide: Decide, history: list[tuple[str, tuple[Value, ...], Mapping[str, Value]]]
) -> None:
    operations = one_after_the_other(history)
    assert decide(model, operations) is None
    assert linearizable(model, operations) == search(model, operations)


@pytest.mark.parametrize(
    ("model", "history", "words"),
    [
        (Register(), [("write", (1,), {}), ("read", (), {"value": 2})], "nobody writes that value"),
        (Register(), [("read", (), {"value": 1}), ("write", (1,), {})], "written later, by c0's write(1)"),
        (
            Register(),
            [("write", (1,), {}), ("write", (2,), {}), ("read", (), {"value": 1})],
            "c0's write(1) and c0's write(2) would each",
        ),
        (RequestQueue(), [("dequeue", (), {"taken": True, "value": 1})], "nobody had enqueued"),
        (
            RequestQueue(),
            [("enqueue", (1,), {}), ("enqueue", (2,), {}), ("dequeue", (), {"taken": True, "value": 2})],
            "c0's enqueue(1) came before",
        ),
        (RequestQueue(), [("enqueue", (1,), {}), ("dequeue", (), {"taken": False})], "in the queue all the time"),
        (
            RequestQueue(),
            [("enqueue", (1,), {}), *[("dequeue", (), {"taken": True, "value": 1})] * 2],
            "taken already",
        ),
        (Counter(), [("add", (), {}), ("add", (), {}), ("read", (), {"value": 1})], "at least 2 additions"),
        (Counter(), [("add", (), {}), ("read", (), {"value": 2})], "only 1 additions"),
        (Counter(), [("add", (2,), {}), ("read", (), {"value": 1})], "no number of additions"),
        (Counter(), [("fetch_add", (), {"value": 1})], "only 0 additions"),
    ],
)
def test_the_last_call_has_no_place_and_the_words_say_why(
    model: Executable[Any], history: list[tuple[str, tuple[Value, ...], Mapping[str, Value]]], words: str
) -> None:
    operations = one_after_the_other(history)
    result = linearizable(model, operations)
    at = 0 if words.startswith("written later") else len(operations) - 1
    assert result.blocked is operations[at]
    assert result.prefix == tuple(operations[:at])
    assert words in result.reason
    assert result.steps == 0


def test_a_record_with_what_is_no_number_is_recognised() -> None:
    nan = float("nan")
    history = [("write", (nan,), {}), ("read", (), {"value": float("nan")})]
    assert linearizable(Register(), one_after_the_other(history)).verdict is Verdict.OK
    assert search(Register(), one_after_the_other(history)).verdict is Verdict.OK


def test_a_dequeue_that_never_returned_explains_one_value_and_not_two() -> None:
    history = one_after_the_other(
        [("enqueue", (value,), {}) for value in (1, 2, 3)] + [("dequeue", (), {"taken": True, "value": 3})]
    )
    pending = replace(one_after_the_other([("dequeue", (), {})])[0], returned=None, results=None)
    assert linearizable(RequestQueue(), [*history, pending]).blocked is history[3]
    assert linearizable(RequestQueue(), [*history, pending, pending_again(pending)]).verdict is Verdict.OK


def pending_again(operation: Operation) -> Operation:
    return replace(operation, task="other")


def one_after_the_other(history: Sequence[tuple[str, tuple[Value, ...], Mapping[str, Value]]]) -> list[Operation]:
    return [
        Operation("c0", index, Invocation(name, arguments), 2 * index, 0, 2 * index + 1, 0, results)
        for index, (name, arguments, results) in enumerate(history)
    ]
