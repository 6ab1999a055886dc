"""From a first sighting to a finding that can be believed: minimised, replayed, traced, and saved.

A finding that does not come back is not shown as one: it is counted, and the verdict is unknown. Which words of
memory are known to be shared decides where choice points lie, so it is part of every replay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, Origin, Shared
from p4verify.verify.execution import Execution
from p4verify.verify.minimise import Segment, fewest_choices, fewest_segments, smallest_program
from p4verify.verify.program import Program, Value
from p4verify.verify.schedule import Granularity, Schedule
from p4verify.verify.verdict import Invariant, Judgement, Setting

REPLAYS, FEWEST_REPLAYS = 100, 3
REPLAY_SECONDS = 8.0
"""When an execution is so slow (a firmware that hangs takes a second each) that replays are ended by the clock."""
FEWEST_SECONDS = 1.0

CALM: tuple[Exploration, ...] = (
    Exploration("delay", Granularity.WORDS, executions=1, depth=0),
    Exploration("delay", Granularity.WORDS, executions=600, depth=1),
    Exploration("delay", Granularity.WORDS, executions=1500, depth=2),
)
"""Few preemptions by construction."""
SEARCH: tuple[Exploration, ...] = (
    CALM[0],
    replace(CALM[1], executions=200),
    replace(CALM[2], executions=200),
    Exploration("pct", Granularity.WORDS, executions=200, depth=2),
    Exploration("random", Granularity.WORDS, executions=150),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A schedule of a program that shows the violation, and how much was known about shared memory before it."""

    schedule: Schedule
    segments: tuple[Segment, ...]
    known: int
    preemptions: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A finding as small as time allowed. `replayed` of `replays` runs showed it again; `shared` belongs to it."""

    invariant: Invariant
    judgement: Judgement
    program: Program
    schedule: Schedule
    shared: Shared
    execution: Execution
    replayed: int
    replays: int


class Confirmer:
    """Confirms findings of one target; in the process that made them, while it lives."""

    def __init__(self, target: SimTarget, config: Mapping[str, Value], limits: Mapping[str, float], seed: int) -> None:
        self._target = target
        self._config = config
        self._limits = limits
        self._seed = seed
        self._deadline = 0.0

    def confirm(self, invariant: Invariant, program: Program, origin: Origin, seconds: float) -> Confirmed | None:
        """None when it does not come back. Minimising stops after `seconds`; the replays come on top."""
        self._deadline = time.monotonic() + seconds
        first = self._target.rerun(program, origin)
        if not self._violates(invariant, program, first.execution):
            return None
        case = Case(first.schedule, first.segments, origin.known, first.preemptions)
        program, case = self._smallest(invariant, program, case)
        return self._replayed(invariant, program, self._fewest(invariant, program, case))

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    def _more(self) -> bool:
        return self._left() > 0

    def _setting(self, program: Program) -> Setting:
        return Setting(program, self._config, self._limits)

    def _judge(self, invariant: Invariant, program: Program, execution: Execution) -> Judgement:
        return invariant.check(execution, self._setting(program))

    def _violates(self, invariant: Invariant, program: Program, execution: Execution) -> bool:
        return not execution.history.lost and self._judge(invariant, program, execution).violation is not None

    # ---- smaller programs ----

    def _smallest(self, invariant: Invariant, program: Program, case: Case) -> tuple[Program, Case]:
        """Few preemptions are worth more than few operations: where a calm search succeeds, only calm ones go on."""
        brief = [replace(plan, executions=plan.executions // 3 + 1) for plan in CALM]
        calm = self._search(invariant, program, brief)
        plans = SEARCH if calm is None else CALM

        def search(smaller: Program) -> Case | None:
            return self._search(invariant, smaller, plans)

        program, case = smallest_program(program, calm or case, search, self._more)
        calmer = None if calm else self._search(invariant, program, CALM)
        return program, calmer or case

    def _search(self, invariant: Invariant, program: Program, plans: Sequence[Exploration]) -> Case | None:
        """The first violation that a short search of a program meets."""
        for plan in plans:
            case = self._explore(invariant, program, plan)
            if case is not None or not self._more():
                return case
        return None

    def _explore(self, invariant: Invariant, program: Program, plan: Exploration) -> Case | None:
        met: list[Found] = []

        def found(one: Found) -> bool:
            if not met and self._violates(invariant, program, one.execution):
                met.append(one)
            return not met and self._more()

        self._target.explore(program, replace(plan, seed=self._seed, seconds=max(self._left(), 0.05)), found)
        if not met:
            return None
        again = self._target.rerun(program, met[0].origin)
        return Case(again.schedule, again.segments, met[0].origin.known, again.preemptions)

    # ---- fewer choices ----

    def _runs(self, invariant: Invariant, program: Program, known: int) -> Callable[[Schedule], bool]:
        def holds(schedule: Schedule) -> bool:
            return self._violates(invariant, program, self._target.execute(program, schedule, known=known))

        return holds

    def _fewest(self, invariant: Invariant, program: Program, case: Case) -> Case:
        self._deadline = max(self._deadline, time.monotonic() + FEWEST_SECONDS)
        case = self._merged(invariant, program, case)
        holds = self._runs(invariant, program, case.known)
        return replace(case, schedule=fewest_choices(case.schedule, holds, self._more))

    def _merged(self, invariant: Invariant, program: Program, case: Case) -> Case:
        """As few changes of task as possible."""
        best = case

        def run(segments: tuple[Segment, ...]) -> tuple[Segment, ...] | None:
            nonlocal best
            replay = self._target.follow(program, segments, case.schedule.granularity, case.known)
            if not self._violates(invariant, program, replay.execution):
                return None
            if (replay.preemptions, len(replay.segments)) <= (best.preemptions, len(best.segments)):
                best = Case(replay.schedule, replay.segments, case.known, replay.preemptions)
            return replay.segments

        fewest_segments(case.segments, run, self._more)
        return best

    # ---- belief ----

    def _replayed(self, invariant: Invariant, program: Program, case: Case) -> Confirmed | None:
        holds = self._runs(invariant, program, case.known)
        replayed, replays = self._replay(case.schedule, holds)
        execution = self._target.execute(program, case.schedule, known=case.known, trace=True)
        judgement = self._judge(invariant, program, execution)
        if replayed < replays or judgement.violation is None:
            return None
        shared = Shared(self._target.shared().entries[: case.known])
        return Confirmed(invariant, judgement, program, case.schedule, shared, execution, replayed, replays)

    def _replay(self, schedule: Schedule, holds: Callable[[Schedule], bool]) -> tuple[int, int]:
        """How many replays showed it again, of how many."""
        end = time.monotonic() + REPLAY_SECONDS
        shown = replays = 0
        while replays < REPLAYS and (replays < FEWEST_REPLAYS or time.monotonic() < end):
            shown += holds(schedule)
            replays += 1
        return shown, replays
