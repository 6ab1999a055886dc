"""The race detector: each way to order two accesses orders them, and without it they race; what is told of a race."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.building.suppressions import Suppression, Suppressor
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Race
from p4verify.verify.schedule import Granularity, Schedule

HEAD = """
#include <stdatomic.h>
#include <string.h>
#include <pthread.h>
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "freertos/timers.h"
#include "esp_timer.h"
#define PRIORITY 1
#define RELAXED_STORE(at, value) atomic_store_explicit(at, value, memory_order_relaxed)
#define RELAXED_LOAD(at) atomic_load_explicit(at, memory_order_relaxed)
#define RESUME(name) do { TaskHandle_t t = xTaskGetHandle(name); if (t) vTaskResume(t); } while (0)
int data, unrelated;
SemaphoreHandle_t lock;
QueueHandle_t queue;
EventGroupHandle_t events;
TaskHandle_t main_task;
atomic_int flag;
portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
"""
START = """
static void writer(void *unused) {{ (void)unused; {writer} vTaskDelete(NULL); }}
static void callback(void *unused) {{ (void)unused; data++; }}
void app_main(void) {{
    (void)callback;
    main_task = xTaskGetCurrentTaskHandle();
    lock = xSemaphoreCreateMutex();
    queue = xQueueCreate(1, sizeof(int));
    events = xEventGroupCreate();
    {before}
    xTaskCreate(writer, "writer", 2048, NULL, PRIORITY, NULL);
    {reader}
}}
"""
LOCKED = "xSemaphoreTake(lock, portMAX_DELAY); {0} xSemaphoreGive(lock);"
CRITICAL = "portENTER_CRITICAL(&mux); {0} portEXIT_CRITICAL(&mux);"

ORDERED = {
    "creation of the task": ("data = 1;", "data++;", ""),
    "mutex": ("", LOCKED.format("data++;"), LOCKED.format("data++;")),
    "critical section": ("", CRITICAL.format("data++;"), CRITICAL.format("data++;")),
    "notification": ("", "data = 1; xTaskNotifyGive(main_task);", "ulTaskNotifyTake(pdTRUE, portMAX_DELAY); data++;"),
    "queue": (
        "", "data = 1; int i = 0; xQueueSend(queue, &i, 0);", "int i; xQueueReceive(queue, &i, portMAX_DELAY); data++;",
    ),
    "room in a queue": (
        "int i = 0; xQueueSend(queue, &i, 0);", "int i = 0; xQueueSend(queue, &i, portMAX_DELAY); data++;",
        "data = 1; int k; xQueueReceive(queue, &k, portMAX_DELAY);",
    ),
    "event group": (
        "", "data = 1; xEventGroupSetBits(events, 1);",
        "xEventGroupWaitBits(events, 1, pdTRUE, pdTRUE, portMAX_DELAY); data++;",
    ),
    "release and acquire": (
        "", "data = 1; atomic_store_explicit(&flag, 1, memory_order_release);",
        "if (atomic_load_explicit(&flag, memory_order_acquire)) data++;",
    ),
    "fences": (
        "", "data = 1; atomic_thread_fence(memory_order_release); RELAXED_STORE(&flag, 1);",
        "int seen = RELAXED_LOAD(&flag); atomic_thread_fence(memory_order_acquire); if (seen) data++;",
    ),
    "read, modify, write": ("", "atomic_fetch_add(&flag, 1);", "atomic_fetch_add(&flag, 1);"),
    "bytes of one word": ("", "((char *)&data)[0] = 1;", "((char *)&data)[1] = 2;"),
    "two readers": ("data = 1;", "unrelated = data;", "atomic_store(&flag, data);"),
    "resuming": ("", "vTaskSuspend(NULL); data++;", 'data = 1; vTaskDelay(1); RESUME("writer");'),
}  # fmt: skip

RACY = {
    "nothing": ("", "data++;", "data++;"),
    "a reader": ("", "data = 1;", "unrelated = data;"),
    "one side without the mutex": ("", LOCKED.format("data++;"), "data++;"),
    "different locks": ("", LOCKED.format("data++;"), CRITICAL.format("data++;")),
    "accesses after the release": ("", "xTaskNotifyGive(main_task); data = 1;", "ulTaskNotifyTake(pdTRUE, 1); data++;"),
    "a time-out is no order": ("", "data = 1; vTaskDelay(2);", "ulTaskNotifyTake(pdTRUE, 5); data++;"),
    "delays are no order": ("", "data = 1;", "vTaskDelay(5); data++;"),
    "relaxed atomics": (
        "", "data = 1; RELAXED_STORE(&flag, 1);", "if (RELAXED_LOAD(&flag)) data++;",
    ),
    "an atomic and a plain access": ("", "atomic_store(&flag, 1);", "*(int *)&flag = 2;"),
    "suspending the scheduler": (
        "", "vTaskSuspendAll(); data++; xTaskResumeAll();", "vTaskSuspendAll(); data++; xTaskResumeAll();",
    ),
    "a copy": ("static int from[4], to[4];", "static int a[4]; memcpy(a, &data, 4);", "data = 1;"),
}  # fmt: skip


Told = Callable[[Found], bool]


def told_to(races: list[Race]) -> Told:
    """Keeps the races of what an exploration finds."""

    def keep(one: Found) -> bool:
        races.extend(one.execution.races or ())
        return True

    return keep


def races_of(text: str, folder: Path, *, twice: bool = False) -> list[Race]:
    path = folder / "race.c"
    path.write_text(text)
    found: list[Race] = []
    with SimTarget(build_litmus([path])) as target:
        plan = Exploration(granularity=Granularity.SYNC, executions=200, races=True, twice=twice)
        progress = target.explore(None, plan, told_to(found))
    assert progress.differing == 0
    return found


def source(before: str, writer: str, reader: str) -> str:
    return HEAD + START.format(before=before, writer=writer, reader=reader)


@pytest.mark.parametrize("case", ORDERED)
def test_what_is_ordered_is_no_race(case: str, tmp_path: Path) -> None:
    assert races_of(source(*ORDERED[case]), tmp_path, twice=True) == []


@pytest.mark.parametrize("case", RACY)
def test_what_nothing_orders_is_a_race(case: str, tmp_path: Path) -> None:
    races = races_of(source(*RACY[case]), tmp_path, twice=True)
    assert {race.variable for race in races} == {"flag" if "flag = 2" in RACY[case][2] else "data"}
    assert all(race.first.write or race.second.write for race in races)


def test_a_race_tells_tasks_lines_and_the_locks_held(tmp_path: Path) -> None:
    (race, *_) = races_of(source(*RACY["different locks"]), tmp_path)
    by_task = {access.task: access for access in (race.first, race.second)}
    assert by_task["writer"].locks == ("lock",)
    assert by_task["main"].locks == ("mux",)
    assert {access.function for access in by_task.values()} == {"writer", "app_main"}
    assert all(access.file == "race.c" and access.line for access in by_task.values())


def test_a_pair_of_places_is_told_once_in_an_exploration_and_again_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "race.c"
    path.write_text(source("", "data = 1;", "data = 2;"))
    with SimTarget(build_litmus([path])) as target:
        for _ in range(2):
            told: list[Race] = []
            plan = Exploration(executions=300, races=True)
            target.explore(None, plan, told_to(told))
            assert len(told) == 1


def test_a_suppressed_race_is_not_told_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "race.c"
    path.write_text(source("", "data = 1;", "data = 2;"))
    flag = Suppression("a test", variable="dat?")
    with SimTarget(build_litmus([path])) as target:
        target.suppressor = Suppressor((flag,))
        told: list[Race] = []
        target.explore(None, Exploration(executions=300, races=True), told_to(told))
        assert told == []
        assert target.suppressor.used() == ((flag, 1),)


def test_an_explicit_schedule_tells_the_race_again(tmp_path: Path) -> None:
    path = tmp_path / "race.c"
    path.write_text(source("", "data = 1;", "data = 2;"))
    with SimTarget(build_litmus([path])) as target:
        target.explore(None, Exploration(executions=50), lambda _one: True)  # learns that the word is shared
        execution = target.execute(None, Schedule((), Granularity.WORDS))
    assert execution.races is not None
    assert [race.variable for race in execution.races] == ["data"]


def test_what_is_racy_becomes_a_choice_point_at_sync_points(tmp_path: Path) -> None:
    """A lost update shows only when the schedule changes between load and store, which are no sync points."""
    path = tmp_path / "lost.c"
    ending = "vTaskDelay(1); assert(data == 2);"
    path.write_text("#include <assert.h>\n" + source("", "data = data + 1;", f"data = data + 1; {ending}"))

    def endings(*, races: bool) -> set[str]:
        seen: set[str] = set()

        def note(one: Found) -> bool:
            seen.add(one.execution.ending.outcome.value)
            return True

        with SimTarget(build_litmus([path])) as target:
            target.explore(None, Exploration(granularity=Granularity.SYNC, executions=400, races=races), note)
        return seen

    assert endings(races=False) == {"completed"}
    assert endings(races=True) == {"completed", "assertion"}


def test_a_trace_tells_the_calls_that_led_to_a_race(tmp_path: Path) -> None:
    path = tmp_path / "race.c"
    store = "__attribute__((noinline)) static void store(int value) { data = value; }\n"
    path.write_text(HEAD + store + START.format(before="", writer="store(1);", reader="store(2);"))
    with SimTarget(build_litmus([path])) as target:
        target.explore(None, Exploration(executions=50), lambda _one: True)  # learns that the word is shared
        plain, traced = (target.execute(None, Schedule(()), trace=trace) for trace in (False, True))
    assert plain.races
    assert not any(access.callers for race in plain.races for access in (race.first, race.second))
    assert traced.races
    callers = {access.task: access.callers for access in (traced.races[0].first, traced.races[0].second)}
    assert {task: [caller.function for caller in stack] for task, stack in callers.items()} == {
        "writer": ["writer"],
        "main": ["app_main"],
    }
