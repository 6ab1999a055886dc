"""What `p4verify litmus` does: explores a self-contained C or C++ file until an execution of it goes wrong.

The file is `app_main` or `main`, with FreeRTOS tasks, pthreads or C11 atomics. It goes wrong by a failed assertion, a
crash, a deadlock, a hang, an endless loop, broken memory, misuse of the RTOS, or an exit status other than 0; and by a
data race, where races are looked for. As in C11, `volatile` orders nothing, and atomics race with plain accesses alone.
What it prints is its outcome, and outcomes are counted. The first failure is minimised and replayed like any other.
It refuses to call a file right: nothing found is nothing found in so many executions.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from p4verify.reports.finding import ConfirmedFinding
from p4verify.stateful.confirm import Confirmed, Confirmer
from p4verify.targets.building.build import Build, build_litmus
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.objects import OnProgress
from p4verify.targets.building.plan import Litmus
from p4verify.targets.machine.audit import BlindSpot
from p4verify.targets.printed import text_of
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, Progress, TargetError
from p4verify.verify.execution import Ending, Execution, Outcome, Race
from p4verify.verify.invariants.races import sentence
from p4verify.verify.program import Program
from p4verify.verify.schedule import Granularity
from p4verify.verify.verdict import HELD, Check, Invariant, Judgement, Setting, violated

THE_FILE = Program((), {})
"""Stands for the file itself where a finding names its program."""
HARMLESS = frozenset({Outcome.COMPLETED, Outcome.RESTART})
TITLE = "every execution ends without assertion, crash, deadlock, hang, memory error or misuse"
RACE_FREE, UNRACED = "litmus.race-free", "no two tasks share data without order"
FIRST_ROUND = 500
"""Executions of each strategy in the first round of the portfolio; every round has four times as many."""
GROWTH = 4
DEEPEST = 6


@dataclass(frozen=True, slots=True)
class LitmusPlan:
    """Which files, and how long to look. `strategy` None: a portfolio of calm, random and ever deeper PCT schedules.

    At most `executions` are run, in about `seconds`; the first failure ends it. `arguments` are those of the command
    line that led here, for the line that shows a finding again.
    """

    files: tuple[Path, ...]
    strategy: str | None = None
    granularity: Granularity = Granularity.WORDS
    depth: int = 3
    executions: int = 1_000_000
    seconds: float = 10.0
    seed: int = 0
    relaxed: bool = False
    defines: Mapping[str, str] = field(default_factory=dict)
    include: tuple[Path, ...] = ()
    arguments: tuple[str, ...] = ()
    races: bool = False
    """Whether a data race is a failure."""


@dataclass(frozen=True, slots=True)
class LitmusResult:
    """What came out. `outcomes`: how often each text was printed by executions that went well, the most frequent first.

    `blind`: accesses that the scheduler could not see. `unconfirmed`: a failure that did not come back when replayed.
    """

    build: Build
    outcomes: Mapping[str, int]
    executions: int
    points: int
    seconds: float
    finding: ConfirmedFinding | None
    blind: tuple[BlindSpot, ...]
    unconfirmed: str = ""
    root: Path = Path()
    """The folder below which the files lie: their names in traces are relative to it."""

    @property
    def status(self) -> int:
        """The exit status: 0 nothing found, 1 found, 3 inconclusive (seen once, and not again)."""
        return 1 if self.finding else 3 if self.unconfirmed else 0


@dataclass(slots=True)
class LitmusStatus:
    """How far it is, for whoever watches."""

    executions: int = 0
    distinct: int = 0
    elapsed: float = 0.0
    doing: str = "exploring"


Watch = Callable[[LitmusStatus], None]


class LitmusTarget(SimTarget):
    """A build of litmus files: the file is the program, so there is none to load."""

    def load(self, program: Program) -> None:
        """Nothing."""


def run_litmus(
    plan: LitmusPlan,
    compiler: Compiler | None = None,
    *,
    watch: Watch = lambda _status: None,
    progress: OnProgress = lambda _line: None,
) -> LitmusResult:
    """Builds, explores, confirms. BuildError, CompilerError or TargetError when that is impossible (exit status 2)."""
    build = build_litmus(plan.files, compiler, defines=plan.defines, include=plan.include, progress=progress)
    with LitmusTarget(build) as target:
        return _Search(plan, target, watch).run()


def check_ending(execution: Execution, _setting: Setting) -> Judgement:
    """The invariant of a litmus file."""
    ending = execution.ending
    return HELD if ending.outcome in HARMLESS else violated(_sentence(ending))


ENDS_WELL = Invariant("litmus.ends-well", TITLE, check_ending)


def _sentence(ending: Ending) -> str:
    words = ending.outcome.value if ending.outcome is not Outcome.EXIT else "exit"
    where = f" at {ending.where}" if ending.where else ""
    task = f" in task {ending.task}" if ending.task else ""
    return f"{words}{task}{where}: {ending.detail}" if ending.detail else f"{words}{task}{where}"


def _failure(execution: Execution) -> str:
    harmless = execution.ending.outcome in HARMLESS and execution.races
    return sentence(execution.races[0]) if harmless and execution.races else _sentence(execution.ending)


def portfolio(plan: LitmusPlan) -> Iterator[Exploration]:
    """What is tried, in order; endless. No two explorations try the same schedules by the same draws.

    Few executions are shared by the whole first round, so that none of its ways is left out.
    """
    base = Exploration(granularity=plan.granularity, relaxed=plan.relaxed, depth=plan.depth)
    executions = min(FIRST_ROUND, max(1, plan.executions // len(_strategies(plan, 0))))
    number = 0
    while True:
        for strategy, depth, races in _strategies(plan, number):
            seed = plan.seed * 1_000_003 + number
            how = replace(base, granularity=Granularity.SYNC, races=True) if races else base
            yield replace(how, strategy=strategy, depth=depth, seed=seed, executions=executions)
            number += 1
        executions *= GROWTH


def _strategies(plan: LitmusPlan, number: int) -> Sequence[tuple[str, int, bool]]:
    """Name, depth, and whether races are looked for: that costs, and needs no preemption between two accesses."""
    if plan.strategy is not None:
        return [(plan.strategy, plan.depth, races) for races in (False, True)[: 1 + plan.races]]
    calm = [("delay", 0, False), ("delay", 1, False)] if number == 0 else []
    raced = [("random", 0, True)] if plan.races else []
    deeper = [("pct", depth, False) for depth in range(2, DEEPEST)]
    return [*calm, ("delay", 2, False), ("random", 0, False), *raced, *deeper]


class _Search:
    def __init__(self, plan: LitmusPlan, target: LitmusTarget, watch: Watch) -> None:
        self.plan, self.target, self.watch = plan, target, watch
        self.begin = time.monotonic()
        self.status = LitmusStatus()
        self.outcomes: dict[str, int] = {}
        self.points = 0
        self.failed: Found | None = None

    def run(self) -> LitmusResult:
        for exploration in portfolio(self.plan):
            left = self.plan.executions - self.status.executions
            if self.failed or left <= 0 or self._left() <= 0:
                break
            self._explore(replace(exploration, executions=min(left, exploration.executions), seconds=self._left()))
        return self._result(self._confirm(self.failed) if self.failed else None)

    def _left(self) -> float:
        return self.plan.seconds - (time.monotonic() - self.begin)

    def _explore(self, exploration: Exploration) -> None:
        texts: dict[int, str] = {}

        def found(one: Found) -> bool:
            ending = one.execution.ending
            if ending.outcome is Outcome.UNSUPPORTED:
                raise TargetError(_sentence(ending))
            if ending.outcome in HARMLESS and not one.execution.races:
                texts[one.index] = text_of(one.execution.history)
            else:
                self.failed = self.failed or one
            return self.failed is None

        done = self.target.explore(THE_FILE, exploration, found, self._progress)
        for index, text in texts.items():
            self.outcomes[text] = self.outcomes.get(text, 0) + done.counts.get(index, 1)
        self.status.executions += done.executions
        self.points += done.points

    def _progress(self, progress: Progress) -> bool:
        self.status.elapsed = time.monotonic() - self.begin
        executions = self.status.executions + progress.executions
        self.watch(replace(self.status, executions=executions, distinct=len(self.outcomes)))
        return True

    def _confirm(self, failed: Found) -> Confirmed | None:
        self.watch(replace(self.status, doing="confirming"))
        races = failed.execution.races
        if failed.execution.ending.outcome in HARMLESS and races:
            invariant = Invariant(RACE_FREE, UNRACED, races_like(races[0]))
        else:
            invariant = Invariant(ENDS_WELL.id, TITLE, ends_like(failed.execution.ending))
        confirmer = Confirmer(self.target, {}, {}, self.plan.seed)
        return confirmer.confirm(invariant, THE_FILE, failed.origin, max(2.0, self.plan.seconds / 2))

    def _result(self, confirmed: Confirmed | None) -> LitmusResult:
        finding = None if confirmed is None else _finding(self.plan, confirmed)
        ordered = dict(sorted(self.outcomes.items(), key=lambda item: (-item[1], item[0])))
        lost = _failure(self.failed.execution) if self.failed and not confirmed else ""
        seconds = time.monotonic() - self.begin
        return LitmusResult(
            self.target.build, ordered, self.status.executions, self.points, seconds, finding,
            self.target.build.audit, lost, Litmus(tuple(file.resolve() for file in self.plan.files), {}, ()).root,
        )  # fmt: skip


def ends_like(wanted: Ending) -> Callable[[Execution, Setting], Judgement]:
    """Violated by an execution that goes wrong as `wanted` did: a smaller schedule must show the same fault."""

    def check(execution: Execution, setting: Setting) -> Judgement:
        same = execution.ending.outcome is wanted.outcome and execution.ending.where == wanted.where
        return check_ending(execution, setting) if same else HELD

    return check


def races_like(wanted: Race) -> Check:
    """Violated by an execution in which the same variable is raced for."""

    def check(execution: Execution, _setting: Setting) -> Judgement:
        races = (race for race in execution.races or () if race.variable == wanted.variable)
        race = next(races, None)
        return HELD if race is None else violated(sentence(race))

    return check


def _finding(plan: LitmusPlan, confirmed: Confirmed) -> ConfirmedFinding:
    defined = (f"--define={name}={value}" for name, value in plan.defines.items())
    arguments = plan.arguments or (*map(str, plan.files), *defined, "--seed", str(plan.seed))
    violation = confirmed.judgement.violation
    return ConfirmedFinding(
        confirmed.invariant.id, confirmed.invariant.title, (), violation.summary if violation else "", (),
        confirmed.program, confirmed.execution, shlex.join(("p4verify", "litmus", *arguments)), confirmed.replayed,
        confirmed.replays, plan.files[0].name,
    )  # fmt: skip
