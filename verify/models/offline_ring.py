"""The publisher's offline buffer as others see it: points are built, taken to be sent, sent or not; two numbers tell.

The buffer itself is `ring.py`. Here a point that is being sent may still be counted as buffered or not: firmware may
take it out before it sends it or afterwards, and send what it has just built without putting it in. It refuses to let
anything but the oldest be sent or give way.
"""

from __future__ import annotations

from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.model import Model

OLDEST = -1
"""Stands for whichever point is the oldest, where it is not known which one was taken."""
Offline = tuple[tuple[int, ...], tuple[int, ...], int]
"""Points that wait, oldest first; those under way; how many were overwritten."""


@dataclass(frozen=True)
class OfflineRing(Model[Offline]):
    """`built`, `taken`, `sent` and `failed` take a point; `count` returns `buffered` and `overwritten`.

    Where the firmware `keeps` a point in its place while it is sent, that place is not free for another.
    """

    capacity: int
    keeps: bool = False

    def init(self) -> Offline:
        """Empty."""
        return (), (), 0

    def reads(self, operation: Operation) -> bool:
        """`count`."""
        return operation.name == "count"

    def step(self, state: Offline, operation: Operation) -> Offline | None:
        """One step of a point, or what was counted."""
        waiting, underway, overwritten = state
        if operation.name == "count":
            return state if self._fits(state, operation) else None
        (value,) = operation.invocation.arguments
        point = int(value)
        if operation.name == "built":
            return self._bounded((*waiting, point), underway, overwritten)
        if operation.name == "taken":
            oldest = bool(waiting) and point in (waiting[0], OLDEST)
            return (waiting[1:], (*underway, waiting[0]), overwritten) if oldest else None
        if point not in underway:
            return None
        left = tuple(other for other in underway if other != point)
        if operation.name == "sent":
            return waiting, left, overwritten
        if operation.name == "failed":
            return self._bounded((point, *waiting), left, overwritten)
        raise ValueError(f"the offline ring has no operation {operation.name!r}")

    def _bounded(self, waiting: tuple[int, ...], underway: tuple[int, ...], overwritten: int) -> Offline:
        """The oldest gives way where there are too many."""
        taken = len(underway) if self.keeps else 0
        if not waiting or len(waiting) + taken <= self.capacity:
            return waiting, underway, overwritten
        return waiting[1:], underway, overwritten + 1

    def _fits(self, state: Offline, operation: Operation) -> bool:
        results = operation.results
        if results is None:
            return True
        waiting, underway, overwritten = state
        buffered = len(waiting) <= int(results["buffered"]) <= len(waiting) + len(underway)
        return buffered and results["overwritten"] == overwritten
