"""The whole agent, on FreeRTOS tasks under the controlled scheduler, with an adapter that tries everything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.driven_c import C
from p4verify.targets.protocol.test_signature import BY_TYPE
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Granularity, Schedule

MANIFEST = """
[firmware]
name = "trial"
sources = ["firmware.c"]
adapters = ["verify/trial.c"]
[probes]
"trial.step" = "step"
"""
FIRMWARE = "void step(void); void step(void) { static int steps; steps++; }\n"
ECHOED = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool", "str", "bytes")
TICK_US = 10_000


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimTarget]:
    tree: Path = tmp_path_factory.mktemp("trial")
    (tree / "p4verify.toml").write_text(MANIFEST)
    (tree / "firmware.c").write_text(FIRMWARE)
    (tree / "verify").mkdir()
    shutil.copy(C / "agent/test/trial.c", tree / "verify/trial.c")
    with SimTarget(build_firmware(load(tree))) as target:
        yield target


def run(sim: SimTarget, program: Program) -> Execution:
    return sim.execute(program, Schedule(granularity=Granularity.SYNC))


def calls(name: str, *arguments: int) -> Invocation:
    return Invocation(f"trial.{name}", arguments)


@given(arguments=st.tuples(*(BY_TYPE[kind] for kind in ECHOED)))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_type_travels_both_ways(sim: SimTarget, arguments: tuple[int, ...]) -> None:
    execution = run(sim, Program((Task("a", (Invocation("trial.echo", arguments),)),), settle_ms=0))
    (operation,) = execution.history.operations
    assert operation.results is not None
    assert tuple(operation.results.values()) == arguments


def test_booting_is_recorded_before_the_program(sim: SimTarget) -> None:
    history = run(sim, Program((Task("a", (calls("step"),)),))).history
    first, *others = history.observations
    assert (first.task, first.observer, first["text"], first.position) == ("main", "trial.seen", "trial", 0)
    assert [(seen.observer, seen.task) for seen in others] == [("trial.step", "a")]


def test_final_comes_last_and_from_the_main_task(sim: SimTarget) -> None:
    program = Program((Task("a", (calls("observe", 1),)),), settle_ms=100, final=(calls("observe", 2),))
    execution = run(sim, program)
    first, last = execution.history.operations
    assert execution.ending.outcome is Outcome.COMPLETED
    assert (first.task, last.task) == ("a", "main")
    assert first.returned_us is not None
    assert execution.history.loaded_us is not None
    assert first.returned_us <= execution.history.loaded_us
    assert 90_000 < last.invoked_us - execution.history.loaded_us <= 100_000
    assert [seen["value"] for seen in execution.history.seen("trial.seen")][1:] == [1, 2]


def test_delays_are_ticks_and_what_is_left(sim: SimTarget) -> None:
    history = run(sim, Program((Task("a", (Invocation("agent.idle", (), 25),)),), settle_ms=0)).history
    assert history.operations[0].invoked_us == 2 * TICK_US + 5_000


@pytest.mark.parametrize("busy", [False, True])
def test_a_cost_passes_in_the_calling_task(sim: SimTarget, busy: bool) -> None:
    (operation,) = run(sim, Program((Task("a", (calls("cost", 1234, busy),)),))).history.operations
    assert operation.returned_us is not None
    assert 1234 <= operation.returned_us - operation.invoked_us < 1300


@pytest.mark.parametrize(("busy", "lasts_us"), [(False, 5000), (True, 10000)])
def test_a_busy_task_keeps_a_lower_one_waiting_a_blocked_one_does_not(
    sim: SimTarget, busy: bool, lasts_us: int
) -> None:
    tasks = tuple(Task(name, (calls("cost", 5000, busy),), priority, core=0) for name, priority in (("a", 5), ("b", 6)))
    history = run(sim, Program(tasks, settle_ms=0)).history
    assert history.loaded_us is not None
    assert lasts_us <= history.loaded_us < lasts_us + 1000


def test_the_environment_is_one_stream_for_all(sim: SimTarget) -> None:
    tasks = tuple(Task(name, (calls("stream"), calls("stream"))) for name in "ab")
    environment = {"other": (9,), "numbers": (-(2**63), 2, 3)}
    history = run(sim, Program(tasks, environment, final=(calls("stream"),))).history
    taken = [operation.results["value"] for operation in history.operations if operation.results]
    assert sorted(taken) == [-(2**63), -1, -1, 2, 3]


def test_an_adapter_that_breaks_its_signature_is_not_the_firmwares_fault(sim: SimTarget) -> None:
    execution = run(sim, Program((Task("a", (calls("greedy", 1),)),)))
    assert execution.ending.outcome is Outcome.UNSUPPORTED
    assert execution.ending.detail.startswith("trial.greedy reads or writes more than its signature")
    assert execution.history.operations[0].returned is None


def test_one_that_writes_more_than_it_declares_is_named_every_time_it_is_asked(sim: SimTarget) -> None:
    program = Program((Task("a", (calls("boast"),)),))
    for _ in range(2):
        for execution in explored(sim, program, 10):
            unreadable = execution.history.unreadable
            assert unreadable is not None
            assert unreadable.misdeclared
            assert re.search(r"trial\.boast: 8 bytes were written \(05 .*, which takes 4", unreadable.why)
            assert execution.ending.outcome is Outcome.COMPLETED
    assert run(sim, Program((Task("a", (calls("step"),)),))).ending.outcome is Outcome.COMPLETED


def test_as_many_tasks_as_a_program_may_have(sim: SimTarget) -> None:
    tasks = tuple(Task(f"t{number}", (calls("observe", number),), priority=number % 25) for number in range(32))
    execution = run(sim, Program(tasks, settle_ms=0))
    assert execution.ending.outcome is Outcome.COMPLETED
    seen = {(seen.task, seen["value"]) for seen in execution.history.seen("trial.seen") if seen.task != "main"}
    assert seen == {(f"t{number}", number) for number in range(32)}


def explored(sim: SimTarget, program: Program, executions: int) -> list[Execution]:
    found: list[Execution] = []

    def keep(new: Found) -> bool:
        found.append(new.execution)
        return True

    sim.explore(program, Exploration(granularity=Granularity.SYNC, seed=1, executions=executions), keep)
    return found


def test_no_task_runs_ahead_because_it_was_created_first(sim: SimTarget) -> None:
    tasks = tuple(Task(name, (calls("observe", 0), calls("observe", 1))) for name in "abc")
    orders = {
        tuple(operation.task for operation in execution.history.operations)
        for execution in explored(sim, Program(tasks, settle_ms=0), 3000)
    }
    assert {order[0] for order in orders} == {"a", "b", "c"}
    assert {order[-1] for order in orders} == {"a", "b", "c"}


def test_each_execution_begins_from_the_same_state(sim: SimTarget) -> None:
    program = Program((Task("a", (calls("stream"),)), Task("b", (calls("stream"),))), {"numbers": (1, 2)})
    for execution in explored(sim, program, 300):
        assert execution.history.lost == 0
        assert sorted(str(operation.results) for operation in execution.history.operations) == [
            "{'value': 1}",
            "{'value': 2}",
        ]
