"""What waits by looking again and again is no livelock while somebody who could run would end it; a deadlock beside a
timer that rings for ever is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Ending, Outcome
from p4verify.verify.schedule import Schedule

SPIN = """
#include <assert.h>
#include <stdatomic.h>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
static atomic_int ready, taken;
static int data;
volatile int enough = ENOUGH;
static void writer(void *unused) {
    (void)unused;
    data = 7;
    atomic_store(&ready, 1);
    while (!atomic_load(&taken)) { }
    vTaskDelete(NULL);
}
void app_main(void) {
    xTaskCreatePinnedToCore(writer, "writer", 2048, NULL, 3, NULL, 1);
    while (!atomic_load(&ready)) { }
    assert(data == 7);
    atomic_store(&taken, enough);
}
"""
CROSSED = """
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "esp_timer.h"
static SemaphoreHandle_t a, b;
static int rings;
static void ring(void *unused) { (void)unused; rings++; }
static void both(SemaphoreHandle_t first, SemaphoreHandle_t second) {
    xSemaphoreTake(first, portMAX_DELAY);
    vTaskDelay(1);
    xSemaphoreTake(second, portMAX_DELAY);
    xSemaphoreGive(second);
    xSemaphoreGive(first);
}
static void other(void *unused) { (void)unused; both(b, a); vTaskDelete(NULL); }
void app_main(void) {
    a = xSemaphoreCreateMutex();
    b = xSemaphoreCreateMutex();
    esp_timer_handle_t timer;
    esp_timer_create(&(esp_timer_create_args_t){.callback = ring, .name = "ring"}, &timer);
    esp_timer_start_periodic(timer, 1000);
    xTaskCreate(other, "other", 2048, NULL, 1, NULL);
    both(a, b);
}
"""
MOST_POINTS = 3000
STRATEGIES = ("random", "pct", "delay")


def endings_of(text: str, folder: Path, *strategies: str, executions: int = 5, twice: bool = False) -> list[Ending]:
    path = folder / "spin.c"
    path.write_text(text)
    endings = []

    def note(one: Found) -> bool:
        endings.append(one.execution.ending)
        return True

    with SimTarget(build_litmus([path])) as target:
        for strategy in strategies:
            plan = Exploration(strategy, executions=executions, depth=3, max_points=MOST_POINTS, twice=twice)
            assert target.explore(None, plan, note).differing == 0
    return endings


def test_whoever_is_waited_for_has_a_turn_under_every_strategy(tmp_path: Path) -> None:
    endings = endings_of(SPIN.replace("ENOUGH", "1"), tmp_path, *STRATEGIES, executions=300, twice=True)
    assert {ending.outcome for ending in endings} == {Outcome.COMPLETED}


def test_what_nobody_ends_stays_a_livelock(tmp_path: Path) -> None:
    endings = endings_of(SPIN.replace("ENOUGH", "0"), tmp_path, *STRATEGIES)
    assert {(ending.outcome, ending.detail) for ending in endings} == {
        (Outcome.LIVELOCK, f"no end after {MOST_POINTS} schedule points")
    }


@pytest.mark.parametrize("trace", [False, True])
def test_a_replay_gives_the_same_turns(tmp_path: Path, trace: bool) -> None:
    """Nobody is left for another by this schedule, so that the first to wait would wait for ever."""
    path = tmp_path / "spin.c"
    path.write_text(SPIN.replace("ENOUGH", "1"))
    with SimTarget(build_litmus([path])) as target:
        target.explore(None, Exploration(executions=50), lambda _one: True)  # learns what is shared
        executions = [target.execute(None, Schedule(()), trace=trace) for _ in range(2)]
    assert [one.ending.outcome for one in executions] == [Outcome.COMPLETED] * 2


def test_a_deadlock_is_told_although_a_timer_rings_for_ever(tmp_path: Path) -> None:
    (ending, *_) = endings_of(CROSSED, tmp_path, "random")
    assert ending.outcome is Outcome.DEADLOCK
    assert ending.task in ("main", "other")
    assert "main waits in xSemaphoreTake held by other" in ending.detail
    assert "esp_timer" not in ending.detail
