"""The offline buffer: a bounded ring of unsent points in which the oldest gives way, and is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.model import Executable
from p4verify.verify.program import Invocation, Value

Ringed = tuple[tuple[Value, ...], int]
"""The points, oldest first, and how many were overwritten."""


@dataclass(frozen=True)
class Ring(Executable[Ringed]):
    """`push` and `put_back` take a point; `pop` and `peek` return `taken` and the oldest `value`; `count` the numbers.

    A point that is put back comes first again. When newer ones have filled the ring meanwhile, it is the one that gives
    way.
    """

    capacity: int

    def __post_init__(self) -> None:
        if self.capacity < 1:
            raise ValueError(f"a ring holds at least one point, not {self.capacity}")

    def init(self) -> Ringed:
        """Empty."""
        return (), 0

    def reads(self, operation: Operation) -> bool:
        """`peek` and `count`."""
        return operation.name in ("peek", "count")

    def apply(self, state: Ringed, invocation: Invocation) -> tuple[Ringed, Mapping[str, Value]]:
        """One call at the ring."""
        points, overwritten = state
        match invocation.operation, invocation.arguments:
            case "push", (point,):
                return self._bounded((*points, point), overwritten), {}
            case "put_back", (point,):
                return self._bounded((point, *points), overwritten), {}
            case "peek", ():
                return state, _oldest(points)
            case "pop", ():
                return (points[1:], overwritten), _oldest(points)
            case "count", ():
                return state, {"buffered": len(points), "capacity": self.capacity, "overwritten": overwritten}
        raise ValueError(f"the ring has no operation {invocation.operation!r} of {len(invocation.arguments)} values")

    def _bounded(self, points: tuple[Value, ...], overwritten: int) -> Ringed:
        if len(points) <= self.capacity:
            return points, overwritten
        return points[1:], overwritten + 1


def _oldest(points: tuple[Value, ...]) -> Mapping[str, Value]:
    return {"taken": True, "value": points[0]} if points else {"taken": False}
