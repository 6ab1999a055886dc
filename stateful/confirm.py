"""From a first sighting to a finding that can be believed: calm, small, replayed, traced, and saved.

Calm (at most two preemptions) comes first and is looked for however little time there is, bound after bound: no
deviation, one, two. Small is what time allows. Both are measured in judged histories, so that a loaded machine finds
what an idle one finds; the clock only guards against firmware whose every execution is slow. Everything starts from
what was known about shared memory when the sighting was made, so that it depends on nothing but the sighting.

A finding that does not come back is not shown as one: it is counted, and the verdict is unknown. Which words of
memory are known to be shared decides where choice points lie, so it is part of every replay.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from p4verify.targets.target import Exploration, Found, Origin, ReplayingTarget, Shared
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.explore import judge
from p4verify.verify.minimise import FEW, Segment, fewest_choices, fewest_segments, smallest_program
from p4verify.verify.program import Program, Value
from p4verify.verify.schedule import Granularity, Schedule
from p4verify.verify.verdict import Invariant, Judgement, Setting

REPLAYS, FEWEST_REPLAYS = 100, 3
REPLAY_SECONDS = 30.0
"""In which a finding is replayed, at a hang's pace on a busy machine; most take a fraction of one."""
PATIENCE_SECONDS = 8.0
"""What is needed is ended by the clock only when executions are very slow (a firmware that hangs takes a second)."""
SMALL, READABLE, FINISH = 2000, 2000, 150
"""Judged histories that it may take to make one finding small, to make it calm, and to take its last choices away."""
EXECUTIONS_PER_UNIT = 40
"""Executions that show nothing new, and cost as much as judging one history."""
ROUNDS = 6
"""Of the search for few preemptions, each with other random numbers."""

LEARNING = Exploration("random", executions=100, quantum_us=1_000_000)
"""Teaches where a program's tasks share memory, before few deviations are placed there."""
CALM: tuple[Exploration, ...] = (
    Exploration("delay", Granularity.WORDS, executions=1, depth=0),
    Exploration("delay", Granularity.WORDS, executions=1500, depth=1),
    Exploration("delay", Granularity.WORDS, executions=3000, depth=2),
)
"""Few preemptions by construction: none, one, two. There are fewer choice points than the second has executions."""
BRIEF = tuple(replace(plan, executions=plan.executions // 3 + 1) for plan in CALM)
SEARCH: tuple[Exploration, ...] = (
    *BRIEF,
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

    @property
    def calm(self) -> bool:
        """Few preemptions."""
        return self.preemptions <= FEW

    @property
    def plain(self) -> bool:
        """And hardly a choice beside them of who goes on when somebody waits."""
        return self.calm and len(self.schedule.choices) <= FEW


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


class _Meter:
    """How much may still be spent on one finding."""

    def __init__(self, seconds: float) -> None:
        now = time.monotonic()
        self._end, self._patience = now + seconds, now + seconds + PATIENCE_SECONDS
        self._units = 0.0

    def begin(self, histories: int) -> None:
        """So many for what comes now, whatever was spent before."""
        self._units = histories

    def spend(self, histories: int, executions: int = 0) -> None:
        self._units -= histories + executions / EXECUTIONS_PER_UNIT

    def wish(self) -> bool:
        """May it become smaller still?"""
        return self._units > 0 and time.monotonic() < self._end

    def need(self) -> bool:
        """May what is needed be looked for still?"""
        return self._units > 0 and time.monotonic() < self._patience


class Confirmer:
    """Confirms findings of one target; in the process that made them, while it lives."""

    def __init__(
        self, target: ReplayingTarget, config: Mapping[str, Value], limits: Mapping[str, float], seed: int
    ) -> None:
        self._target = target
        self._config = config
        self._limits = limits
        self._seed = seed
        self._learnt: Shared | None = None
        self._meter = _Meter(0.0)
        self._races = False
        """It is a race: only where they are looked for can it come back."""
        self._hangs = False
        """The sighting did, for a second: a part of that tells a hang from then on, else there were time for few."""

    def confirm(self, invariant: Invariant, program: Program, origin: Origin, seconds: float) -> Confirmed | None:
        """None when it does not come back. Becoming small stops after `seconds`; becoming calm and replays do not."""
        self._meter = _Meter(seconds)
        self._learnt = self._learnt or self._target.shared()
        self._knowing(self._learnt, origin.known)
        first = self._target.rerun(program, origin)
        if not self._violates(invariant, program, first.execution):
            return None
        self._hangs = first.execution.ending.outcome is Outcome.HANG
        self._races = not self._violates(invariant, program, replace(first.execution, races=None))
        case = Case(first.schedule, first.segments, origin.known, first.preemptions)
        program, case = self._smallest(invariant, program, case)
        return self._replayed(invariant, program, self._fewest(invariant, program, case))

    def _knowing(self, shared: Shared, first: int) -> None:
        """So much is known about shared memory, and nothing that was learnt since."""
        self._target.restore(Shared(shared.entries[:first]))

    def _setting(self, program: Program) -> Setting:
        return Setting(program, self._config, self._limits)

    def _judge(self, invariant: Invariant, program: Program, execution: Execution) -> Judgement:
        self._meter.spend(1)
        return judge(invariant, execution, self._setting(program))

    def _violates(self, invariant: Invariant, program: Program, execution: Execution) -> bool:
        return self._judge(invariant, program, execution).violation is not None

    # ---- smaller programs ----

    def _smallest(self, invariant: Invariant, program: Program, case: Case) -> tuple[Program, Case]:
        """Few preemptions are worth more than few operations: from a plain case on, only calm searches are made."""
        case = self._calmed(invariant, program, case)
        plans = BRIEF if case.plain else SEARCH

        def search(smaller: Program) -> Case | None:
            nonlocal plans
            met = self._search(invariant, smaller, plans, self._meter.wish)
            plans = BRIEF if met is not None and met.plain else plans
            return met

        self._meter.begin(SMALL)
        smaller, met = smallest_program(program, case, search, self._meter.wish)
        met = met if met.calm else self._calmed(invariant, smaller, met)
        return (smaller, met) if met.calm or not case.calm else (program, case)

    def _calmed(self, invariant: Invariant, program: Program, case: Case) -> Case:
        """A case of few deviations, bound after bound; else as few changes of task as can be; else again."""
        self._meter.begin(READABLE)
        self._knowing(self._target.shared(), case.known)
        more = self._meter.wish if case.plain else self._meter.need
        if not self._hangs:
            self._target.explore(program, replace(LEARNING, seed=self._seed), _ignore, lambda _progress: more())
        for number in range(ROUNDS):
            met = self._search(invariant, program, CALM, more, number) if more() else None
            if met is not None:
                return met
            case = case if case.calm else self._merged(invariant, program, case)
            if case.calm:
                break
        return case

    def _search(
        self, invariant: Invariant, program: Program, plans: Sequence[Exploration], more: Callable[[], bool],
        number: int = 0,
    ) -> Case | None:  # fmt: skip
        """The first violation that a short search of a program meets."""
        for plan in plans:
            case = self._explore(invariant, program, replace(plan, seed=self._seed + number), more)
            if case is not None or not more():
                return case
        return None

    def _explore(
        self, invariant: Invariant, program: Program, plan: Exploration, more: Callable[[], bool]
    ) -> Case | None:
        met: list[Found] = []

        def found(one: Found) -> bool:
            if not met and self._violates(invariant, program, one.execution):
                met.append(one)
            return not met and more()

        plan = replace(plan, races=self._races)
        done = self._target.explore(program, plan, found, lambda _progress: more())
        self._meter.spend(0, met[0].origin.ordinal if met else done.executions)
        if not met:
            return None
        again = self._target.rerun(program, met[0].origin)
        self._knowing(self._target.shared(), met[0].origin.known)  # it went on until it was told to stop
        return Case(again.schedule, again.segments, met[0].origin.known, again.preemptions)

    # ---- fewer choices ----

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

        fewest_segments(case.segments, run, self._meter.need)
        return best

    def _fewest(self, invariant: Invariant, program: Program, case: Case) -> Case:
        """As few choices, as early; no more preemptions than there were."""
        self._meter.begin(FINISH)
        case = case if case.plain else self._merged(invariant, program, case)

        def holds(schedule: Schedule) -> bool:
            replay = self._target.run(program, schedule, known=case.known, hangs=self._hangs)
            return replay.preemptions <= case.preemptions and self._violates(invariant, program, replay.execution)

        return replace(case, schedule=fewest_choices(case.schedule, holds, self._meter.need))

    # ---- belief ----

    def _replayed(self, invariant: Invariant, program: Program, case: Case) -> Confirmed | None:
        replayed, replays = self._replay(invariant, program, case)
        execution = self._target.execute(program, case.schedule, known=case.known, trace=True)
        judgement = self._judge(invariant, program, execution)
        if replayed < replays or judgement.violation is None:
            return None
        shared = Shared(self._target.shared().entries[: case.known])
        return Confirmed(invariant, judgement, program, case.schedule, shared, execution, replayed, replays)

    def _replay(self, invariant: Invariant, program: Program, case: Case) -> tuple[int, int]:
        """How many replays showed it, of how many. One that repeats the last byte for byte is judged as that was."""
        end = time.monotonic() + REPLAY_SECONDS
        shown = replays = 0
        last, shows = None, False
        while replays < REPLAYS and (replays < FEWEST_REPLAYS or time.monotonic() < end):
            execution = self._target.run(program, case.schedule, known=case.known, hangs=self._hangs).execution
            if execution is not last:
                last, shows = execution, self._violates(invariant, program, execution)
            shown += shows
            replays += 1
        return shown, replays


def _ignore(_found: Found) -> bool:
    return True
