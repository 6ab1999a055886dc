"""The ready-made tests that the pytest plugin collects, and the firmware that they share within a worker.

What is collected does not depend on the firmware, so that all workers agree without building anything. A test passes
when everything it can judge here was exercised and held; it is skipped with the reason when nothing can be said.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from p4verify.stateful import kept as files
from p4verify.stateful.batch import programs_for, run_batch
from p4verify.stateful.blind import blind_invariants
from p4verify.stateful.machines import MACHINES
from p4verify.stateful.stepwise import Stepwise, run_stepwise
from p4verify.stateful.subject import Counts, Subject
from p4verify.stateful.violations import ViolatedError
from p4verify.targets.building.build import BuildError
from p4verify.targets.building.compilers import CompilerError
from p4verify.targets.building.manifest import MANIFEST, Manifest, ManifestError
from p4verify.targets.building.manifest import load as load_manifest
from p4verify.targets.protocol.link import LinkError
from p4verify.targets.target import TargetError
from p4verify.verify.codec import RecordError
from p4verify.verify.criteria import CRITERIA, INVARIANTS, Criterion
from p4verify.verify.explore import lost_records

ENVIRONMENT_ERRORS = (BuildError, CompilerError, ManifestError, TargetError, LinkError, RecordError)
PROFILE = "p4verify"
settings.register_profile(
    PROFILE,
    settings(
        max_examples=10,
        stateful_step_count=30,
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
        deadline=None,
        derandomize=False,
        database=None,
        report_multiple_bugs=False,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    ),
)
"""Ours says everything itself: with CI in the environment Hypothesis' own would keep no examples."""
STEPWISE_EXAMPLES = 60


class FindingError(Exception):
    """What a ready-made test found, in words."""


@dataclass
class Session:
    """What the options ask for; the firmware is built when the first test needs it."""

    manifest: Manifest
    root: Path
    folder: Path
    seed: int
    budget: float
    share: float = 0.0
    """How many seconds each test may use."""
    _subject: Subject | None = field(default=None, repr=False)

    @classmethod
    def of(cls, config: pytest.Config) -> Session:
        """From the command line; a usage error when it makes no sense."""
        firmware = config.getoption("p4verify_firmware") or config.rootpath
        budget: float = config.getoption("p4verify_budget")
        if firmware == config.rootpath and not (config.rootpath / MANIFEST).is_file():
            raise pytest.UsageError(f"--p4verify-firmware=DIR is missing, and {config.rootpath} has no {MANIFEST}")
        try:
            manifest = load_manifest(firmware)
        except ManifestError as error:
            raise pytest.UsageError(str(error)) from None
        folder = config.rootpath / str(config.getini("p4verify_regressions"))
        return cls(manifest, config.rootpath, folder, config.getoption("p4verify_seed"), budget)

    @property
    def subject(self) -> Subject:
        """The firmware under test. BuildError, CompilerError, TargetError."""
        if self._subject is None:
            self._subject = Subject.of(self.manifest)
        return self._subject

    def subject_or_fail(self) -> Subject:
        """The same for a fixture: what goes wrong is said without a traceback."""
        try:
            return self.subject
        except ENVIRONMENT_ERRORS as error:
            pytest.fail(str(error), pytrace=False)

    def close(self) -> None:
        """Ends the simulator."""
        if self._subject is not None:
            self._subject.close()

    def settings_for(self, name: str) -> settings:
        """Our profile, with the examples of this test kept in a folder of their own."""
        database = DirectoryBasedExampleDatabase(self.root / ".hypothesis" / "p4verify" / name)
        return settings(settings.get_profile(PROFILE), database=database)


class Firmware(pytest.Collector):
    """The parent of the ready-made tests."""

    session_of: Session

    def collect(self) -> list[pytest.Item]:
        """Regressions first, then what explores."""
        kept = sorted(self.session_of.folder.glob("*.json"))
        return [
            *(self._made(Regression, f"regression[{path.stem}]", path_of=path) for path in kept),
            *(self._made(Machine, f"stepwise[{name}]", machine=machine) for name, machine in MACHINES.items()),
            *(self._made(Judged, f"batch[{c.id}]", criterion=c) for c in CRITERIA if built_of(c)),
        ]

    def _made(self, kind: type[ReadyMade], name: str, **attributes: object) -> ReadyMade:
        item = kind.from_parent(self, name=name)
        vars(item).update(attributes, session_of=self.session_of)
        return item


class ReadyMade(pytest.Item):
    """One test: reports what it finds in words, and keeps it as a regression file."""

    session_of: Session

    @property
    def key(self) -> str:
        """Its name as a folder name."""
        return self.name.replace("[", "-").rstrip("]")

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.session_of.manifest.path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: None = None) -> object:  # type: ignore[override]
        if isinstance(excinfo.value, (FindingError, *ENVIRONMENT_ERRORS)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def _kept(self, subject: Subject, error: ViolatedError) -> str:
        try:
            path = files.save(self.session_of.folder, subject, error)
        except OSError as problem:
            return f"{error}\n  not kept: {problem}"
        return f"{error}\n  kept as {path}, which later runs replay first"

    def say_counts(self, subject: Subject) -> None:
        """How much was judged, into the report."""
        counts = {id_: times for id_, times in subject.counts.exercised.items() if times}
        self.user_properties.append(("p4verify_executions", subject.counts.executions))
        self.user_properties.append(("p4verify_exercised", counts))


class Regression(ReadyMade):
    """Replays one kept finding."""

    path_of: Path

    def runtest(self) -> None:
        try:
            files.replay(self.session_of.subject, files.load(self.path_of))
        except files.NotHereError as reason:
            pytest.skip(f"not available: {reason}")
        except ViolatedError as error:
            raise FindingError(f"{error}\n  still there: {self.path_of}") from None


class Exploring(ReadyMade):
    """Rounds of Hypothesis until its share of the budget is used up; the clock decides only how many rounds."""

    def runtest(self) -> None:
        subject = self.restricted(self.session_of.subject)
        end = time.monotonic() + self.session_of.share
        number = self.session_of.seed
        while True:
            self._round(subject, number)
            number += 1
            if time.monotonic() >= end:
                break
        self.say_counts(subject)
        if subject.counts.unsupported:
            pytest.skip(f"inconclusive: not supported: {subject.counts.unsupported}")
        skip_lost(subject.counts)
        self.conclude(subject)

    def _round(self, subject: Subject, number: int) -> None:
        try:
            self.explore(subject, self.session_of.settings_for(self.key), number)
        except ViolatedError as error:
            raise FindingError(self._kept(subject, subject.simplify(error))) from None

    def restricted(self, subject: Subject) -> Subject:
        """The firmware with the invariants of this test."""
        return subject.judging(subject.invariants)

    def explore(self, subject: Subject, how: settings, number: int) -> None:
        """One round."""
        raise NotImplementedError

    def conclude(self, subject: Subject) -> None:
        """Skips when nothing can be said."""
        if not any(subject.counts.exercised.values()):
            pytest.skip("inconclusive: no invariant was exercised")


class Machine(Exploring):
    """A stepwise machine, judged by everything that can be judged."""

    machine: type[Stepwise]

    def explore(self, subject: Subject, how: settings, number: int) -> None:
        run_stepwise(self.machine, subject, settings(how, max_examples=STEPWISE_EXAMPLES), number=number)


class Judged(Exploring):
    """A criterion, judged in batches."""

    criterion: Criterion

    def restricted(self, subject: Subject) -> Subject:
        ours = [invariant for invariant in subject.invariants if invariant.id in self.criterion.invariants]
        if not ours:
            reasons = (subject.offers.missing(INVARIANTS[id_], "sim") for id_ in built_of(self.criterion))
            pytest.skip("; ".join(dict.fromkeys(reason or "" for reason in reasons)))
        return subject.judging(ours)

    def explore(self, subject: Subject, how: settings, number: int) -> None:
        run_batch(programs_for(subject), subject, how, number=number)

    def conclude(self, subject: Subject) -> None:
        idle = [invariant.id for invariant in subject.invariants if not subject.counts.exercised[invariant.id]]
        if idle:
            pytest.skip(f"inconclusive: not exercised within the budget: {', '.join(idle)}")
        blind = blind_invariants(subject.target.build, subject.invariants)
        if blind:
            pytest.skip(f"inconclusive: {'; '.join(f'{id_}: {why}' for id_, why in blind.items())}")


def skip_lost(counts: Counts) -> None:
    """What lost records may hide what it was made to show."""
    if counts.lost:
        pytest.skip(f"inconclusive: {lost_records(counts.lost, counts.unreadable)}")


def built_of(criterion: Criterion) -> list[str]:
    """The invariants of a criterion that exist."""
    return [id_ for id_ in criterion.invariants if id_ in INVARIANTS]


def ready_made(session: pytest.Session, ours: Session) -> list[pytest.Item]:
    """The regressions, the machines, the criteria; what one of them may use of the budget is settled here."""
    parent = Firmware.from_parent(session, name="p4verify", nodeid="p4verify")
    parent.session_of = ours
    made = parent.collect()
    parent.ihook.pytest_collectreport(report=pytest.CollectReport("p4verify", "passed", None, [*made]))
    ours.share = ours.budget / max(1, sum(isinstance(item, Exploring) for item in made))
    return list(made)
