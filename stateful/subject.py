"""A firmware under test, as machines see it: run this program so, explore that one; raise what does not hold.

Every run begins by forgetting what earlier runs taught the simulator about shared memory, and by learning it from the
program itself. So an example's outcome depends on the example alone, which Hypothesis demands: a failure that
depended on its predecessors would not shrink, and would be called flaky.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from types import TracebackType
from typing import Self

from p4verify.stateful.booting import require_boot
from p4verify.stateful.declaring import is_misdeclared, require_declared
from p4verify.stateful.families import offered
from p4verify.stateful.known_names import require_known_fields
from p4verify.stateful.opened import target_name
from p4verify.stateful.violations import Case, ViolatedError, violation
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import Manifest
from p4verify.targets.model.target import ModelTarget
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, Shared, TargetError
from p4verify.verify.criteria import Offers, available
from p4verify.verify.execution import Execution
from p4verify.verify.explore import Finding, Tally, judge, unreadable
from p4verify.verify.minimise import FEW, fewest_choices, smallest_program
from p4verify.verify.program import Program, Value
from p4verify.verify.schedule import Granularity, Schedule
from p4verify.verify.verdict import Invariant, Setting

NOTHING = Shared(())
LEARNING = Exploration("random", Granularity.WORDS, executions=12, quantum_us=1_000_000)
"""How a program teaches which memory its tasks share, before it runs under a schedule of its own."""

SEARCH = (
    Exploration("pct", Granularity.WORDS, executions=100, depth=1),
    Exploration("pct", Granularity.WORDS, executions=150, depth=2),
    Exploration("pct", Granularity.WORDS, executions=150, depth=3),
)
"""Where a violation is looked for in a smaller program: few preemptions first."""
CALM = 8
"""How often, and how many times as long, the smallest program is searched for a calmer schedule."""


@dataclass
class Counts:
    """How much was judged: executions, those that lost records, and per invariant those that met its precondition."""

    executions: int = 0
    lost: int = 0
    exercised: Counter[str] = field(default_factory=Counter)
    unreadable: str = ""
    """Why the first history that could not be read could not."""
    unsupported: str = ""
    """What the first execution that used something the target does not offer used."""


class Subject:
    """A firmware in its simulator, the invariants that can be judged on it, and how much has been judged."""

    def __init__(self, target: SimTarget | ModelTarget, only: Iterable[str] = ()) -> None:
        manifest = target.build.manifest
        description = target.description
        self.target = target
        self.operations = frozenset(kind.name for kind in description.operations)
        self.config: dict[str, Value] = dict(manifest.config) if manifest else {}
        self.limits: dict[str, float] = dict(manifest.limits) if manifest else {}
        self.offers = Offers.of(
            {kind.name: kind.results.names for kind in description.operations},
            [kind.name for kind in description.observers],
        )
        self.invariants: Sequence[Invariant] = available(self.offers, target_name(target.build), only)
        self.counts = Counts()

    @classmethod
    def of(cls, manifest: Manifest, only: Iterable[str] = ()) -> Self:
        """Builds it; `only` names the criteria or invariants to judge. BuildError, CompilerError, ValueError.

        TargetError where it does not boot by itself; AdapterError where it means something else by a known name.
        """
        target = SimTarget(build_firmware(manifest))
        try:
            require_known_fields(target.description)
            require_boot(target)
        except TargetError:
            target.close()
            raise
        return cls(target, only)

    def judging(self, invariants: Sequence[Invariant]) -> Subject:
        """The same firmware in the same process, with other invariants and counts of its own."""
        other = object.__new__(Subject)
        other.__dict__.update(self.__dict__)
        other.invariants, other.counts = invariants, Counts()
        return other

    def close(self) -> None:
        """Ends the simulator."""
        self.target.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ---- one schedule ----

    def run(self, case: Case, *, trace: bool = False) -> Execution:
        """The execution of a case. Judges nothing."""
        if case.shared is None:
            self._learn(case.program)
        else:
            self.target.load(case.program)
            self.target.restore(case.shared)
        return self.target.execute(None, case.schedule, trace=trace, tick_budget=case.tick_budget)

    def known(self, case: Case) -> Shared:
        """What is known about shared memory when the execution of a case begins."""
        if case.shared is not None:
            return case.shared
        self._learn(case.program)
        return self.target.shared()

    def _learn(self, program: Program) -> None:
        self.target.load(program)
        self.target.restore(NOTHING)
        if isinstance(self.target, SimTarget):  # in the model every step says what it touches
            self.target.explore(None, LEARNING, lambda _found: False)  # so few that all are run, and one is decoded

    def check(self, case: Case) -> None:
        """Runs a case; raises the first invariant that does not hold. Operations the firmware lacks are left out."""
        case = replace(case, program=offered(case.program, self.operations))
        if not case.program.tasks:
            return
        execution = self.run(case)
        setting = Setting(case.program, self.config, self.limits)
        self.counts.executions += 1
        self.counts.lost += execution.history.lost > 0
        self.counts.unreadable = self.counts.unreadable or unreadable(execution)
        if is_misdeclared(execution.history):
            require_declared(self.target, case.program)
        for invariant in self.invariants:
            judgement = judge(invariant, execution, setting)
            self.counts.exercised[invariant.id] += judgement.exercised
            if judgement.violation is not None:
                raise violation(Finding(invariant, setting, execution, judgement), case)

    # ---- many schedules ----

    def explore(self, program: Program, plan: Exploration) -> None:
        """Explores a program; raises the first violation with the schedule that leads to it."""
        program = offered(program, self.operations)
        if not program.tasks:
            return
        setting = Setting(program, self.config, self.limits)
        tally = Tally(self.invariants)
        seen: list[tuple[Finding, Found]] = []
        misdeclared = False

        def found(one: Found) -> bool:
            nonlocal misdeclared
            misdeclared = misdeclared or is_misdeclared(one.execution.history)
            seen.extend((finding, one) for finding in tally.consume(one.execution, setting))
            return not seen

        self.target.load(program)
        self.target.restore(NOTHING)
        progress = self.target.explore(None, plan, found)
        if seen:
            raise self._seen(*seen[0])
        if misdeclared:
            require_declared(self.target, program)
        for index, times in progress.counts.items():
            tally.count(str(index), times - 1)
        self._add(tally)

    def _seen(self, finding: Finding, found: Found) -> Exception:
        program, origin = finding.setting.program, found.origin
        known = Shared(self.target.shared().entries[: origin.known])  # in the order in which it was learnt
        _, schedule = self.target.again(program, origin)
        return violation(finding, Case(program, schedule, origin.exploration.tick_budget, known))

    def _add(self, tally: Tally) -> None:
        self.counts.executions += tally.executions
        self.counts.unsupported = self.counts.unsupported or tally.unsupported_use
        self.counts.lost += tally.lost
        self.counts.unreadable = self.counts.unreadable or tally.unreadable
        for invariant in self.invariants:
            self.counts.exercised[invariant.id] += tally.exercised(invariant.id)

    # ---- smaller ----

    def simplify(self, error: ViolatedError, searches: int = 40) -> ViolatedError:
        """The same invariant violated by a smaller program and fewer choices, as far as so many searches get."""
        alone, left = self.judging([error.finding.invariant]), count(searches, -1)
        start = replace(error.case, shared=self.known(error.case))
        program, case = smallest_program(start.program, start, alone.search, lambda: next(left) > 0)
        smaller = alone.calmer(case)
        for number in range(CALM):
            if len(smaller.schedule.choices) <= FEW:
                break
            other = alone.search(program, CALM, number)
            if other is not None:
                smaller = min(smaller, alone.calmer(other), key=lambda found: len(found.schedule.choices))
        return alone.violated(smaller) or error

    def calmer(self, case: Case, tries: int = 2000) -> Case:
        """The case with the fewest choices that so many executions find."""
        left = count(tries, -1)

        def holds(schedule: Schedule) -> bool:
            return self.violated(replace(case, schedule=schedule)) is not None

        return replace(case, schedule=fewest_choices(case.schedule, holds, lambda: next(left) > 0))

    def search(self, program: Program, times: int = 1, number: int = 0) -> Case | None:
        """A case of this program that violates an invariant; None when a short search (or so many) finds none."""
        for plan in SEARCH:
            try:
                self.explore(program, replace(plan, executions=times * plan.executions, seed=number))
            except ViolatedError as error:
                return error.case
        return None

    def violated(self, case: Case) -> ViolatedError | None:
        """The violation that a case shows, if it does."""
        try:
            self.check(case)
        except ViolatedError as error:
            return error
        return None
