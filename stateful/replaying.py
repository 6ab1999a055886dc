"""What `p4verify replay` does: runs a counterexample again, in its own build or another, and says if it still happens.

In the build that found it the schedule is exact. In another one its choices are looked for by source line; where one
of them has no place any more, the replay is refused with the differences. It refuses to say "not any more" of what
cannot be judged: an invariant that is not available here, a file that lacks what its schedule rests on.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from p4verify.reports.command_line import RUNS
from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.run_folder import COUNTEREXAMPLES
from p4verify.reports.source_text import SourceText
from p4verify.stateful.check import criteria_of, offers_of
from p4verify.stateful.kept import tick_budget_of
from p4verify.stateful.opened import AnyBuild, AnyTarget, opened, root_of, shared_words, target_name
from p4verify.stateful.relocate import Relocator
from p4verify.targets.building.build import Build
from p4verify.targets.building.manifest import BUNDLED, MANIFEST, bundled
from p4verify.targets.target import Exploration, Shared
from p4verify.verify.codec import RecordError
from p4verify.verify.criteria import INVARIANTS, Offers, available
from p4verify.verify.execution import Execution
from p4verify.verify.explore import judge
from p4verify.verify.record import Counterexample, load_counterexample
from p4verify.verify.schedule import Relocation, Schedule
from p4verify.verify.verdict import Invariant, Setting

REPLAYS = 100
LEARNING = Exploration("random", executions=300, quantum_us=1_000_000)
"""How another build is taught which memory the program's tasks share; only where they do can choices lie."""


class ReplayError(Exception):
    """It cannot be replayed here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """`times` of `of` runs showed the violation; `relocated` when the build is another one."""

    finding: ConfirmedFinding | None
    times: int
    of: int
    relocated: bool


def counterexample_in(file: Path) -> Counterexample:
    """What `check` saved there. ReplayError where it is none, with one that lies near it."""
    try:
        return load_counterexample(file)
    except RecordError as error:
        near = next((file if file.is_dir() else file.parent).glob(f"{COUNTEREXAMPLES}/*.json"), None)
        such = near or f"{RUNS}/TIME/{COUNTEREXAMPLES}/np.fifo.json"
        raise ReplayError(
            f"{error}\nFILE is to be a counterexample that `p4verify check` saved, such as {such}"
        ) from None


def firmware_of(counterexample: Counterexample) -> str:
    """The firmware it belongs to: by its bundled name, else by its manifest. ReplayError where that is not here."""
    firmware, manifest = counterexample.firmware, counterexample.manifest
    if firmware in bundled() and _is_ours(firmware, Path(manifest)):
        return firmware
    if not Path(manifest).is_file():
        raise ReplayError(f"the firmware it was found in is not here ({manifest}): name it by --firmware DIR")
    return manifest


def _is_ours(firmware: str, manifest: Path) -> bool:
    """Whether a manifest, wherever p4verify was installed, is the bundled one: a copy keeps the name."""
    return not manifest.is_absolute() or manifest.parts[-4:] == (*BUNDLED.parts[-2:], firmware, MANIFEST)


def replay(counterexample: Counterexample, build: AnyBuild, path: str, times: int = REPLAYS) -> Replayed:
    """Runs it `times` times. ReplayError when it does not fit this firmware."""
    if counterexample.invariant not in INVARIANTS:
        raise ReplayError(f"{path}: this p4verify has no invariant {counterexample.invariant!r}")
    with opened(build) as target:
        invariant = _judged_here(counterexample.invariant, build, offers_of(target), path)
        return _Replay(counterexample, build, invariant, target, path).run(times)


def _judged_here(id_: str, build: AnyBuild, offers: Offers, path: str) -> Invariant:
    missing = offers.missing(INVARIANTS[id_], target_name(build))
    if missing is not None:
        reason = missing.removeprefix("not available: ")
        raise ReplayError(f"{path}: {id_} cannot be judged on {build.name} ({target_name(build)}): {reason}")
    return available(offers, target_name(build), [id_])[0]


class _Replay:
    def __init__(
        self, counterexample: Counterexample, build: AnyBuild, invariant: Invariant, target: AnyTarget, path: str
    ) -> None:
        assert build.manifest is not None
        self.case, self.build, self.invariant, self.target, self.path = counterexample, build, invariant, target, path
        self.ticks = tick_budget_of(counterexample)
        self.setting = Setting(counterexample.program, build.manifest.config, build.manifest.limits)

    def run(self, times: int) -> Replayed:
        other = self.build.identity != self.case.build_id
        schedule, known = self._elsewhere() if other else self._here()
        shown = sum(self._shows(schedule, known) for _ in range(times))
        lacking = None if shown else self._lacking(other=other)
        if lacking:
            raise ReplayError(f"{self.path}: {lacking}, so that not seeing the violation says nothing")
        return Replayed(self._finding(schedule, known, shown, times) if shown else None, shown, times, other)

    def _lacking(self, *, other: bool) -> str | None:
        """What the file does not have without which nothing can be shown."""
        choices = len(self.case.schedule.choices)
        if not any(task.invocations for task in self.case.program.tasks):
            return "its program is empty"
        if choices and not other and not self.case.known_shared and isinstance(self.build, Build):
            return f"its known_shared is empty, by which the places of its {choices} choices are counted"
        return None

    def _here(self) -> tuple[Schedule, int]:
        shared = self._shared()
        self.target.restore(shared)
        return self.case.schedule, len(shared.entries)

    def _shared(self) -> Shared:
        try:
            return Shared.decode(self.case.known_shared)
        except ValueError as error:
            raise ReplayError(f"{self.path}: {error}") from None

    def _elsewhere(self) -> tuple[Schedule, int]:
        """Learns anew what is shared, then finds the choices by source line."""
        wanted = self.case.relocations
        if len(wanted) != len(self.case.schedule.choices):
            choices = len(self.case.schedule.choices)
            raise ReplayError(self._differences(f"only {len(wanted)} of its {choices} choices have a source line"))
        self._learn()
        known = len(self.target.shared().entries)
        source = SourceText(root_of(self.build))
        relocator = Relocator(
            self.target, self.case.program, known, source, lambda schedule: self._shows(schedule, known),
            tick_budget=self.ticks,
        )  # fmt: skip
        found = relocator.find(wanted, self.case.schedule)
        if found.schedule is None:
            raise ReplayError(self._differences(_absence(wanted[found.placed])))
        return found.schedule, known

    def _learn(self) -> None:
        """What was known of shared memory there, as far as it has names, and what the program itself shows."""
        try:
            shared = shared_words(self.build, self.case.shared_names, self._shared())
        except ValueError as error:
            raise ReplayError(f"{self.path}: {error}") from None
        self.target.load(self.case.program)
        self.target.restore(shared)
        self.target.explore(None, LEARNING, lambda _found: True)

    def _differences(self, difference: str) -> str:
        return (
            f"{self.path} was found in another build of {self.case.firmware} ({self.case.build_id[:12]}, this one is"
            f" {self.build.identity[:12]}) and does not fit this one: {difference}. Check out the sources and use the"
            " compiler that it was found with, or run `p4verify check` again"
        )

    def _execute(self, schedule: Schedule, known: int, *, trace: bool = False) -> Execution:
        return self.target.execute(self.case.program, schedule, known=known, trace=trace, tick_budget=self.ticks)

    def _shows(self, schedule: Schedule, known: int) -> bool:
        execution = self._execute(schedule, known)
        return judge(self.invariant, execution, self.setting).violation is not None

    def _finding(self, schedule: Schedule, known: int, shown: int, times: int) -> ConfirmedFinding | None:
        execution = self._execute(schedule, known, trace=True)
        violation = judge(self.invariant, execution, self.setting).violation
        if violation is None:
            return None
        again = f"p4verify replay {shlex.quote(self.path)}"
        return ConfirmedFinding(
            self.invariant.id, self.invariant.title, criteria_of(self.invariant.id), violation.summary,
            violation.positions, self.case.program, execution, again, shown, times,
            self.case.firmware, target_name(self.build),
        )  # fmt: skip


def _absence(wanted: Relocation) -> str:
    place = f"{wanted.file}:{wanted.line}" if wanted.file else "no source line"
    when = "after" if wanted.after else "before"
    where = f"`{wanted.text or place}` ({place}, time {wanted.occurrence})"
    return f"{wanted.to} cannot take over from {wanted.task} {when} {where} here"
