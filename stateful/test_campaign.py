"""A campaign over a scripted target: which sightings are kept, and what is held back to confirm them."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice

import pytest
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

from p4verify.stateful.campaign import AT_FIRST, PORTFOLIO, PROGRAMS_PER_TURN, QUICKEST, RESERVE_SHARE, Campaign
from p4verify.stateful.strategies import BATTERY, assemble
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, OnFound, OnProgress, Origin, Progress, TargetError
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.history import History
from p4verify.verify.program import Program
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Invariant, Judgement, Setting, violated

PROGRAM = assemble([[(BATTERY, 0)]], (5,), {}, 0, ())
AMPLE_SECONDS = 3600.0


@dataclass
class Scripted(SimTarget):
    """A target whose executions are given by their numbers of preemptions, in the order in which they come."""

    preemptions: Sequence[int]
    seen: list[int] = field(default_factory=list)

    def explore(
        self, _program: Program | None, exploration: Exploration, found: OnFound, _progress: OnProgress | None = None
    ) -> Progress:
        for index, number in enumerate(self.preemptions):
            history = Execution(History((), (), 0, 0), Ending(Outcome.COMPLETED), number, str(index))
            self.seen.append(number)
            found(Found(index, history, Origin(exploration, index, 0, 0), 0, number))
        return Progress(len(self.preemptions), 0, len(self.preemptions), {})


def always(execution: Execution, _setting: Setting) -> Judgement:
    return violated(f"execution {execution.ordinal}")


def when_calm(execution: Execution, _setting: Setting) -> Judgement:
    return violated("calm") if execution.ordinal == 1 else HELD


def campaign(preemptions: Sequence[int], *invariants: Invariant) -> Campaign:
    made = Campaign(
        Scripted(preemptions), {"one": st.just(PROGRAM)}, invariants, {}, {}, 0, AMPLE_SECONDS
    )  # fmt: skip
    made.explore()  # until all are violated
    return made


def test_a_target_that_fails_once_ends_exploring_with_its_own_error() -> None:
    class Failing(Scripted):
        def explore(self, *_arguments: object) -> Progress:
            self.seen.append(0)
            if len(self.seen) == 1:
                raise TargetError("it died")
            return Progress(0, 0, 0, {})

    target = Failing([])
    with pytest.raises(TargetError, match="it died"):
        Campaign(target, {"one": st.just(PROGRAM)}, (WILD,), {}, {}, 0, AMPLE_SECONDS).explore()
    assert target.seen == [0]  # not run again to see whether it fails again


WILD, CALM = Invariant("my.wild", "", always), Invariant("my.calm", "", when_calm)


def test_the_first_sighting_with_few_preemptions_takes_the_place_of_a_muddle() -> None:
    run = campaign([90, 12, 2, 0], WILD)
    assert [sighting.preemptions for sighting in run.sightings] == [90, 2]
    assert [(number, sighting.preemptions) for number, sighting in run.calmest()] == [(1, 2)]
    assert run.status.findings == ("my.wild",)


def test_a_calm_sighting_is_kept_and_order_is_that_of_the_first_sightings() -> None:
    run = campaign([30, 1, 2], WILD, CALM)
    ids = [(sighting.finding.invariant.id, sighting.preemptions) for _, sighting in run.calmest()]
    assert ids == [("my.wild", 1), ("my.calm", 1)]
    assert len(run.sightings) == 3


def test_every_family_meets_every_plan_and_first_of_all_each_family_is_looked_at_briefly() -> None:
    families = {name: st.just(PROGRAM) for name in "abc"}
    run = Campaign(Scripted([]), families, (WILD,), {}, {}, 0, AMPLE_SECONDS)
    turns = [(name, *islice(plans, PROGRAMS_PER_TURN)) for name, plans in islice(run._turns(), 3 + 3 * len(PORTFOLIO))]
    briefly = replace(PORTFOLIO[QUICKEST], executions=AT_FIRST)
    assert turns[:3] == [(name, *[briefly] * PROGRAMS_PER_TURN) for name in "abc"]
    for name in "abc":
        met = [plan for turn in turns[3:] if turn[0] == name for plan in turn[1:]]
        assert {plan: met.count(plan) for plan in PORTFOLIO} == dict.fromkeys(PORTFOLIO, PROGRAMS_PER_TURN)


def _exercised_by(name: str, judged: list[str]) -> Invariant:
    """Holds, and is exercised by the programs that call their task so."""

    def check(_execution: Execution, setting: Setting) -> Judgement:
        judged.append(setting.program.tasks[0].name)
        return HELD if judged[-1] == name else NOT_EXERCISED

    return Invariant(f"my.{name}", "", check)


def _named(name: str) -> Program:
    return replace(PROGRAM, tasks=(replace(PROGRAM.tasks[0], name=name),))


def _drawn(programs: int, *, sparing: bool) -> Counter[str]:
    """How many programs of each family a campaign draws whose invariant is exercised by one family alone."""
    judged: list[str] = []

    def enough(_execution: Execution, _setting: Setting) -> Judgement:
        return violated("enough") if len(judged) >= programs else NOT_EXERCISED

    families = {name: st.just(_named(name)) for name in "abcd"}
    invariants = (_exercised_by("c", judged), Invariant("my.end", "", enough))
    run = Campaign(Scripted([0]), families, invariants, {}, {}, 0, AMPLE_SECONDS, sparing=sparing)
    run.watch = lambda _status: setattr(run, "budget", 0.0 if len(judged) >= programs else AMPLE_SECONDS)
    run.explore()
    return Counter(judged)


def test_most_turns_feed_what_was_exercised_least_and_none_is_left_out() -> None:
    drawn = _drawn(80, sparing=False)
    assert drawn["c"] >= 50
    assert min(drawn[name] for name in "abd") >= 6


def test_where_executions_are_dear_only_what_feeds_is_drawn() -> None:
    drawn = _drawn(80, sparing=True)
    assert [drawn[name] for name in "abd"] == [PROGRAMS_PER_TURN] * 3


def test_programs_do_not_depend_on_the_modules_that_are_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def ours() -> object:
        raise AssertionError("Hypothesis reads the modules that are loaded")

    def fifth(_execution: Execution, _setting: Setting) -> Judgement:
        return violated("the fifth") if next(judged) == 4 else HELD

    monkeypatch.setattr(providers, "_get_local_constants", ours)
    judged, frozen = count(), gc.get_freeze_count()
    drawn = st.lists(st.integers(0, 2**32 - 1), min_size=200, max_size=200)  # one in twenty of them is a constant
    families = {"one": drawn.map(lambda _numbers: PROGRAM)}
    made = Campaign(Scripted([0]), families, (Invariant("my.fifth", "", fifth),), {}, {}, 0, AMPLE_SECONDS)
    made.explore()
    assert made.tally.findings
    assert (providers._get_local_constants, gc.get_freeze_count()) == (ours, frozen)


def test_no_more_than_its_share_of_the_budget_is_held_back_to_confirm() -> None:
    run = campaign([30, 1], WILD)
    run.status.elapsed = AMPLE_SECONDS
    assert run._reserve() == RESERVE_SHARE * AMPLE_SECONDS
    run.status.elapsed = 0.002
    assert 0 < run._reserve() < RESERVE_SHARE * AMPLE_SECONDS
