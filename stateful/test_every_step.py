"""On the model Hypothesis chooses every step, finds what is wrong as found, and nothing in the hardened firmware."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from p4verify.stateful.campaign import Campaign
from p4verify.stateful.check import CheckPlan, CheckResult, check
from p4verify.stateful.every_step import STEP_MACHINES
from p4verify.stateful.families import families, focused
from p4verify.stateful.machines import Whole
from p4verify.stateful.replaying import replay
from p4verify.stateful.stepwise import run_stepwise
from p4verify.stateful.subject import Subject
from p4verify.stateful.test_check import Scripted
from p4verify.stateful.violations import ViolatedError
from p4verify.targets.model.target import ModelTarget, model_of
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.explore import Finding
from p4verify.verify.history import History
from p4verify.verify.program import Program
from p4verify.verify.record import load_counterexample
from p4verify.verify.verdict import NOT_EXERCISED, Setting

HOW = settings(
    derandomize=True, database=None, deadline=None, max_examples=300, stateful_step_count=8, print_blob=False,
    report_multiple_bugs=False, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
)  # fmt: skip
NOTHING_RAN = Execution(History((), (), 0, 0), Ending(Outcome.COMPLETED))


def subject(firmware: str, *invariants: str) -> Subject:
    return Subject(ModelTarget(model_of(firmware))).judging([INVARIANTS[id_] for id_ in invariants])


@pytest.mark.parametrize(
    ("machine", "invariant"),
    [
        ("publisher", "bus.dispatcher-bounded"), ("telemetry", "tm.no-flash"), ("system", "tm.delta-publish"),
        ("whole", "re.no-nvs-in-callback"),
    ],
)
def test_machines_find_and_shrink_what_is_wrong_as_found(machine: str, invariant: str) -> None:
    with pytest.raises(ViolatedError) as caught:
        run_stepwise(STEP_MACHINES[machine], subject("as_found", invariant), HOW)
    case = caught.value.case
    assert caught.value.finding.invariant.id == invariant
    assert case.program.size <= len(Whole.opening)
    assert len(case.schedule.choices) <= 2
    assert subject("as_found", invariant).violated(case) is not None


def test_a_torn_point_takes_steps_that_hypothesis_chose() -> None:
    """The smallest example may need none, where the order of creation tears already; the schedule is replayed."""
    with pytest.raises(ViolatedError) as caught:
        run_stepwise(STEP_MACHINES["publisher"], subject("as_found", "np.race-free"), HOW)
    assert caught.value.finding.execution.races


@pytest.mark.parametrize("machine", sorted(STEP_MACHINES))
def test_machines_find_nothing_in_the_hardened_firmware(machine: str) -> None:
    brief = settings(HOW, max_examples=25)
    hardened = Subject(ModelTarget(model_of("hardened")))
    run_stepwise(STEP_MACHINES[machine], hardened, brief)
    assert hardened.counts.executions > 10


def checked(firmware: str, run: Path, only: str, budget: float) -> CheckResult:
    return check(CheckPlan(model_of(firmware), firmware, run, (only,), budget), Scripted())


def test_check_confirms_a_finding_of_the_model_and_replay_repeats_it(tmp_path: Path) -> None:
    result = checked("as_found", tmp_path, "tm.no-flash", 60)
    (finding,) = result.findings
    assert (finding.target, finding.replayed) == ("model", finding.replays)
    file = tmp_path / "counterexamples" / "tm.no-flash.json"
    again = replay(load_counterexample(file), model_of("as_found"), str(file), times=3)
    assert (again.times, again.of, again.relocated) == (3, 3, False)
    mended = replay(load_counterexample(file), model_of("hardened"), str(file), times=1)
    assert mended.times == 0


def test_families_that_are_needed_no_more_are_passed_over() -> None:
    target = ModelTarget(model_of("hardened"))
    invariants = [INVARIANTS["np.cadence"], INVARIANTS["tm.no-flash"]]
    made = families(target.build.manifest.config, frozenset({"bus.battery"}))
    campaign = Campaign(target, made, invariants, {}, {}, 0, 1.0, sparing=True)
    turns = campaign._turns()
    first = [next(turns)[0] for _ in focused(made, ["np.cadence", "tm.no-flash"])]
    campaign._fed = {name: Counter(["tm.no-flash" if name == "cells" else "np.cadence"]) for name in first}
    campaign.tally.findings["np.cadence"] = Finding(invariants[0], Setting(Program(())), NOTHING_RAN, NOT_EXERCISED)
    assert [next(turns)[0] for _ in range(3)] == ["cells"] * 3
