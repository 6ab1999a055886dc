"""What `p4verify check` does: build, explore, judge, confirm, save, sum up. The command line only parses and prints.

Every step leaves its trace in the run folder as it happens, so that a kill at any moment leaves a readable run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.source_text import SourceText
from p4verify.stateful.blind import blind_invariants
from p4verify.stateful.campaign import Campaign, Sighting, Status
from p4verify.stateful.confirm import Confirmed, Confirmer
from p4verify.stateful.relocate import relocations
from p4verify.stateful.strategies import families
from p4verify.targets.build import Build
from p4verify.targets.shared_words import names_of
from p4verify.targets.sim import SimTarget
from p4verify.verify import record
from p4verify.verify.codec import public_config
from p4verify.verify.criteria import CRITERIA, CriterionResult, InvariantResult, Offers, available, summarise
from p4verify.verify.verdict import Invariant, Verdict

TARGET = "sim"


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What to check and how long. `firmware` is the name or path as it was given, `run` the run's folder."""

    build: Build
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


class Watcher(Protocol):
    """Who is told how far the run is."""

    def exploring(self, status: Status) -> None: ...

    def confirming(self, invariant: str, number: int, of: int) -> None: ...


def offers_of(target: SimTarget) -> Offers:
    """What a target can do and show."""
    description = target.description
    operations = {kind.name: kind.results.names for kind in description.operations}
    return Offers.of(operations, [kind.name for kind in description.observers])


def check(plan: CheckPlan, watcher: Watcher) -> CheckResult:
    """Runs it all. TargetError when the simulator itself fails; Ctrl-C ends exploring, not the run."""
    begin = time.monotonic()
    with SimTarget(plan.build) as target, _journal(plan) as journal:
        return _Check(plan, target, journal, watcher, begin).run()


def _journal(plan: CheckPlan) -> record.RunWriter:
    manifest = plan.build.manifest
    assert manifest is not None
    begins = record.RunBegins(
        plan.firmware, TARGET, plan.seed, plan.build.identity, version("p4verify"), public_config(manifest.config),
        manifest.limits,
    )  # fmt: skip
    return record.RunWriter(plan.run / "run.jsonl", begins)


class _Check:
    """One run: exploring, then confirming, then the sum."""

    def __init__(
        self, plan: CheckPlan, target: SimTarget, journal: record.RunWriter, watcher: Watcher, begin: float
    ) -> None:
        assert plan.build.manifest is not None
        self.plan, self.target, self.journal, self.watcher, self.begin = plan, target, journal, watcher, begin
        self.manifest = plan.build.manifest
        self.offers = offers_of(target)
        self.campaign = Campaign(
            target,
            families(self.manifest.config, frozenset(kind.name for kind in target.description.operations)),
            available(self.offers, TARGET, plan.only),
            self.manifest.config,
            self.manifest.limits,
            plan.seed,
            plan.budget,
            watcher.exploring,
        )

    def run(self) -> CheckResult:
        interrupted = self._explore()
        explored = self._elapsed()
        findings, unconfirmed = self._confirm()
        results = self._results(findings, unconfirmed)
        criteria = summarise(results, self.offers, TARGET, self.plan.only)
        self.journal.write(record.Verdicts(tuple(results)), record.RunEnds(self.campaign.tally.executions, self._elapsed()))
        return CheckResult(
            criteria, tuple(findings.values()), self.campaign.tally.executions, self.campaign.tally.distinct, explored,
            self._elapsed(), interrupted, tuple(str(spot) for spot in self.plan.build.audit),
        )  # fmt: skip

    def _elapsed(self) -> float:
        return time.monotonic() - self.begin

    def _explore(self) -> bool:
        try:
            self.campaign.explore()
        except KeyboardInterrupt:
            return True
        return False

    # ---- confirming ----

    def _confirm(self) -> tuple[Mapping[str, ConfirmedFinding], frozenset[str]]:
        """The confirmed findings by invariant, and the invariants whose finding did not come back."""
        findings: dict[str, ConfirmedFinding] = {}
        lost = set()
        confirmer = Confirmer(self.target, self.manifest.config, self.manifest.limits, self.plan.seed)
        sightings = self.campaign.sightings
        for number, sighting in enumerate(sightings):
            id_ = sighting.finding.invariant.id
            self.watcher.confirming(id_, number + 1, len(sightings))
            confirmed = confirmer.confirm(
                sighting.finding.invariant, sighting.program, sighting.origin, self._share(len(sightings) - number)
            )
            if confirmed is None:
                lost.add(id_)
            else:
                findings[id_] = self._saved(sighting, confirmed)
        return findings, frozenset(lost)

    def _share(self, remaining: int) -> float:
        left = self.plan.budget - self._elapsed()
        return min(max(left / remaining, 0.5), 6.0)

    def _saved(self, sighting: Sighting, confirmed: Confirmed) -> ConfirmedFinding:
        path = self.plan.run / "counterexamples" / f"{confirmed.invariant.id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        record.save_counterexample(path, self._counterexample(sighting, confirmed))
        self.journal.write(
            record.Found(confirmed.invariant.id, 0, sighting.origin.ordinal, confirmed.judgement, str(path.name))
        )
        assert confirmed.judgement.violation is not None
        return ConfirmedFinding(
            confirmed.invariant.id, confirmed.invariant.title, criteria_of(confirmed.invariant.id),
            confirmed.judgement.violation.summary, confirmed.judgement.violation.positions, confirmed.program,
            confirmed.execution, f"p4verify replay {path}", confirmed.replayed, confirmed.replays, self.plan.firmware,
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
            shared_names=names_of(confirmed.shared, self.plan.build.symbols.variables),
            relocations=relocations(confirmed.execution, SourceText(self.manifest.root)),
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
            path = self.plan.run / "counterexamples" / f"{result.id}.json"
            return replace(result, counterexample=str(path), summary=findings[result.id].summary)
        if result.verdict is Verdict.OK and result.id in blind:
            return replace(result, verdict=Verdict.UNKNOWN, summary=blind[result.id])
        return result


def criteria_of(invariant: str) -> tuple[str, ...]:
    """The criteria that an invariant belongs to."""
    return tuple(criterion.id for criterion in CRITERIA if invariant in criterion.invariants)


def invariant_named(name: str, invariants: Sequence[Invariant]) -> Invariant | None:
    """The invariant of that id."""
    return next((invariant for invariant in invariants if invariant.id == name), None)
