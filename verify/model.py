"""A sequential specification: what a component does when only one task calls it."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from p4verify.verify.history import Operation

State = TypeVar("State")


class Model(Protocol, Generic[State]):
    """`step` returns the next state when `operation` with its results is possible in `state`, else None.

    States are hashable values; `init` is the state after boot.
    """

    def init(self) -> State: ...

    def step(self, state: State, operation: Operation) -> State | None: ...
