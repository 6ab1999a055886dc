"""Counters: one that tasks add to, and several that one call shows together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.model import Executable, Model
from p4verify.verify.program import Invocation, Value


@dataclass(frozen=True)
class Counter(Executable[int]):
    """`add` adds (1, or its argument), `read` returns `value`, `fetch_add` adds and returns the `value` before."""

    initial: int = 0
    add: str = "add"
    read: str = "read"
    fetch_add: str = "fetch_add"

    def init(self) -> int:
        """What is read before anything was added."""
        return self.initial

    def reads(self, operation: Operation) -> bool:
        """`read`."""
        return operation.name == self.read

    def apply(self, state: int, invocation: Invocation) -> tuple[int, Mapping[str, Value]]:
        """One call at the counter."""
        if invocation.operation == self.read:
            return state, {"value": state}
        return state + self.amount(invocation), {"value": state} if invocation.operation == self.fetch_add else {}

    def amount(self, invocation: Invocation) -> int:
        """How much a call adds."""
        if invocation.operation not in (self.add, self.fetch_add) or len(invocation.arguments) > 1:
            raise ValueError(f"the counter has no operation {invocation.operation!r} of {len(invocation.arguments)}")
        amount = invocation.arguments[0] if invocation.arguments else 1
        if not isinstance(amount, int):
            raise ValueError(f"{invocation.operation} adds {amount!r}, which is no whole number")  # noqa: TRY004
        return amount


@dataclass(frozen=True)
class MetricsCounters(Executable[tuple[int, ...]]):
    """Counters by name. `change` takes names and what is added to each, all in one step; `read` shows all."""

    names: tuple[str, ...]

    def init(self) -> tuple[int, ...]:
        """All zero."""
        return (0,) * len(self.names)

    def reads(self, operation: Operation) -> bool:
        """`read`."""
        return operation.name == "read"

    def apply(self, state: tuple[int, ...], invocation: Invocation) -> tuple[tuple[int, ...], Mapping[str, Value]]:
        """Changes some counters in one step, or shows all."""
        if invocation.operation == "read":
            return state, dict(zip(self.names, state, strict=True))
        if invocation.operation != "change":
            raise ValueError(f"there is no operation {invocation.operation!r}")
        values = list(state)
        names, amounts = invocation.arguments[::2], invocation.arguments[1::2]
        for name, amount in zip(names, amounts, strict=True):
            if name not in self.names or not isinstance(amount, int):
                raise ValueError(f"{name!r} cannot be changed by {amount!r}")
            values[self.names.index(str(name))] += amount
        return tuple(values), {}


Published = tuple[int, int, int]
"""How many points were published, and the earliest and latest time in microseconds that the last one may show."""


@dataclass(frozen=True)
class PublicationCounters(Model[Published]):
    """The publisher's `published_points` and `last_sync_ms`, which one publication changes together.

    `publication` takes the earliest and latest time that it may show. At boot the time is not later than `boot_us`; a
    time above `other_clock_ms` is of a clock that cannot be compared.
    """

    boot_us: int
    other_clock_ms: int

    def init(self) -> Published:
        """Nothing was published."""
        return 0, 0, self.boot_us

    def reads(self, operation: Operation) -> bool:
        """Every operation but a publication."""
        return operation.name != "publication"

    def step(self, state: Published, operation: Operation) -> Published | None:
        """A read shows the number of publications and the time of the last."""
        if operation.name == "publication":
            earliest, latest = operation.invocation.arguments
            return state[0] + 1, int(earliest), int(latest)
        if operation.results is None:
            return state
        published, shown = int(operation.results["published_points"]), int(operation.results["last_sync_ms"])
        fits = shown > self.other_clock_ms or state[1] <= shown * 1000 <= state[2]
        return state if fits and published == state[0] else None
