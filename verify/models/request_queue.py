"""The request queue: first in, first out, refusing what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.model import Executable
from p4verify.verify.program import Invocation, Value

Waiting = tuple[Value, ...]


@dataclass(frozen=True)
class RequestQueue(Executable[Waiting]):
    """`enqueue` returns `accepted`, `dequeue` returns `taken` and the `value`, `depth` how many wait.

    Without a capacity nothing is refused.
    """

    capacity: int | None = None
    enqueue: str = "enqueue"
    dequeue: str = "dequeue"
    depth: str = "depth"

    def init(self) -> Waiting:
        """Empty."""
        return ()

    def reads(self, operation: Operation) -> bool:
        """`depth`."""
        return operation.name == self.depth

    def apply(self, state: Waiting, invocation: Invocation) -> tuple[Waiting, Mapping[str, Value]]:
        """One call at the queue."""
        name, arguments = invocation.operation, invocation.arguments
        if name == self.enqueue and len(arguments) == 1:
            full = self.capacity is not None and len(state) >= self.capacity
            return (state if full else (*state, arguments[0])), {"accepted": not full}
        if name == self.dequeue and not arguments:
            return state[1:], {"taken": True, "value": state[0]} if state else {"taken": False}
        if name == self.depth and not arguments:
            return state, {"depth": len(state)}
        raise ValueError(f"the queue has no operation {name!r} of {len(arguments)} values")
