"""The campaign of `p4verify check`: Hypothesis writes programs, the target explores each under several strategies,
every invariant judges every distinct history, and what is found is replayed and minimised.

Deterministic but for the clock: the seed decides programs and schedules, the budget only how many there are. The
first finding of each invariant is kept, and where it is a muddle the first one with few preemptions beside it; then the
invariant is not judged any more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import cycle, islice, repeat

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st

from p4verify.stateful.declaring import is_misdeclared, require_declared
from p4verify.stateful.families import focused
from p4verify.stateful.strategies import Programs
from p4verify.stateful.undisturbed import undisturbed
from p4verify.targets.target import ControlledTarget, Exploration, Found, Origin, Progress
from p4verify.verify.criteria import EXERCISED_ENOUGH
from p4verify.verify.explore import Finding, Tally, judge
from p4verify.verify.program import Program, Value
from p4verify.verify.schedule import Granularity
from p4verify.verify.verdict import Invariant, Setting

PROGRAMS_PER_TURN = 2
"""The first is a family's simplest; more families meet sooner when each has few turns."""
EXECUTIONS, AT_FIRST = 100, 10
"""Of one program under one strategy: more programs find more than more schedules of one do. In the first round fewer,
since what shows at once in one family should not wait for what is rare in another."""

FEEDING_TURNS = 2
"""After each turn, as long as an invariant has not been exercised enough."""
PATIENCE = 8
"""Feeding turns after which an invariant is behind those that had fewer."""

FEWEST_EXECUTIONS, MOST_CALLS = 10, 1500
"""A program of many calls takes as long as several small ones, and has fewer executions for it."""

TURNS_PER_SEED = 1_000_003
"""Turns of one seed never meet those of the next."""
RESERVE_HISTORIES, RESERVE_SHARE = 1200, 0.5
"""What confirming one finding may cost, in histories at this machine's speed; and at most, of the whole budget."""
FEW = 2
"""Preemptions of a sighting above which a calmer one is looked for."""

PORTFOLIO: tuple[Exploration, ...] = (
    Exploration("delay", Granularity.WORDS, executions=EXECUTIONS, depth=2),
    Exploration("pct", Granularity.WORDS, executions=EXECUTIONS, depth=2),
    Exploration("random", Granularity.WORDS, executions=EXECUTIONS),
    Exploration("pct", Granularity.WORDS, executions=EXECUTIONS, depth=3),
    Exploration("random", Granularity.SYNC, executions=EXECUTIONS, races=True),
    Exploration("pct", Granularity.SYNC, executions=EXECUTIONS, depth=4, races=True),
)
QUICKEST = 4
"""The plan of the first round: it sees most in few executions, because only what raced becomes a choice point."""


class _Over(BaseException):
    """The budget is used up: leaves Hypothesis from inside an example (BaseException, so that it is no failure)."""


class _FailedError(BaseException):
    """Takes an error out of Hypothesis as it is: an example that failed would be run again, and called flaky."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


@dataclass(frozen=True, slots=True)
class Sighting:
    """A violation as it was seen, in the process that can run it again."""

    finding: Finding
    program: Program
    origin: Origin
    preemptions: int


@dataclass(slots=True)
class Status:
    """How far the campaign is, for whoever watches."""

    elapsed: float = 0.0
    budget: float = 0.0
    programs: int = 0
    executions: int = 0
    points: int = 0
    distinct: int = 0
    findings: tuple[str, ...] = ()
    doing: str = "exploring"


Watch = Callable[[Status], None]


@dataclass
class Campaign:
    """One run of exploration over program families; `run` may be called once."""

    target: ControlledTarget
    families: Mapping[str, Programs]
    invariants: Sequence[Invariant]
    config: Mapping[str, Value]
    limits: Mapping[str, float]
    seed: int
    budget: float
    watch: Watch = lambda _status: None
    portfolio: Sequence[Exploration] = PORTFOLIO
    sparing: bool = False
    """Where executions are dear: families whose invariants have all been exercised enough are passed over."""
    sightings: list[Sighting] = field(default_factory=list)
    """In the order in which they were made; of one invariant at most two, the second calmer than the first."""

    def __post_init__(self) -> None:
        self.tally = Tally(self.invariants)
        self.status = Status(budget=self.budget)
        self._begin = time.monotonic()
        self._plans: Iterator[Exploration] = iter(())
        """Of the programs to come."""
        self._fed: dict[str, Counter[str]] = {}
        """How often a family exercised each invariant that was hungry."""
        self._histories: Counter[str] = Counter()
        """How many a family gave to judge."""
        self._feedings: Counter[str] = Counter()
        """The turns that an invariant was given because it was hungry."""

    def calmest(self) -> list[tuple[int, Sighting]]:
        """One sighting per violated invariant, with its number, in the order in which these were first violated."""
        last = {sighting.finding.invariant.id: (number, sighting) for number, sighting in enumerate(self.sightings)}
        return list(last.values())

    # ---- exploring ----

    def explore(self) -> None:
        """Until the budget is used up but for what confirming needs, or every invariant is violated.

        TargetError when the target fails; AdapterError where no record can be read and nothing has been seen yet.
        """
        try:
            with suppress(_Over), undisturbed():
                self._take_turns()
        except _FailedError as failed:
            raise failed.error from None

    def _take_turns(self) -> None:
        for number, (name, plans) in enumerate(self._turns()):
            self._plans = plans
            hungry, judged = self._hungry(), self.tally.distinct
            self._draw(self.families[name], self.seed * TURNS_PER_SEED + number)
            fed = {id_: self.tally.exercised(id_) - times for id_, times in hungry.items()}
            self._fed.setdefault(name, Counter()).update(fed)
            self._histories[name] += self.tally.distinct - judged

    def _turns(self) -> Iterator[tuple[str, Iterator[Exploration]]]:
        """A family and the plans of its programs: every one in turn, and after each some that feed."""
        wanted = focused(self.families, [invariant.id for invariant in self.invariants])
        turns: Counter[str] = Counter()
        for name in self._names(tuple(wanted)):
            yield name, self._plans_of(turns[name], tuple(wanted).index(name))
            turns[name] += 1

    def _names(self, wanted: Sequence[str]) -> Iterator[str]:
        yield from wanted
        while wanted:
            needed = [name for name in wanted if self._is_needed(name)] or wanted
            for name in wanted:
                if name in needed:
                    yield name
                for _ in range(FEEDING_TURNS):
                    feeding = self._feeding()
                    if feeding is not None:
                        yield feeding

    def _plans_of(self, turn: int, place: int) -> Iterator[Exploration]:
        """In the first turn the quickest, briefly; then all of them in turn, beginning elsewhere in each."""
        if not turn:
            first = self.portfolio[QUICKEST % len(self.portfolio)]
            return repeat(replace(first, executions=min(first.executions, AT_FIRST)))
        return islice(cycle(self.portfolio), (turn + place * PROGRAMS_PER_TURN) % len(self.portfolio), None)

    def _is_needed(self, name: str) -> bool:
        return not self.sparing or any(self._fed[name][id_] for id_ in self._hungry())

    def _feeding(self) -> str | None:
        """The family that best exercises the hungriest invariant; one that stays hungry lets others go first."""
        hungry = self._hungry()
        for id_ in sorted(hungry, key=lambda id_: (self._feedings[id_] // PATIENCE, hungry[id_])):
            best = self._best(id_)
            if best is not None:
                self._feedings[id_] += 1
                return best
        return None

    def _best(self, id_: str) -> str | None:
        """The family that exercised an invariant most, per history that had to be judged; None when none did."""
        yields = {name: times[id_] / max(self._histories[name], 1) for name, times in self._fed.items()}
        best = max(yields, key=lambda name: yields[name], default=None)
        return best if best is not None and yields[best] else None

    def _hungry(self) -> dict[str, int]:
        """Invariants that hold so far and have not been exercised enough, and how often they were."""
        times = {invariant.id: self.tally.exercised(invariant.id) for invariant in self.invariants}
        return {id_: n for id_, n in times.items() if n < EXERCISED_ENOUGH and id_ not in self.tally.findings}

    def _draw(self, family: Programs, number: int) -> None:
        """A few programs of one family; Hypothesis sees no failure, so that it never stops to shrink."""
        quiet = settings(
            max_examples=PROGRAMS_PER_TURN, phases=[Phase.generate], database=None, deadline=None,
            verbosity=Verbosity.quiet, suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
        )  # fmt: skip

        @seed(number)
        @quiet
        @given(family, st.integers(0, 2**32 - 1))
        def programs(program: Program, schedule_seed: int) -> None:
            try:
                self._program(program, schedule_seed)
            except Exception as error:
                raise _FailedError(error) from error

        programs()

    def _program(self, program: Program, schedule_seed: int) -> None:
        if not program.tasks:
            self._check_budget()  # there may never be any
            return
        setting = Setting(program, self.config, self.limits)
        self.status.programs += 1
        plan = next(self._plans)
        executions = min(plan.executions, max(FEWEST_EXECUTIONS, MOST_CALLS // program.size))
        self._explore(setting, replace(plan, seed=schedule_seed, executions=executions))
        self._check_budget()

    def _explore(self, setting: Setting, plan: Exploration) -> None:
        self.tally.next_program()
        misdeclared = False

        def found(one: Found) -> bool:
            nonlocal misdeclared
            misdeclared = misdeclared or is_misdeclared(one.execution.history)
            for finding in self._calmer(one, setting):
                self.sightings.append(Sighting(finding, setting.program, one.origin, one.preemptions))
            for finding in self.tally.consume(one.execution, setting):
                self.sightings.append(Sighting(finding, setting.program, one.origin, one.preemptions))
                self.status.findings = (*self.status.findings, finding.invariant.id)
            return self._within_budget()

        progress = self.target.explore(setting.program, plan, found, self._progress)
        for index, times in progress.counts.items():
            self.tally.count(str(index), times - 1)
        self.status.executions += progress.executions
        self.status.points += progress.points
        self.status.distinct += progress.distinct
        if misdeclared and not self.sightings:  # what has been seen is told, come what may
            require_declared(self.target, setting.program)

    def _calmer(self, one: Found, setting: Setting) -> list[Finding]:
        """Violations that were so far seen with many preemptions only, by an execution with few."""
        if one.preemptions > FEW:
            return []
        muddled = [sighting.finding.invariant for _, sighting in self.calmest() if sighting.preemptions > FEW]
        judged = [(invariant, judge(invariant, one.execution, setting)) for invariant in muddled]
        return [
            Finding(invariant, setting, one.execution, judgement)
            for invariant, judgement in judged
            if judgement.violation is not None
        ]

    def _progress(self, _progress: Progress) -> bool:
        return self._within_budget()

    def _within_budget(self) -> bool:
        self.status.elapsed = time.monotonic() - self._begin
        self.watch(self.status)
        return self.status.elapsed < self.budget - self._reserve()

    def _reserve(self) -> float:
        """Seconds kept back to confirm what has been found."""
        each = RESERVE_HISTORIES * self.status.elapsed / max(self.tally.distinct, 1)
        return min(RESERVE_SHARE * self.budget, each * len(self.tally.findings))

    def _check_budget(self) -> None:
        if not self._within_budget() or len(self.tally.findings) == len(self.invariants):
            raise _Over
