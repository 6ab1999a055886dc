"""Power cuts and restarts: several boots within one execution, which is as determined and as fresh as any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from p4verify.targets.booting import build_booting
from p4verify.targets.building.build import build_litmus
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, Shared
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.history import POWER_CUT, RESTART, History
from p4verify.verify.program import Invocation, Program, Task, Value
from p4verify.verify.schedule import Granularity, Schedule, StepKind

NVS_BEFORE, NVS_AFTER, FRAME_BEFORE, FRAME_AFTER, AT_MS = (kind * 1_000_000 for kind in range(1, 6))
READ, RESTARTS, FRAME = Invocation("boots.read"), Invocation("boots.restart"), Invocation("boots.frame")
UNENDED = Invocation("boots.unended")
MOST_BOOTS = 8
TICK_US = 10_000


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimTarget]:
    with SimTarget(build_booting(tmp_path_factory.mktemp("boots"))) as target:
        yield target


def store(value: int, delay_ms: int = 0) -> Invocation:
    return Invocation("boots.store", (value,), delay_ms)


def program(*calls: Invocation, power: tuple[int, ...] | None, final: tuple[Invocation, ...] = (READ,)) -> Program:
    environment = {} if power is None else {"power": power}
    return Program((Task("a", calls),), environment, settle_ms=30, final=final)


def run(sim: SimTarget, what: Program) -> Execution:
    return sim.execute(what, Schedule(granularity=Granularity.SYNC))


def began(history: History, field: str) -> list[Value]:
    """What each boot found when it began."""
    return [seen[field] for seen in history.seen("boots.began")]


def kept(history: History) -> tuple[Value, Value]:
    """What the last boot read in the end."""
    results = history.operations[-1].results
    assert results is not None
    return results["first"], results["second"]


@pytest.mark.parametrize(
    ("cut", "first", "second"),
    [
        (NVS_BEFORE + 1, 0, 0), (NVS_AFTER + 1, 7, 0), (NVS_BEFORE + 2, 7, 0), (NVS_AFTER + 2, 7, 7),
        (NVS_BEFORE + 3, 7, 7), (NVS_AFTER + 4, 9, 9),
    ],
)  # fmt: skip
def test_what_was_stored_before_the_cut_is_there_after_it(sim: SimTarget, cut: int, first: int, second: int) -> None:
    execution = run(sim, program(store(7), store(9), power=(cut,)))
    history = execution.history
    assert execution.ending.outcome is Outcome.COMPLETED
    assert [boot.reason for boot in history.boots] == [POWER_CUT]
    assert kept(history) == (first, second)
    assert [operation.returned is None for operation in history.calls("boots.store")][-1]


def test_a_boot_finds_memory_clock_and_tasks_as_after_power_up(sim: SimTarget) -> None:
    history = run(sim, program(store(7, 100), power=(NVS_AFTER + 1,))).history
    (boot,) = history.boots
    assert boot.time_us == 104_000
    assert began(history, "ram") == [1, 1]
    assert began(history, "first") == [0, 7]
    assert began(history, "clock_us") == [1, 1]
    ticks = [seen.time_us for seen in history.seen("boots.ticked")]
    after = [time for time in ticks if time > boot.time_us]
    assert after[0] - boot.time_us == TICK_US
    assert history.loaded_us is not None
    assert history.loaded_us >= boot.time_us


def test_settling_and_final_follow_the_last_boot(sim: SimTarget) -> None:
    history = run(sim, program(store(7), power=(NVS_BEFORE + 1,))).history
    (boot,) = history.boots
    stored, last = history.operations
    assert (stored.task, stored.returned, last.task) == ("a", None, "main")
    assert history.loaded is not None
    assert stored.invoked < boot.position < history.loaded < last.invoked
    assert history.end_us - boot.time_us >= 20_000


@pytest.mark.parametrize(
    ("cut", "frames"), [(FRAME_BEFORE + 1, 0), (FRAME_AFTER + 1, 1), (FRAME_BEFORE + 3, 2), (FRAME_AFTER + 3, 3)]
)
def test_frames_are_counted(sim: SimTarget, cut: int, frames: int) -> None:
    history = run(sim, program(*(FRAME,) * 5, power=(cut,))).history
    assert kept(history)[0] == frames
    assert len(history.boots) == 1


@pytest.mark.parametrize("ms", [0, 1, 10, 15])
def test_the_power_is_cut_at_a_time(sim: SimTarget, ms: int) -> None:
    history = run(sim, program(store(7, 50), power=(AT_MS + ms,))).history
    (boot,) = history.boots
    assert boot.time_us in (ms * 1000, 1)
    assert kept(history) == (0, 0)
    ticked = [seen for seen in history.seen("boots.ticked") if seen.position < boot.position]
    assert len(ticked) == (ms * 1000 - 1) // TICK_US if ms else not ticked


@pytest.mark.parametrize("cut", [0, -1, NVS_BEFORE, NVS_BEFORE + 9, AT_MS + 5000, 6_000_001, 2**63 - 1, -(2**63)])
def test_a_cut_that_is_none_or_not_reached_does_not_happen(sim: SimTarget, cut: int) -> None:
    what = program(store(7), power=(cut,))
    without = program(store(7), power=None)
    assert run(sim, what).history == run(sim, without).history
    assert run(sim, what).history.boots == ()


def test_every_boot_has_its_own_cut_and_the_environment_goes_on(sim: SimTarget) -> None:
    stream = Invocation("boots.stream")
    what = program(stream, store(7), power=(NVS_AFTER + 1, NVS_BEFORE + 2), final=(stream, store(9), READ))
    what = Program(what.tasks, {**what.environment, "numbers": (1, 2, 3)}, 0, what.final)
    history = run(sim, what).history
    taken = [operation.results["value"] for operation in history.calls("boots.stream") if operation.results]
    assert taken == [1, 2, 3]
    assert began(history, "first") == [0, 7, 9]
    assert kept(history) == (9, 9)
    assert [(call.index, call.returned is None) for call in history.calls("boots.store")] == [
        (1, True), (1, True), (1, False),
    ]  # fmt: skip


def test_an_execution_has_so_many_boots_and_no_more(sim: SimTarget) -> None:
    execution = run(sim, program(store(7), power=(AT_MS + 10,) * 20))
    assert execution.ending.outcome is Outcome.COMPLETED
    assert [boot.time_us for boot in execution.history.boots] == [TICK_US * (1 + i) for i in range(MOST_BOOTS - 1)]
    assert execution.history.end_us >= TICK_US * (MOST_BOOTS - 1) + 20_000


def test_a_restart_ends_the_execution_where_the_program_knows_no_power(sim: SimTarget) -> None:
    execution = run(sim, program(store(7), RESTARTS, power=None))
    assert execution.ending.outcome is Outcome.RESTART
    assert execution.history.boots == ()


def test_a_restart_is_a_boot_where_the_program_knows_power(sim: SimTarget) -> None:
    execution = run(sim, program(store(7), RESTARTS, power=()))
    assert execution.ending.outcome is Outcome.COMPLETED
    assert [boot.reason for boot in execution.history.boots] == [RESTART]
    assert began(execution.history, "reason") == [POWER_CUT, RESTART]
    assert kept(execution.history) == (7, 7)


def test_a_firmware_that_restarts_for_ever_is_told(sim: SimTarget) -> None:
    execution = run(sim, program(store(7), power=(), final=(RESTARTS,)))
    assert execution.ending.outcome is Outcome.RESTART
    assert execution.ending.detail == "esp_restart in boot 8, the last one"
    assert len(execution.history.boots) == MOST_BOOTS - 1


def test_an_observation_that_was_being_made_is_no_record(sim: SimTarget) -> None:
    what = program(UNENDED, power=(FRAME_BEFORE + 1,))
    execution = sim.execute(what, Schedule(granularity=Granularity.SYNC), trace=True)
    assert not list(execution.history.seen("boots.unended"))
    assert execution.history.lost == 0
    assert execution.trace is not None
    (mark,) = (step for step in execution.trace.steps if step.kind is StepKind.BOOT)
    assert mark.time_us == execution.history.boots[0].time_us
    assert execution.trace.steps[-1].position <= execution.history.end


# ---- determinism ----

MEETING = Program(
    (Task("a", (store(7), store(9, 10), FRAME)), Task("b", (FRAME, UNENDED, store(5, 10))), Task("c", (READ, READ))),
    {"power": (NVS_AFTER + 3, AT_MS + 15, NVS_BEFORE + 1)},
    settle_ms=30,
    final=(READ, store(1), READ),
)


def explored(sim: SimTarget, what: Program, exploration: Exploration) -> list[Found]:
    found: list[Found] = []

    def keep(one: Found) -> bool:
        found.append(one)
        return True

    sim.explore(what, exploration, keep)
    return found


@pytest.mark.parametrize("granularity", list(Granularity))
@pytest.mark.parametrize("strategy", ["random", "pct", "delay"])
def test_every_execution_with_cuts_repeats_itself(sim: SimTarget, strategy: str, granularity: Granularity) -> None:
    plan = Exploration(strategy, granularity, seed=1, executions=300, tick_budget=1, twice=True)
    progress = sim.explore(MEETING, plan, lambda _: True)
    assert progress.executions == 300
    assert progress.distinct > 1
    assert progress.differing == 0


def test_races_of_one_boot_change_nothing_in_the_next(sim: SimTarget) -> None:
    """Not before the next execution are they choice points at sync points."""
    what = Program(MEETING.tasks, {"power": (NVS_AFTER + 3, AT_MS + 35, NVS_BEFORE + 1)}, 30, MEETING.final)
    for seed in range(5):
        seen = []
        for races in (True, False):
            sim.restore(Shared(()))
            plan = Exploration("random", Granularity.SYNC, seed=seed, executions=1, races=races, length=50)
            (one,) = explored(sim, what, plan)
            seen.append((one.choice_points, one.execution.history))
            tasks = {access.task for race in one.execution.races or () for access in (race.first, race.second)}
            assert bool(tasks) == races
            assert tasks <= {"main", "c", "ticker"}
        assert seen[0] == seen[1]


def test_schedules_and_segments_lead_to_the_same_boots(sim: SimTarget) -> None:
    for one in explored(sim, MEETING, Exploration("random", seed=2, executions=40))[:20]:
        history = one.execution.history
        assert len(history.boots) == 3
        replay = sim.rerun(MEETING, one.origin, trace=True)
        assert replay.execution.history == history
        assert sim.execute(MEETING, replay.schedule, known=one.origin.known).history == history
        followed = sim.follow(MEETING, replay.segments, Granularity.WORDS, one.origin.known)
        assert (followed.execution.history, followed.segments) == (history, replay.segments)


def test_nothing_is_left_of_boots_for_the_next_execution(sim: SimTarget) -> None:
    calm = program(store(3, 10), FRAME, power=None)
    with SimTarget(sim.build) as fresh:
        expected = run(fresh, calm).history
    explored(sim, MEETING, Exploration("random", seed=3, executions=20))
    sim.restore(Shared(()))
    assert run(sim, calm).history == expected
    assert expected.boots == ()


def test_early_ticks_before_a_cut_are_counted_as_slack(sim: SimTarget) -> None:
    what = program(store(7, 50), power=(AT_MS + 5,))
    found = explored(sim, what, Exploration("random", seed=4, executions=200, tick_budget=1))
    early = [one.execution for one in found if one.execution.slack_us]
    assert early
    assert {one.history.boots[0].time_us for one in early} <= {5000, 5001, 5002}
    assert any(one.slack_us > 4_000 for one in early)


def test_histories_that_differ_in_a_boot_are_told_apart(sim: SimTarget) -> None:
    what = Program((Task("a", (RESTARTS,)), Task("b", (UNENDED,))), {"power": (FRAME_BEFORE + 1,)}, settle_ms=0)
    found = explored(sim, what, Exploration("random", Granularity.SYNC, seed=5, executions=200))
    assert {one.execution.history.boots[0].reason for one in found} == {POWER_CUT, RESTART}


# ---- traces ----


def test_a_trace_marks_boots_and_names_the_tasks_of_each(sim: SimTarget) -> None:
    execution = sim.execute(MEETING, Schedule(), trace=True)
    assert execution.history == sim.execute(MEETING, Schedule()).history
    assert execution.trace is not None
    marks = [index for index, step in enumerate(execution.trace.steps) if step.kind is StepKind.BOOT]
    steps = execution.trace.steps
    assert [(steps[i].name, steps[i].time_us, steps[i].position) for i in marks] == [
        ("power cut", boot.time_us, boot.position) for boot in execution.history.boots
    ]
    tasks = [{step.task for step in steps[begin:end]} for begin, end in zip([0, *marks], [*marks, None], strict=True)]
    assert tasks[0] == {"main", "a", "b", "c", "ticker"}
    assert tasks[1:] == [{"main", "ticker"}] * 3
    assert [step.time_us for step in steps] == sorted(step.time_us for step in steps)


# ---- files without an agent ----

LITMUS = """\
#include <stdint.h>
#include <stdio.h>
#include "esp_system.h"
#include "esp_timer.h"
#ifdef KNOWS_POWER
int64_t p4v_environment(const char *stream, int64_t otherwise);
int64_t p4v_environment(const char *stream, int64_t otherwise) { return stream[0] == 'p' ? 0 : otherwise; }
#endif
void app_main(void) {
    printf("%d at %d\\n", esp_reset_reason(), (int)esp_timer_get_time());
    if (esp_reset_reason() == ESP_RST_POWERON) esp_restart();
}
"""


@pytest.mark.parametrize(
    ("defines", "outcome", "text"),
    [({}, Outcome.RESTART, "1 at 1\n"), ({"KNOWS_POWER": "1"}, Outcome.COMPLETED, "1 at 1\n3 at 1\n")],
)
def test_a_litmus_file_may_boot_again(tmp_path: Path, defines: dict[str, str], outcome: Outcome, text: str) -> None:
    file = tmp_path / "restarts.c"
    file.write_text("".join(f"#define {name} {value}\n" for name, value in defines.items()) + LITMUS)
    with SimTarget(build_litmus([file])) as target:
        execution = target.execute(None, Schedule())
        assert execution.ending.outcome is outcome
        assert target.log == text
