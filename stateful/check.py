"""What `p4verify check` does: build, explore, judge, confirm, save, sum up. The command line only parses and prints.

Every step leaves its trace in the run folder as it happens, so that a kill at any moment leaves a readable run.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Protocol

from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.source_text import SourceText
from p4verify.reports.summary import Hidden
from p4verify.stateful.blind import blind_invariants
from p4verify.stateful.booting import require_boot
from p4verify.stateful.campaign import Campaign, Sighting, Status
from p4verify.stateful.collecting import rarely_collecting
from p4verify.stateful.confirm import Confirmed, Confirmer
from p4verify.stateful.families import families_of
from p4verify.stateful.interrupting import first_interrupt
from p4verify.stateful.known_names import require_known_fields
from p4verify.stateful.opened import AnyBuild, AnyTarget, hidden_by, opened, pace_of, root_of, shared_names, target_name
from p4verify.stateful.relocate import relocations
from p4verify.stateful.source_review import reviewed
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import AdapterError, ControlledTarget, TargetError
from p4verify.verify import record
from p4verify.verify.codec import public_config
from p4verify.verify.criteria import CRITERIA, CriterionResult, InvariantResult, Offers, available, summarise
from p4verify.verify.verdict import Invariant, Verdict

JOURNAL, COUNTEREXAMPLES, REPORT = "run.jsonl", "counterexamples", "acceptance.md"
MOST_SHARE, AFTERWARDS_SHARE = 6.0, 0.3
"""Seconds in which one finding is made small; and those kept for what is done with it afterwards."""


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What to check and how long. `firmware` is what people are told: the name or path as it was given, else the
    manifest's name. `run` is the run's folder.
    """

    build: AnyBuild
    firmware: str
    run: Path
    only: tuple[str, ...] = ()
    budget: float = 45.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The verdicts, what was found, and the figures of the run."""

    criteria: tuple[CriterionResult, ...]
    findings: tuple[ConfirmedFinding, ...]
    executions: int
    distinct: int
    exploring_seconds: float
    seconds: float
    interrupted: bool = False
    blind: tuple[str, ...] = field(default=())
    """Accesses that the scheduler cannot see, by file and line."""
    failures: tuple[str, ...] = ()
    """How the simulator failed, if it did: with any, nothing is ok."""
    hidden: tuple[Hidden, ...] = ()
    """Races that the manifest suppresses."""


class Watcher(Protocol):
    """Who is told how far the run is."""

    def exploring(self, status: Status) -> None: ...

    def confirming(self, invariant: str, number: int, of: int) -> None: ...

    def interrupted(self) -> None: ...


def offers_of(target: ControlledTarget) -> Offers:
    """What a target can do and show. AdapterError where it means something else by a name that is known."""
    description = target.description
    require_known_fields(description)
    operations = {kind.name: kind.results.names for kind in description.operations}
    return Offers.of(operations, [kind.name for kind in description.observers])


def check(plan: CheckPlan, watcher: Watcher) -> CheckResult:
    """Runs it all. TargetError when the simulator does not start, the firmware does not boot by itself, or an adapter
    writes other bytes than it declares, or declares something else by a name that is known.

    The first Ctrl-C ends exploring, not the run.
    """
    with opened(plan.build) as target:
        offers = offers_of(target)  # starts it: what cannot start leaves no folder behind
        if isinstance(target, SimTarget):
            require_boot(target)
        with _journal(plan) as journal:
            return _Check(plan, target, offers, journal, watcher).run()


def _journal(plan: CheckPlan) -> record.RunWriter:
    set_aside(plan.run)
    (plan.run / COUNTEREXAMPLES).mkdir(parents=True, exist_ok=True)
    manifest = plan.build.manifest
    assert manifest is not None
    begins = record.RunBegins(
        plan.firmware, target_name(plan.build), plan.seed, plan.build.identity, version("p4verify"),
        public_config(manifest.config), manifest.limits,
    )  # fmt: skip
    return record.RunWriter(plan.run / JOURNAL, begins)


def set_aside(run: Path) -> None:
    """Moves what an earlier run left in this folder into earlier-1, earlier-2, ... inside it: no run is overwritten."""
    left = [path for name in (JOURNAL, COUNTEREXAMPLES, REPORT) if (path := run / name).exists()]
    if not any(path.is_file() or any(path.iterdir()) for path in left):
        return
    aside = next(path for number in count(1) if not (path := run / f"earlier-{number}").exists())
    aside.mkdir()
    for path in left:
        path.rename(aside / path.name)


class _Check:
    """One run: exploring, then confirming, then the sum."""

    def __init__(
        self, plan: CheckPlan, target: AnyTarget, offers: Offers, journal: record.RunWriter, watcher: Watcher
    ) -> None:
        assert plan.build.manifest is not None
        self.plan, self.target, self.journal, self.watcher = plan, target, journal, watcher
        self.manifest = plan.build.manifest
        self.offers = offers
        self.begin = time.monotonic()
        self.interrupted = False
        self.noted = 0
        """How many sightings the journal has."""
        self.campaign = Campaign(
            target,
            families_of(target, self.manifest.config),
            available(self.offers, target_name(plan.build), plan.only),
            self.manifest.config,
            self.manifest.limits,
            plan.seed,
            plan.budget,
            self._watch,
            **pace_of(plan.build),
        )

    def run(self) -> CheckResult:
        with first_interrupt(self._interrupt):
            self._explore()
            explored = self._elapsed()
            findings, unconfirmed = self._confirm()
        results = [*self._results(findings, unconfirmed), *reviewed(self.plan.build, self.plan.only)]
        criteria = summarise(results, self.offers, target_name(self.plan.build), self.plan.only)
        ends = record.RunEnds(self.campaign.tally.executions, self._elapsed())
        self.journal.write(record.Verdicts(tuple(results)), ends)
        return CheckResult(
            criteria, tuple(findings.values()), self.campaign.tally.executions, self.campaign.tally.distinct, explored,
            self._elapsed(), self.interrupted, tuple(str(spot) for spot in self.plan.build.audit),
            tuple(self.target.failures), hidden_by(self.target),
        )  # fmt: skip

    def _elapsed(self) -> float:
        return time.monotonic() - self.begin

    def _interrupt(self) -> None:
        self.interrupted = True
        self.campaign.budget = 0.0  # exploring ends at the next history, in good order

    def _explore(self) -> None:
        with rarely_collecting():
            if self.campaign.invariants:  # else only the source is to be judged
                self._explore_on()
        self._note_sightings()
        if self.interrupted:
            self.watcher.interrupted()

    def _explore_on(self) -> None:
        try:
            self.campaign.explore()
        except AdapterError:
            raise
        except TargetError as error:  # it is among those that decide the verdicts
            if str(error) not in self.target.failures:
                self.target.failures.append(str(error))

    def _watch(self, status: Status) -> None:
        self._note_sightings()
        self.watcher.exploring(status)

    def _note_sightings(self) -> None:
        """What is seen is on disk at once, with the program that shows it; what confirming adds comes later."""
        for number, sighting in enumerate(self.campaign.sightings[self.noted :], self.noted):
            finding = sighting.finding
            self.journal.write(
                record.ProgramDrawn(number, sighting.program),
                record.Found(finding.invariant.id, number, sighting.origin.ordinal, finding.judgement),
            )
            self.noted = number + 1

    # ---- confirming ----

    def _confirm(self) -> tuple[Mapping[str, ConfirmedFinding], frozenset[str]]:
        """The confirmed findings by invariant, and the invariants whose finding did not come back."""
        findings: dict[str, ConfirmedFinding] = {}
        lost = set()
        confirmer = Confirmer(self.target, self.manifest.config, self.manifest.limits, self.plan.seed)
        sightings = self.campaign.calmest()
        for done, (number, sighting) in enumerate(sightings):
            id_ = sighting.finding.invariant.id
            self.watcher.confirming(id_, done + 1, len(sightings))
            confirmed = self._confirmed(confirmer, sighting, self._share(len(sightings) - done))
            if confirmed is None:
                lost.add(id_)
            else:
                findings[id_] = self._saved(number, sighting, confirmed)
        return findings, frozenset(lost)

    def _confirmed(self, confirmer: Confirmer, sighting: Sighting, seconds: float) -> Confirmed | None:
        try:
            return confirmer.confirm(sighting.finding.invariant, sighting.program, sighting.origin, seconds)
        except TargetError as error:
            self.target.failures.append(str(error))
            return None

    def _share(self, remaining: int) -> float:
        """Seconds for one of the `remaining` findings: an equal part of what is left of the budget."""
        left = self.campaign.budget - self._elapsed()
        return min(max(left / remaining - AFTERWARDS_SHARE, 0.0), MOST_SHARE)

    def _saved(self, number: int, sighting: Sighting, confirmed: Confirmed) -> ConfirmedFinding:
        name = f"{COUNTEREXAMPLES}/{confirmed.invariant.id}.json"
        path = self.plan.run / name
        record.save_counterexample(path, self._counterexample(sighting, confirmed))
        self.journal.write(
            record.Found(confirmed.invariant.id, number, sighting.origin.ordinal, confirmed.judgement, name)
        )
        assert confirmed.judgement.violation is not None
        return ConfirmedFinding(
            confirmed.invariant.id, confirmed.invariant.title, criteria_of(confirmed.invariant.id),
            confirmed.judgement.violation.summary, confirmed.judgement.violation.positions, confirmed.program,
            confirmed.execution, f"p4verify replay {shlex.quote(str(path))}", confirmed.replayed, confirmed.replays,
            self.plan.firmware, target_name(self.plan.build),
        )  # fmt: skip

    def _counterexample(self, sighting: Sighting, confirmed: Confirmed) -> record.Counterexample:
        assert confirmed.judgement.violation is not None
        exploration = sighting.origin.exploration
        return record.Counterexample(
            invariant=confirmed.invariant.id,
            summary=confirmed.judgement.violation.summary,
            program=confirmed.program,
            schedule=confirmed.schedule,
            build_id=self.plan.build.identity,
            firmware=self.plan.firmware,
            manifest=str(self.manifest.path),
            version=version("p4verify"),
            seed={"strategy": exploration.strategy, "seed": exploration.seed, "ordinal": sighting.origin.ordinal},
            known_shared=confirmed.shared.encode(),
            shared_names=shared_names(self.plan.build, confirmed.shared),
            relocations=relocations(confirmed.execution, SourceText(root_of(self.plan.build))),
            positions=confirmed.judgement.violation.positions,
        )

    # ---- the sum ----

    def _results(
        self, findings: Mapping[str, ConfirmedFinding], unconfirmed: frozenset[str]
    ) -> Sequence[InvariantResult]:
        blind = blind_invariants(self.plan.build, self.campaign.invariants)
        return [self._result(result, findings, unconfirmed, blind) for result in self.campaign.tally.results()]

    def _result(
        self, result: InvariantResult, findings: Mapping[str, ConfirmedFinding], unconfirmed: frozenset[str],
        blind: Mapping[str, str],
    ) -> InvariantResult:  # fmt: skip
        if result.id in unconfirmed:
            summary = f"seen once, but it did not come back: {result.summary}"
            return replace(result, verdict=Verdict.UNKNOWN, summary=summary)
        if result.id in findings:
            path = self.plan.run / COUNTEREXAMPLES / f"{result.id}.json"
            return replace(result, counterexample=str(path), summary=findings[result.id].summary)
        if result.verdict is Verdict.OK and self.target.failures:
            summary = f"the simulator failed {len(self.target.failures)} times: {self.target.failures[0]}"
            return replace(result, verdict=Verdict.UNKNOWN, summary=summary)
        if result.verdict is Verdict.OK and result.id in blind:
            return replace(result, verdict=Verdict.UNKNOWN, summary=blind[result.id])
        return result


def criteria_of(invariant: str) -> tuple[str, ...]:
    """The criteria that an invariant belongs to."""
    return tuple(criterion.id for criterion in CRITERIA if invariant in criterion.invariants)


def invariant_named(name: str, invariants: Sequence[Invariant]) -> Invariant | None:
    """The invariant of that id."""
    return next((invariant for invariant in invariants if invariant.id == name), None)
