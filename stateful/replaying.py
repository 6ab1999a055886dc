"""What `p4verify replay` does: runs a counterexample again, here or in another build, and says whether it still happens.

In the build that found it the schedule is exact. In another one its choices are looked for by source line; where one
of them has no place any more, the replay is refused with the differences.
"""

from __future__ import annotations

from dataclasses import dataclass

from p4verify.stateful.check import criteria_of
from p4verify.stateful.relocate import relocated
from p4verify.reports.finding import ConfirmedFinding
from p4verify.targets.build import Build
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Shared
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.record import Counterexample
from p4verify.verify.schedule import Schedule
from p4verify.verify.verdict import Invariant, Setting

REPLAYS = 100


class ReplayError(Exception):
    """It cannot be replayed here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """`times` of `of` runs showed the violation; `relocated` when the build is another one."""

    finding: ConfirmedFinding | None
    times: int
    of: int
    relocated: bool


def replay(counterexample: Counterexample, build: Build, path: str, times: int = REPLAYS) -> Replayed:
    """Runs it `times` times. ReplayError when it does not fit this firmware."""
    invariant = INVARIANTS.get(counterexample.invariant)
    if invariant is None:
        raise ReplayError(f"{path}: this p4verify has no invariant {counterexample.invariant!r}")
    with SimTarget(build) as target:
        return _Replay(counterexample, build, invariant, target, path).run(times)


class _Replay:
    def __init__(
        self, counterexample: Counterexample, build: Build, invariant: Invariant, target: SimTarget, path: str
    ) -> None:
        assert build.manifest is not None
        self.case, self.build, self.invariant, self.target, self.path = counterexample, build, invariant, target, path
        self.setting = Setting(counterexample.program, build.manifest.config, build.manifest.limits)

    def run(self, times: int) -> Replayed:
        other = self.build.identity != self.case.build_id
        schedule, known = self._elsewhere() if other else self._here()
        shown = sum(self._shows(schedule, known) for _ in range(times))
        return Replayed(self._finding(schedule, known, shown, times) if shown else None, shown, times, other)

    def _here(self) -> tuple[Schedule, int]:
        try:
            shared = Shared.decode(self.case.known_shared)
        except ValueError as error:
            raise ReplayError(f"{self.path}: {error}") from None
        self.target.restore(shared)
        return self.case.schedule, len(shared.entries)

    def _elsewhere(self) -> tuple[Schedule, int]:
        """Learns anew what is shared, then finds the choices by source line."""
        for _ in range(3):
            self.target.execute(self.case.program, Schedule((), self.case.schedule.granularity))
        found = relocated(self.target, self.case.program, self.case.relocations, self.case.schedule)
        if found is None or len(self.case.relocations) != len(self.case.schedule.choices):
            raise ReplayError(self._differences())
        return found, len(self.target.shared().entries)

    def _differences(self) -> str:
        places = ", ".join(f"{r.task} before {r.file}:{r.line} (time {r.occurrence})" for r in self.case.relocations)
        return (
            f"{self.path} was found in another build of {self.case.firmware} ({self.case.build_id[:12]}, this one is"
            f" {self.build.identity[:12]}), and its preemptions have no place in this one: {places or 'none recorded'}."
            " Check out the sources and use the compiler that it was found with, or run `p4verify check` again"
        )

    def _shows(self, schedule: Schedule, known: int) -> bool:
        execution = self.target.execute(self.case.program, schedule, known=known)
        return self.invariant.check(execution, self.setting).violation is not None

    def _finding(self, schedule: Schedule, known: int, shown: int, times: int) -> ConfirmedFinding | None:
        execution = self.target.execute(self.case.program, schedule, known=known, trace=True)
        violation = self.invariant.check(execution, self.setting).violation
        if violation is None:
            return None
        return ConfirmedFinding(
            self.invariant.id, self.invariant.title, criteria_of(self.invariant.id), violation.summary,
            violation.positions, self.case.program, execution, f"p4verify replay {self.path}", shown, times,
            self.case.firmware,
        )  # fmt: skip
