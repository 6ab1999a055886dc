"""A sequential specification: what a component does when only one task calls it.

It says nothing of time and of tasks; which order of overlapping calls explains a history is searched elsewhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

from p4verify.verify.history import Operation
from p4verify.verify.program import Invocation, Value

State = TypeVar("State", bound=Hashable)


class Model(ABC, Generic[State]):
    """`init` is the state after boot. States are hashable and never None."""

    @abstractmethod
    def init(self) -> State: ...

    @abstractmethod
    def step(self, state: State, operation: Operation) -> State | None:
        """The state after `operation`, None when it cannot have returned these results in `state`.

        Results of None (the call is pending, or nobody saw them) may be any. ValueError when the model has no such
        operation.
        """

    def key(self, _operation: Operation) -> Hashable:
        """Operations of different keys neither see nor change each other: each is an object of its own."""
        return None

    def reads(self, _operation: Operation) -> bool:
        """True when this operation changes no state at all, whichever state that is."""
        return False


class Executable(Model[State]):
    """A specification that says what each call does and answers, so that it can be run as well as compared with."""

    @abstractmethod
    def apply(self, state: State, invocation: Invocation) -> tuple[State, Mapping[str, Value]]:
        """The next state and the results. ValueError when there is no such operation, or not with such arguments."""

    def step(self, state: State, operation: Operation) -> State | None:
        """Possible when every result that both name is the same."""
        after, expected = self.apply(state, operation.invocation)
        return after if agree(operation, expected) else None


def agree(operation: Operation, expected: Mapping[str, Value]) -> bool:
    """Whether an operation returned what was expected; a result that only one of them names is not compared.

    ValueError when they name none in common: then the comparison would say nothing.
    """
    seen = operation.results
    if not seen or not expected:
        return True
    shared = seen.keys() & expected.keys()
    if not shared:
        raise ValueError(f"{operation.name} returned {', '.join(seen)}, its specification {', '.join(expected)}")
    return all(same(seen[name], expected[name]) for name in shared)


def same(one: Value, other: Value) -> bool:
    """Equality in which a value that is no number equals itself."""
    return one == other or (one != one and other != other)  # noqa: PLR0124
