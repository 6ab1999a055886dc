"""`p4verify litmus` looks for data races: what nothing orders is found and shown, what is ordered is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.reports.lanes import report
from p4verify.reports.source_text import SourceText
from p4verify.stateful.litmus import LitmusPlan, LitmusResult, portfolio, run_litmus
from p4verify.targets.building.plan import RUNTIME
from p4verify.verify.execution import Outcome
from p4verify.verify.schedule import Granularity

SNAP = RUNTIME / "sim" / "bench" / "snap.c"
COUNTER = """
#include <stdatomic.h>
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
static TYPE n;
static SemaphoreHandle_t s_lock;
static void count(void) {
    if (LOCKED) xSemaphoreTake(s_lock, portMAX_DELAY);
    n++;
    if (LOCKED) xSemaphoreGive(s_lock);
}
static void worker(void *unused) { (void)unused; count(); vTaskDelete(NULL); }
void app_main(void) {
    s_lock = xSemaphoreCreateMutex();
    xTaskCreatePinnedToCore(worker, "worker", 4096, NULL, 5, NULL, 1);
    count();
}
"""


def run(folder: Path, type_: str, *, locked: bool, races: bool = True) -> LitmusResult:
    file = folder / "counter.c"
    file.write_text(COUNTER)
    defines = {"TYPE": type_, "LOCKED": str(int(locked))}
    return run_litmus(LitmusPlan((file,), executions=4000, seconds=60.0, defines=defines, races=races))


@pytest.mark.parametrize("type_", ["int", "volatile int"])
def test_a_counter_without_a_lock_is_a_race_and_both_sides_are_shown(tmp_path: Path, type_: str) -> None:
    """A volatile one, too: it is no order, in C11 as on two cores."""
    result = run(tmp_path, type_, locked=False)
    assert result.status == 1
    assert result.finding is not None
    assert result.finding.replayed == result.finding.replays
    text = "\n".join(line.plain for line in report(result.finding, 100, SourceText(result.root)))
    assert "litmus.race-free" in text
    assert "main and worker race for n" in text
    lanes = text.partition("Interleaving")[2].partition("Calls")[0]
    assert lanes.count("counter.c:10") == 2
    assert "writes n = 1" in lanes


@pytest.mark.parametrize(
    ("type_", "locked", "races"), [("int", True, True), ("atomic_int", False, True), ("int", False, False)]
)
def test_what_is_ordered_is_no_race_nor_what_is_not_asked_for(
    tmp_path: Path, type_: str, locked: bool, races: bool
) -> None:
    result = run(tmp_path, type_, locked=locked, races=races)
    assert (result.status, result.executions) == (0, 4000)


@pytest.mark.parametrize("name", ["snap.c", "ring.c"])
def test_with_its_mutex_there_is_no_race(name: str) -> None:
    plan = LitmusPlan((SNAP.with_name(name),), executions=4000, seconds=60.0, races=True)
    assert run_litmus(plan).status == 0


def test_what_a_race_leads_to_is_shown_rather_than_the_race() -> None:
    plan = LitmusPlan((SNAP,), executions=4000, seconds=60.0, defines={"LOCK": "0"}, races=True)
    finding = run_litmus(plan).finding
    assert finding is not None
    assert finding.execution.ending.outcome is Outcome.ASSERTION


def test_races_are_looked_for_by_plans_of_their_own() -> None:
    """They cost: the others stay as they are."""
    quick, thorough = (portfolio(LitmusPlan((SNAP,), races=races)) for races in (False, True))
    plans = [next(thorough) for _ in range(20)]
    raced = [plan for plan in plans if plan.races]
    assert raced
    assert all(plan.granularity is Granularity.SYNC for plan in raced)
    shapes = [(plan.strategy, plan.granularity, plan.depth) for plan in plans if not plan.races]
    others = [next(quick) for _ in shapes]
    assert [(plan.strategy, plan.granularity, plan.depth) for plan in others] == shapes
    assert not any(plan.races for plan in others)
    own = portfolio(LitmusPlan((SNAP,), strategy="pct", races=True))
    assert [next(own).races for _ in range(2)] == [False, True]


def test_few_executions_are_shared_so_that_races_are_looked_for_too() -> None:
    plans = portfolio(LitmusPlan((SNAP,), executions=700, races=True))
    first = [next(plans) for _ in range(7)]
    assert any(plan.races for plan in first)
    assert sum(plan.executions for plan in first) <= 700
