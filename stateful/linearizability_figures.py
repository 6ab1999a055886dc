"""What `p4verify bench` measures of the linearizability check: seconds for one history of a register.

Half of the calls write, and every client has a call under way all the time. A run makes a history of its own, which is
not measured, and checks it; a wrong verdict is no figure. Names that end in `.violation` are of histories in which one
of the last reads returns what was overwritten long before: there the search must have tried everything.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from random import Random

from p4verify.stateful.figures import BenchError, Figure
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.objects import OnProgress
from p4verify.verify.history import Operation
from p4verify.verify.linearizability.check import linearizable
from p4verify.verify.linearizability.histories import Simulation, Writes, make_stale
from p4verify.verify.linearizability.result import Budget
from p4verify.verify.models.register import Register
from p4verify.verify.verdict import Verdict

ENOUGH = Budget(steps=10_000_000)


@dataclass(frozen=True, slots=True)
class Load:
    """`values` None: every write has a value of its own."""

    operations: int
    clients: int
    values: int | None = None
    holds: bool = True

    def history(self, seed: int) -> list[Operation]:
        """One history of this kind."""
        random = Random(seed)
        history = Simulation(Register(), self.clients, random, Writes(self.values)).run(self.operations)
        if self.holds:
            return history
        return make_stale(history, random, None if self.values is None else Register().initial[0])


class Linearizing(Figure):
    """Seconds that one check takes."""

    def __init__(self, name: str, load: Load) -> None:
        super().__init__(f"linearizability.{name}_seconds" + ("" if load.holds else ".violation"), "s")
        self._load = load

    def prepare(self, _compiler: Compiler, _progress: OnProgress, _resources: ExitStack) -> None:
        """Nothing is built."""

    def run(self, _seconds: float, number: int) -> float:
        history = self._load.history(number)
        begun = time.perf_counter()
        result = linearizable(Register(), history, ENOUGH)
        took = time.perf_counter() - begun
        if result.verdict is not (Verdict.OK if self._load.holds else Verdict.VIOLATION):
            raise BenchError(f"the check said {result.describe()}")
        return took


def linearizability_figures() -> Sequence[Figure]:
    """The loads that the check is measured with, each with and without a violation."""
    loads = {
        "register_10k": Load(10_000, 16),
        "register_100k": Load(100_000, 8),
        "repeated_values_1k": Load(1_000, 8, values=5),
    }
    return [
        Linearizing(name, replace(load, holds=holds)) for name, load in loads.items() for holds in (True, False)
    ]
