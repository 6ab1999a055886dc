"""Histories of several objects, and how one verdict is made of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.check import linearizable
from p4verify.verify.linearizability.histories import Simulation, Writes, make_stale
from p4verify.verify.linearizability.result import Budget, by_return
from p4verify.verify.linearizability.search import search
from p4verify.verify.model import Executable
from p4verify.verify.models.register import Record, Register, RegisterFile
from p4verify.verify.program import Invocation, Value
from p4verify.verify.verdict import Verdict


class Whole(Executable[tuple[Record, ...]]):
    """All registers of a file as one object, which nothing takes apart."""

    def __init__(self, addresses: Sequence[Value]) -> None:
        self.file, self.addresses = RegisterFile(), tuple(addresses)

    def init(self) -> tuple[Record, ...]:
        return (self.file.init(),) * len(self.addresses)

    def apply(
        self, state: tuple[Record, ...], invocation: Invocation
    ) -> tuple[tuple[Record, ...], Mapping[str, Value]]:
        at = self.addresses.index(invocation.arguments[0])
        after, results = self.file.apply(state[at], invocation)
        return (*state[:at], after, *state[at + 1 :]), results


def addressed(history: Sequence[Operation], addresses: Sequence[Value]) -> list[Operation]:
    """The same operations, each at one of these registers."""
    return [
        replace(
            one,
            invocation=Invocation(one.name, (addresses[index % len(addresses)], *one.invocation.arguments)),
        )
        for index, one in enumerate(history)
    ]


def registers(seed: int, values: int | None, *, stale: bool) -> list[Operation]:
    """Two registers, each with a history of its own, at the same time."""
    parts = []
    for address in (0x100, 0x101):
        random = Random(seed * 2 + address)
        part = Simulation(Register(), 2, random, Writes(values)).run(6)
        if stale and address == 0x101 and {one.name for one in part if one.returned} == {"read", "write"}:
            part = make_stale(part, random)
        parts += [replace(one, task=f"{one.task}.{address}") for one in addressed(part, [address])]
    return parts


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 10_000), st.sampled_from((None, 2)), st.booleans())
def test_object_by_object_says_what_the_whole_says(seed: int, values: int | None, stale: bool) -> None:
    history = registers(seed, values, stale=stale)
    apart, whole = linearizable(RegisterFile(), history), search(Whole((0x100, 0x101)), history)
    assert apart.verdict is whole.verdict
    assert apart.blocked is whole.blocked
    assert apart.prefix == whole.prefix
    if apart.verdict is Verdict.OK:
        state = Whole((0x100, 0x101)).init()
        for place, one in enumerate(apart.order):
            after = Whole((0x100, 0x101)).step(state, one)
            assert after is not None
            state = after
            assert not any(o.returned is not None and o.returned < one.invoked for o in apart.order[place:])


def test_of_two_violations_the_one_that_shows_first_is_named() -> None:
    def read(address: int, at: int) -> Operation:
        return Operation("c", at, Invocation("read", (address,)), at, 0, at + 1, 0, {"value": 9})

    history = [read(1, 10), read(2, 4), read(3, 7)]
    result = linearizable(RegisterFile(), history)
    assert result.blocked is history[1]
    assert result.prefix == ()


def test_the_budget_is_shared_and_what_is_known_before_it_ends_is_said() -> None:
    history = registers(3, 2, stale=False)
    result = linearizable(RegisterFile(), history, Budget(8))
    assert result.verdict is Verdict.UNKNOWN
    assert result.steps <= 10
    completed = by_return(history)
    assert result.prefix == tuple(completed[: len(result.prefix)])
    assert len(result.prefix) < len(completed)
    assert "not decided" in result.describe()


def test_a_violation_of_one_object_is_one_even_if_another_is_undecided() -> None:
    bad = Operation("z", 0, Invocation("read", (0,)), 1000, 0, 1001, 0, {"value": 9})
    result = linearizable(RegisterFile(), [*registers(3, 2, stale=False), bad], Budget(8))
    assert result.blocked is bad


def test_what_the_model_does_not_know_is_refused() -> None:
    unknown = Operation("c", 0, Invocation("format", (1,)), 1, 0, 2, 0, {})
    with pytest.raises(ValueError, match="no operation 'format'"):
        linearizable(Register(), [unknown])
    with pytest.raises(ValueError, match="names no register"):
        linearizable(RegisterFile(), [replace(unknown, invocation=Invocation("read"))])


def test_an_empty_history_is_linearizable() -> None:
    assert linearizable(RegisterFile(), []).verdict is Verdict.OK
