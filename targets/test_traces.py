"""What a trace holds: both sides of a conflict, also before the word was known as shared, calls with their answers."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from p4verify.targets.building.build import Build, build_litmus
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.machine.symbols import Symbols
from p4verify.targets.sim import SimTarget
from p4verify.targets.traces import TraceDecoder
from p4verify.verify.execution import Execution
from p4verify.verify.schedule import Encoding, Schedule, Step, StepKind

SOURCE = """\
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
struct record { int a, b, c, d; } s_record, s_copy;
static SemaphoreHandle_t s_ready;
static int s_private;
static void writer(void *unused) {
    (void)unused;
    struct record fresh = {11, 12, 13, 14};
    s_record = fresh;
    s_private++;
    xSemaphoreGive(s_ready);
    vTaskDelete(NULL);
}
void app_main(void) {
    s_ready = xSemaphoreCreateBinary();
    xTaskCreate(writer, "writer", 4096, NULL, 9, NULL);
    xSemaphoreTake(s_ready, portMAX_DELAY);
    xSemaphoreTake(s_ready, 0);
    s_copy = s_record;
}
"""
MEMBERS = [f"s_record.{name}" for name in "abcd"]
NEWEST = {compiler.kind: compiler for compiler in reversed(available())}


@pytest.fixture(scope="module", params=sorted(NEWEST))
def build(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Build:
    file = tmp_path_factory.mktemp("traces") / "record.c"
    file.write_text(SOURCE)
    compiler: Compiler = NEWEST[request.param]
    return build_litmus([file], compiler)


@pytest.fixture
def target(build: Build) -> Iterator[SimTarget]:
    with SimTarget(build) as made:
        yield made


def first_execution(target: SimTarget, *, trace: bool) -> Execution:
    """From no knowledge of shared memory at all."""
    return target.execute(None, Schedule(), known=0, trace=trace)


def steps_of(execution: Execution) -> tuple[Step, ...]:
    assert execution.trace is not None
    return execution.trace.steps


def accesses(steps: tuple[Step, ...], task: str, kind: StepKind) -> dict[str, int]:
    """Name to value; words of the record alone, whether a copy is announced whole or by words."""
    found: dict[str, int] = {}
    for step in steps:
        if (step.task, step.kind) == (task, kind) and step.name.startswith("s_record"):
            found[step.name] = step.value
    return found


def test_both_sides_of_a_record_are_there_although_it_was_not_known_as_shared(target: SimTarget) -> None:
    steps = steps_of(first_execution(target, trace=True))
    assert accesses(steps, "writer", StepKind.WRITE) == dict(zip(MEMBERS, (11, 12, 13, 14), strict=True))
    assert set(accesses(steps, "main", StepKind.READ)) >= {"s_record.a"}
    assert not [step for step in steps if step.name == "s_private"]


def test_tracing_changes_neither_what_happens_nor_what_is_known(target: SimTarget) -> None:
    bare = first_execution(target, trace=False)
    known = target.shared()
    target.restore(type(known)(()))
    traced = first_execution(target, trace=True)
    assert (traced.history, traced.ending) == (bare.history, bare.ending)
    assert target.shared() == known
    assert steps_of(first_execution(target, trace=True)) == steps_of(traced)


def test_every_choice_point_is_where_it_is_without_a_trace(target: SimTarget) -> None:
    """A schedule found without a trace must mean the same with one, word by word."""
    for point in range(1, 12):
        schedule = Schedule(((point, 1),))
        bare = target.execute(None, schedule, known=0)
        traced = target.execute(None, schedule, known=0, trace=True)
        assert traced.history == bare.history
        assert traced.trace is not None
        assert traced.trace.schedule.choices in ((), schedule.choices)


def test_a_call_says_what_it_answered_and_on_what(target: SimTarget) -> None:
    steps = steps_of(first_execution(target, trace=True))
    calls = [step for step in steps if step.kind is StepKind.CALL and step.name.startswith("xSemaphore")]
    made, *used = calls
    assert made.name == "xSemaphoreCreateBinary"
    assert len({step.address for step in used}) == 1
    answers = [(step.task, step.name, step.size and step.value) for step in used]
    assert len(answers) == 3
    assert {("main", "xSemaphoreTake", 1), ("writer", "xSemaphoreGive", 1)} < set(answers)
    assert answers[-1] == ("main", "xSemaphoreTake", 0)


def test_objects_and_tasks_go_by_their_names(target: SimTarget) -> None:
    steps = steps_of(first_execution(target, trace=True))
    about = {step.name: step.about for step in steps if step.kind is StepKind.CALL}
    assert (about["xSemaphoreTake"], about["xSemaphoreGive"]) == ("s_ready", "s_ready")


def test_values_are_told_member_by_member(target: SimTarget) -> None:
    steps = steps_of(first_execution(target, trace=True))
    written = [part for step in steps if step.kind is StepKind.WRITE and step.task == "writer" for part in step.parts]
    assert [(part.name, part.encoding) for part in written] == [(name, Encoding.SIGNED) for name in MEMBERS]


def test_a_call_is_where_the_source_has_it(target: SimTarget) -> None:
    """And not where something else points that lies on the stack, as the entry of a new task does."""
    lines = SOURCE.splitlines()
    for step in steps_of(first_execution(target, trace=True)):
        if step.kind is StepKind.CALL:
            assert step.name in lines[step.line - 1], step


def test_a_trace_that_did_not_fit_says_how_many_steps_are_missing(build: Build) -> None:
    decoder = TraceDecoder(Symbols(build.executable))
    decoder.tasks(struct.pack("<IHBH", 7, 1, 1, 4) + b"main" + struct.pack("<Q", 0x40000000))
    assert decoder.trace(Schedule(), 0).cut == 7


OPTIONAL = """\
#include <optional>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
static std::optional<int> s_box;
static void writer(void *) {
    s_box = 7;
    s_box.reset();
    vTaskDelete(nullptr);
}
extern "C" void app_main(void) {
    xTaskCreate(writer, "writer", 4096, nullptr, 9, nullptr);
    configASSERT(s_box.value_or(3) == 3);
}
"""


@pytest.mark.parametrize("compiler", NEWEST.values(), ids=NEWEST)
def test_a_step_within_the_toolchains_code_is_where_the_source_called_it(compiler: Compiler, tmp_path: Path) -> None:
    (tmp_path / "box.cpp").write_text(OPTIONAL)
    with SimTarget(build_litmus([tmp_path / "box.cpp"], compiler)) as target:
        steps = steps_of(first_execution(target, trace=True))
    found = {(step.file, step.line) for step in steps if step.name.startswith("s_box")}
    assert found == {("box.cpp", line) for line in (6, 7, 12)}
