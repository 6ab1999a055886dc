"""NVS as a program scripts it: power cuts, failures, costs, and which of the two models of durability holds.

What holds without an environment, and on a device too, is asserted by c/shim/conformance/nvs_*.c.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.peers import AFTER_NVS, AT_MS, BEFORE_NVS, CODE, SYNC, build_peers, call, results, run
from p4verify.targets.printed import text_of
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Execution
from p4verify.verify.history import History
from p4verify.verify.program import Invocation, Program, Task, Value
from p4verify.verify.schedule import Granularity

OK, FAIL, NOT_FOUND, NO_SPACE = 0, -1, 0x1102, 0x1105
OPEN, GET, SET, COMMIT, ERASE = 1, 2, 3, 4, 5
COMMIT_STORES, SET_STORES = 0, 1


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimTarget]:
    with SimTarget(build_peers(tmp_path_factory.mktemp("peers"))) as target:
        yield target


def store(value: bytes, key: str = "k") -> tuple[Invocation, Invocation]:
    return call("set", key, value), call("commit")


def codes(history: History, name: str) -> list[Value]:
    return [result["result"] for result in results(history, name)]


def finally_stored(execution: Execution) -> Value | None:
    """What the key `k` holds in the end, None when nothing."""
    last = results(execution.history, "get")[-1]
    return last["value"] if last["result"] == OK else None


def took(history: History, name: str) -> list[int]:
    return [
        operation.returned_us - operation.invoked_us
        for operation in history.calls(f"peers.{name}")
        if operation.returned_us is not None
    ]


@pytest.mark.parametrize(("durability", "kept"), [(COMMIT_STORES, b"old"), (SET_STORES, b"new")])
def test_what_is_not_committed_is_lost_or_not(sim: SimTarget, durability: int, kept: bytes) -> None:
    """The power goes after the third step, which is the set of the new value."""
    execution = run(
        sim,
        *store(b"old"),
        *store(b"new"),
        final=(call("get", "k"),),
        streams={"nvs.durability": (durability,), "power": (AFTER_NVS * CODE + 3,)},
    )
    assert len(execution.history.boots) == 1
    assert finally_stored(execution) == kept


@pytest.mark.parametrize("durability", [COMMIT_STORES, SET_STORES])
@pytest.mark.parametrize("kind", [BEFORE_NVS, AFTER_NVS])
@pytest.mark.parametrize("step", range(1, 7))
def test_a_cut_at_any_step_leaves_a_whole_value(sim: SimTarget, durability: int, kind: int, step: int) -> None:
    values: tuple[bytes, ...] = (b"first" * 9, b"second, longer" * 8, b"3")
    stores = tuple(invocation for value in values for invocation in store(value))
    execution = run(
        sim,
        *stores,
        final=(call("get", "k"),),
        streams={"nvs.durability": (durability,), "power": (kind * CODE + step,)},
    )
    durable = step - 1 if kind == BEFORE_NVS else step
    count = durable // 2 if durability == COMMIT_STORES else (durable + 1) // 2
    assert finally_stored(execution) == (values[count - 1] if count else None)


def test_power_that_goes_during_a_write_loses_that_value_alone(sim: SimTarget) -> None:
    calls = (*store(b"old"), *store(b"1", "other"), *store(b"new"))
    execution = run(
        sim, *calls, final=(call("get", "k"), call("get", "other")), streams={"power": (AT_MS * CODE + 10,)}
    )
    assert [result["value"] for result in results(execution.history, "get")] == [b"old", b"1"]


@pytest.mark.parametrize(("code", "error"), [(1, FAIL), (2, NO_SPACE)])
@pytest.mark.parametrize("durability", [COMMIT_STORES, SET_STORES])
def test_a_set_that_fails_changes_nothing(sim: SimTarget, code: int, error: int, durability: int) -> None:
    failing = (4000, 4000, code * CODE + 4000)
    calls = (*store(b"old"), *store(b"new"), call("get", "k"))
    execution = run(sim, *calls, streams={"nvs": failing, "nvs.durability": (durability,)})
    assert codes(execution.history, "set") == [OK, error]
    assert finally_stored(execution) == b"old"


def test_a_commit_that_fails_can_be_tried_again(sim: SimTarget) -> None:
    calls = (*store(b"new"), call("commit"))
    execution = run(
        sim, *calls, final=(call("get", "k"),), streams={"nvs": (0, 1 * CODE), "power": (AFTER_NVS * CODE + 3,)}
    )
    assert codes(execution.history, "commit") == [FAIL]  # the power goes before the other one returns
    assert finally_stored(execution) == b"new"
    lost = run(
        sim, *store(b"new"), final=(call("get", "k"),), streams={"nvs": (0, 1 * CODE), "power": (AFTER_NVS * CODE + 2,)}
    )
    assert finally_stored(lost) is None


@pytest.mark.parametrize(
    ("durability", "sets", "commits"), [(COMMIT_STORES, (0, 0), (7000, 0)), (SET_STORES, (3000, 0), (0, 0))]
)
def test_flash_takes_its_time_once_and_only_for_what_changes(
    sim: SimTarget, durability: int, sets: tuple[int, int], commits: tuple[int, int]
) -> None:
    history = run(
        sim,
        *store(b"same"),
        *store(b"same"),
        streams={"nvs": (3000, 7000, 3000, 7000), "nvs.durability": (durability,)},
    ).history
    for name, expected in (("set", sets), ("commit", commits)):
        assert [us - us % 1000 for us in took(history, name)] == list(expected)


def test_who_writes_keeps_its_core_and_nobody_else_calls_nvs(sim: SimTarget) -> None:
    tasks = tuple(Task(name, store(name.encode(), name), priority=5, core=core) for core, name in enumerate("ab"))
    history = sim.execute(Program(tasks, {}, settle_ms=0), SYNC).history
    assert sorted(us // 4000 for us in took(history, "commit")) in ([1, 1], [1, 2])
    assert history.loaded_us is not None
    assert history.loaded_us >= 8000


def test_writes_are_counted_over_all_boots(sim: SimTarget) -> None:
    """Values that did not change wear nothing; the power goes after the sixth step."""
    calls = (*store(b"1"), *store(b"1"), *store(b"22"), *store(b"333"))
    history = run(sim, *calls, final=store(b"4444"), streams={"power": (AFTER_NVS * CODE + 6,)}).history
    stored = [(seen["key"], seen["length"], seen["writes"]) for seen in history.seen("nvs.stored")]
    assert stored == [("k", 1, 1), ("k", 2, 2), ("k", 4, 3)]


def test_calls_are_seen_with_namespace_key_and_length(sim: SimTarget) -> None:
    history = run(sim, *store(b"12345"), call("get", "none"), call("erase", "k")).history
    seen = [
        (each["call"], each["namespace"], each["key"], each["length"], each.task) for each in history.seen("nvs.call")
    ]
    assert seen == [
        (OPEN, "peers", "", 0, "main"),
        (SET, "peers", "k", 5, "a"),
        (COMMIT, "peers", "", 0, "a"),
        (GET, "peers", "none", 256, "a"),
        (ERASE, "peers", "k", 0, "a"),
    ]
    assert [each["result"] for each in history.seen("nvs.return")] == [OK, OK, OK, NOT_FOUND, OK]


@pytest.mark.parametrize("erasing", [call("erase", "k"), call("erase_all")])
def test_an_erasure_that_is_not_committed_is_undone_by_a_power_cut(sim: SimTarget, erasing: Invocation) -> None:
    def run_and_cut(durability: int, step: int) -> Value | None:
        calls = (*store(b"old"), erasing, call("commit"))
        streams = {"nvs.durability": (durability,), "power": (AFTER_NVS * CODE + step,)}
        return finally_stored(run(sim, *calls, final=(call("get", "k"),), streams=streams))

    assert run_and_cut(COMMIT_STORES, 3) == b"old"
    assert run_and_cut(COMMIT_STORES, 4) is None
    assert run_and_cut(SET_STORES, 3) is None


TORN = """
#include <assert.h>
#include <stdio.h>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "nvs.h"
#include "nvs_flash.h"

static struct { unsigned a, b; } shared;   /* at no moment is a less than b */
static void write(void *unused) {
    (void)unused;
    for (unsigned i = 1; i < 4; i++) { shared.a = i; shared.b = i; }
    vTaskDelete(NULL);
}
void app_main(void) {
    nvs_handle_t handle;
    unsigned got[2];
    size_t length = sizeof got;
    nvs_flash_init();
    nvs_open("torn", NVS_READWRITE, &handle);
    xTaskCreate(write, "write", 4096, NULL, 1, NULL);
    nvs_set_blob(handle, "k", &shared, sizeof shared);
    nvs_get_blob(handle, "k", got, &length);
    printf(got[0] < got[1] ? "torn" : "of one moment");
}
"""


def test_a_blob_that_somebody_changes_meanwhile_is_stored_torn(tmp_path: Path) -> None:
    (tmp_path / "torn.c").write_text(TORN)
    printed: set[str] = set()

    def found(sighting: Found) -> bool:
        printed.add(text_of(sighting.execution.history))
        return True

    with SimTarget(build_litmus([tmp_path / "torn.c"])) as target:
        target.explore(None, Exploration("random", Granularity.WORDS, executions=500), found)
    assert printed == {"of one moment", "torn"}
