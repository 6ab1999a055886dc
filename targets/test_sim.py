"""The sim target on the bundled firmware: deterministic, replayable, and honest about what ended an execution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from p4verify.targets.building import manifest
from p4verify.targets.building.build import build_firmware
from p4verify.targets.driven_c import C
from p4verify.targets.sim import ADDRESS_SPACE_GIB, SimTarget
from p4verify.targets.target import MOST_POINTS, Exploration, Found, Shared, TargetError, most_points
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Outcome
from p4verify.verify.explore import judge
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Granularity, Schedule
from p4verify.verify.verdict import NOT_EXERCISED, Setting

PROGRAM = Program(
    (
        Task(
            "source",
            (Invocation("bus.battery", (3,)), Invocation("bus.pack", (5, 4)), Invocation("bus.battery", (7,), 1000)),
        ),
        Task("reader", (Invocation("np.metrics", (), 1000), Invocation("bus.system", (True,)))),
    ),
    settle_ms=1000,
)


@pytest.fixture(scope="module")
def target() -> Iterator[SimTarget]:
    with SimTarget(build_firmware(manifest.load("as_found"))) as made:
        yield made


def explored(target: SimTarget, exploration: Exploration, program: Program = PROGRAM) -> list[Found]:
    found: list[Found] = []

    def keep(one: Found) -> bool:
        found.append(one)
        return True

    target.explore(program, exploration, keep)
    return found


@pytest.mark.parametrize("granularity", list(Granularity))
@pytest.mark.parametrize("strategy", ["random", "pct", "delay"])
def test_every_execution_repeats_itself(target: SimTarget, strategy: str, granularity: Granularity) -> None:
    plan = Exploration(strategy, granularity, seed=1, executions=300, twice=True)
    progress = target.explore(PROGRAM, plan, lambda _: True)
    assert progress.executions == 300
    assert progress.distinct > 1
    assert progress.differing == 0


def test_an_execution_is_determined_by_its_origin_and_by_its_schedule(target: SimTarget) -> None:
    for one in explored(target, Exploration("random", seed=2, executions=20)):
        again, schedule = target.again(PROGRAM, one.origin)
        assert again.history == one.execution.history
        explicit = target.execute(PROGRAM, schedule, known=one.origin.known)
        assert explicit.history == one.execution.history


def test_segments_lead_to_the_same_execution(target: SimTarget) -> None:
    for one in explored(target, Exploration("random", seed=3, executions=10)):
        replay = target.rerun(PROGRAM, one.origin)
        followed = target.follow(PROGRAM, replay.segments, Granularity.WORDS, one.origin.known)
        assert followed.execution.history == one.execution.history
        assert followed.segments == replay.segments


def test_what_was_learnt_can_be_taken_to_another_process(target: SimTarget) -> None:
    one = explored(target, Exploration("random", seed=4, executions=50))[-1]
    _, schedule = target.again(PROGRAM, one.origin)
    shared = Shared(target.shared().entries[: one.origin.known])
    with SimTarget(target.build) as other:
        other.restore(Shared.decode(shared.encode()))
        assert other.execute(PROGRAM, schedule, known=len(shared.entries)).history == one.execution.history


def test_other_seeds_are_other_executions(target: SimTarget) -> None:
    plan = Exploration("random", executions=30)
    first = [one.execution.history for one in explored(target, replace(plan, seed=5))]
    second = [one.execution.history for one in explored(target, replace(plan, seed=6))]
    assert first != second


def test_a_trace_names_source_lines_and_members(target: SimTarget) -> None:
    trace = target.execute(PROGRAM, Schedule(), trace=True).trace
    assert trace is not None
    assert any(step.name.startswith("s_state.last_batt.") and step.line > 0 for step in trace.steps)
    assert any(step.name in {"xQueueReceive", "xQueueSend"} for step in trace.steps)


def test_early_ticks_are_counted_as_slack(target: SimTarget) -> None:
    plan = Exploration("random", seed=7, executions=50, tick_budget=2)
    executions = [one.execution for one in explored(target, plan)]
    assert any(execution.slack_us > 0 for execution in executions)
    assert all(execution.ending.outcome is Outcome.COMPLETED for execution in executions)


def test_exploring_stops_when_it_is_told_to(target: SimTarget) -> None:
    plan = Exploration("random", seed=8, executions=1_000_000)
    progress = target.explore(PROGRAM, plan, lambda _: False)
    assert progress.executions < 1_000_000
    assert target.execute(PROGRAM, Schedule()).ending.outcome is Outcome.COMPLETED


def test_too_little_address_space_is_said_before_anything_runs(target: SimTarget, tmp_path: Path) -> None:
    header = (C / "sim/engine.h").read_text()
    assert re.findall(r"#define ADDRESS_SPACE_GIB (\d+)", header) == [str(ADDRESS_SPACE_GIB)]
    script = tmp_path / "simulator"
    script.write_text(f"#!/bin/sh\nulimit -v {(ADDRESS_SPACE_GIB << 20) // 2}\nexec {target.build.executable}\n")
    script.chmod(0o755)
    with SimTarget(replace(target.build, executable=script)) as limited, pytest.raises(TargetError) as caught:
        limited.execute(PROGRAM, Schedule())
    words = "the simulator reserves 8 GiB of address space, and only 4.0 are allowed: `ulimit -v unlimited`"
    assert str(caught.value).endswith(words)


FULL = 9000
"""So many calls make more records than the ring holds."""


def test_a_full_ring_is_lost_data_and_no_livelock(target: SimTarget) -> None:
    long = Program((Task("a", (Invocation("bus.metrics"),) * FULL),))
    execution = target.execute(long, Schedule())
    assert execution.ending.outcome is Outcome.COMPLETED
    assert execution.history.lost > FULL // 4
    assert judge(INVARIANTS["sys.no-deadlock"], execution, Setting(long)) == NOT_EXERCISED


def test_what_never_ends_is_a_livelock_although_the_ring_is_full(target: SimTarget) -> None:
    long = Program((Task("a", (Invocation("bus.metrics"),) * 6 * FULL),))
    (found,) = explored(target, Exploration(executions=1, max_points=100_000), long)
    execution = found.execution
    assert execution.ending.outcome is Outcome.LIVELOCK
    assert execution.history.lost > 0
    violated = [id_ for id_, one in INVARIANTS.items() if judge(one, execution, Setting(long)).violation is not None]
    assert violated == ["sys.no-deadlock"]


def test_the_points_of_a_livelock_grow_with_the_program() -> None:
    def of(calls: int, delay_ms: int, settle_ms: int = 0) -> int:
        return most_points(Program((Task("a", (Invocation("x", (), delay_ms),) * calls),), settle_ms=settle_ms))

    assert most_points(None) < of(1, 0) < of(2, 0) < of(2, 1000) < of(2, 1000, 1000)
    assert of(60_000, (1 << 32) - 1) == MOST_POINTS < 1 << 32
