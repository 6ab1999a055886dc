"""Figures: what is measured beside judging, such as the longest callback, and how it is merged over executions.

A figure decides nothing: verdicts come from invariants alone. It is taken from executions in which an invariant's
precondition held, so it is a measurement and never an assertion. Merging is commutative; sums are of whole numbers and
count each distinct history once.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from p4verify.verify.execution import Execution
from p4verify.verify.verdict import Setting


class Merge(enum.Enum):
    """How two readings of one gauge become one."""

    MOST = "max"
    LEAST = "min"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that is measured. `unit` is empty for a count; `bound` is the limit beside which it is shown."""

    name: str
    unit: str = ""
    merge: Merge = Merge.MOST
    bound: Callable[[Setting], float] | None = None


Reading = Sequence[float | None]
"""One value per gauge, None where there was nothing to measure."""


class Measure(NamedTuple):
    """What is measured where one invariant was exercised."""

    gauges: tuple[Gauge, ...]
    read: Callable[[Execution, Setting], Reading]


class Figure(NamedTuple):
    """A gauge's value over a run, with the limit it is held against where there is one."""

    name: str
    value: float
    unit: str
    merge: Merge
    bound: float | None


class Readings:
    """The readings of one measure, merged as they come."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.values: list[float | None] = [None] * len(measure.gauges)
        self._bounds: list[float | None] | None = None

    def take(self, execution: Execution, setting: Setting) -> None:
        """Measures an execution. The limits are those of the first one: they are the same for a whole run."""
        if self._bounds is None:
            self._bounds = [gauge.bound(setting) if gauge.bound else None for gauge in self.measure.gauges]
        self.add(self.measure.read(execution, setting))

    def add(self, reading: Reading) -> None:
        """Merges what was read of another execution, or of many."""
        for index, value in enumerate(reading):
            if value is not None:
                self.values[index] = merged(self.measure.gauges[index].merge, self.values[index], value)

    def figures(self) -> tuple[Figure, ...]:
        """The gauges that were read at least once, in their order."""
        bounds = self._bounds or [None] * len(self.values)
        return tuple(
            Figure(gauge.name, value, gauge.unit, gauge.merge, bound)
            for gauge, value, bound in zip(self.measure.gauges, self.values, bounds, strict=True)
            if value is not None
        )


def merged(how: Merge, one: float | None, other: float) -> float:
    """Two readings as one; `one` is None where nothing was read before."""
    if one is None:
        return other
    if how is Merge.SUM:
        return one + other
    return max(one, other) if how is Merge.MOST else min(one, other)
