"""The model as a target: it describes itself as the C adapters do, repeats itself, and shows what is wrong as found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from p4verify.targets.model.target import ModelTarget, model_of
from p4verify.targets.protocol.program_code import ProgramError
from p4verify.targets.target import LEAST_POINTS, Exploration, Found, TargetError
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Outcome
from p4verify.verify.explore import judge
from p4verify.verify.program import Invocation, Program, Task, Value
from p4verify.verify.schedule import Granularity, Schedule, StepKind
from p4verify.verify.verdict import Setting

Call = tuple[str, tuple[Value, ...], int]


def task(name: str, *calls: Call) -> Task:
    return Task(name, tuple(Invocation(operation, arguments, delay) for operation, arguments, delay in calls))


PUBLISHING = Program(
    (
        task(
            "a", ("bus.battery", (3,), 0), ("bus.pack", (5, 4), 0), ("bus.system", (True,), 0),
            ("bus.battery", (7,), 1500),
        ),
        task("b", ("np.metrics", (), 1000)),
    ),
    settle_ms=1000,
    final=(Invocation("np.metrics"), Invocation("bus.metrics")),
)  # fmt: skip
MEETING = Program(
    (
        task(
            "a", ("bus.battery", (3,), 0), ("bus.pack", (5, 4), 0), ("bus.system", (True,), 0),
            ("bus.battery", (7,), 1000),
        ),
    ),
    settle_ms=1500,
)  # fmt: skip
"""The second battery arrives in the tick in which the first point is built."""
MERGING = Program(
    (
        task("a", ("bus.mode", (True,), 0), ("bus.register", (8, 202), 0), ("bus.register", (9, 204), 500)),
        task("b", ("bus.register", (9, 206), 500), ("bus.mode", (False,), 20)),
    ),
    settle_ms=500,
)


@pytest.fixture(params=["as_found", "hardened"])
def target(request: pytest.FixtureRequest) -> ModelTarget:
    return ModelTarget(model_of(request.param))


def explored(target: ModelTarget, program: Program, exploration: Exploration) -> list[Found]:
    found: list[Found] = []

    def take(one: Found) -> bool:
        found.append(one)
        return True

    target.explore(program, exploration, take)
    return found


def test_an_undisturbed_run_publishes_what_it_was_given(target: ModelTarget) -> None:
    execution = target.execute(PUBLISHING, Schedule())
    assert execution.ending.outcome is Outcome.COMPLETED
    bodies = [str(one["body"]) for one in execution.history.seen("http.request")]
    assert len(bodies) == 2
    assert '"soc":0.75' in bodies[0]
    assert '"soc":1.75' in bodies[1]
    metrics = list(execution.history.calls("np.metrics"))[-1].results
    assert metrics is not None
    assert metrics["published_points"] == 2


@pytest.mark.parametrize("strategy", ["random", "pct", "delay"])
@pytest.mark.parametrize("granularity", list(Granularity))
def test_what_was_found_comes_back(target: ModelTarget, strategy: str, granularity: Granularity) -> None:
    plan = Exploration(strategy, granularity, executions=4, seed=3)
    for one in explored(target, MERGING, plan):
        again = target.rerun(None, one.origin)
        assert again.execution.history == one.execution.history
        assert again.preemptions == one.preemptions
        by_schedule = target.run(MERGING, again.schedule)
        assert by_schedule.execution.history == one.execution.history
        by_segments = target.follow(MERGING, again.segments, granularity)
        assert by_segments.execution.history == one.execution.history


def test_histories_that_were_seen_before_are_counted(target: ModelTarget) -> None:
    plan = Exploration("delay", executions=5, depth=0)
    progress = target.explore(PUBLISHING, plan, lambda one: one.index == 0)
    assert (progress.executions, progress.distinct) == (5, 1)
    assert progress.counts == {0: 5}
    assert len(explored(target, PUBLISHING, plan)) == 1


def test_exploring_stops_when_it_is_told_to(target: ModelTarget) -> None:
    progress = target.explore(PUBLISHING, Exploration("random", executions=50), lambda _found: False)
    assert progress.executions == 1


def violations(firmware: str, program: Program, invariant: str, plan: Exploration) -> tuple[int, int]:
    """In how many distinct histories the invariant was exercised, and violated."""
    target = ModelTarget(model_of(firmware))
    manifest = target.build.manifest
    setting = Setting(program, manifest.config, manifest.limits)
    judged = [
        judge(INVARIANTS[invariant], one.execution, setting) for one in explored(target, program, plan)
    ]
    return sum(one.exercised for one in judged), sum(one.violation is not None for one in judged)


TORN = Exploration("random", executions=60, seed=1)


@pytest.mark.parametrize(
    ("program", "invariant", "plan"),
    [
        (MEETING, "np.point-intact", TORN),
        (MEETING, "np.race-free", replace(TORN, executions=2, races=True)),
        (MERGING, "tm.cells-coherent", TORN),
        (MERGING, "tm.no-flash", replace(TORN, executions=5)),
        (MERGING, "tm.delta-publish", replace(TORN, executions=5)),
        (MERGING, "tm.race-free", replace(TORN, executions=2, races=True)),
    ],
)
def test_flaws_show_as_found_and_not_hardened(program: Program, invariant: str, plan: Exploration) -> None:
    _, found = violations("as_found", program, invariant, plan)
    exercised, hardened = violations("hardened", program, invariant, plan)
    assert found > 0
    assert exercised > 0
    assert hardened == 0


def test_a_trace_names_lines_of_the_components(target: ModelTarget) -> None:
    trace = target.execute(PUBLISHING, Schedule(), trace=True).trace
    assert trace is not None
    writes = [step for step in trace.steps if step.kind is StepKind.WRITE and step.name == "s_state.last_batt.soc"]
    assert writes[0].file == f"{target.build.name}/network_publisher.py"
    assert "store" in (target.build.root / writes[0].file).read_text().splitlines()[writes[0].line - 1]
    assert writes[0].value == 0x3F400000  # 0.75, the state of charge of token 3


def test_programs_are_checked_before_they_run(target: ModelTarget) -> None:
    with pytest.raises(ProgramError, match="no such operation"):
        target.load(Program((task("a", ("bus.nothing", (), 0)),)))


def test_only_bundled_firmware_has_a_model() -> None:
    with pytest.raises(TargetError, match="as_found or hardened"):
        model_of("mine")




def test_a_long_program_is_no_livelock() -> None:
    target = ModelTarget(model_of("as_found"))
    long = Program((task("a", ("bus.mode", (True,), 0)),), settle_ms=90_000)
    assert target.execute(long, Schedule()).ending.outcome is Outcome.COMPLETED
    (found,) = explored(target, long, Exploration(executions=1, max_points=LEAST_POINTS))
    assert found.execution.ending.outcome is Outcome.LIVELOCK
