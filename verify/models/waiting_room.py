"""A bounded queue from which whoever waits may be withdrawn: what callers of a request queue see when they give up.

It accepts what fits, serves in the order of acceptance, and says how many wait. Requests of one number are alike. A
request that was refused changes nothing, and is none of its operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.model import Model

Waiting = tuple[int, ...]


@dataclass(frozen=True)
class WaitingRoom(Model[Waiting]):
    """`put`, `served` and `withdrawn` take a request; `depth` returns how many `waiting` there are."""

    capacity: int

    def init(self) -> Waiting:
        """Empty."""
        return ()

    def reads(self, operation: Operation) -> bool:
        """`depth`."""
        return operation.name == "depth"

    def step(self, state: Waiting, operation: Operation) -> Waiting | None:
        """One request comes or goes, or the depth is read."""
        if operation.name == "depth":
            return state if operation.results is None or operation.results["waiting"] == len(state) else None
        (value,) = operation.invocation.arguments
        request = int(value)
        if operation.name == "put":
            return (*state, request) if len(state) < self.capacity else None
        if operation.name == "served":
            return state[1:] if state and state[0] == request else None
        if operation.name == "withdrawn":
            at = state.index(request) if request in state else len(state)
            return (*state[:at], *state[at + 1 :]) if at < len(state) else None
        raise ValueError(f"the waiting room has no operation {operation.name!r}")
