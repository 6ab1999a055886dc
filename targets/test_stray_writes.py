"""Writes through a pointer into a frame that has returned: told while the task waits, and none garbles a history.

One task leaves a pointer into its stack behind and waits; another writes one word near there. The word may be anything
by then: nothing, a register that was saved for the agent, or a return address, with which the firmware crashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.sim import SimTarget
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Granularity, Schedule

FIRMWARE = """
#include <stdint.h>
void leave(void);
void scribble(int);
static volatile uint32_t *where;
void leave(void) { volatile uint32_t mine[4]; mine[0] = 1; where = mine; }
void scribble(int at) { where[at] = 2; }
"""
ADAPTER = """
#include "p4v_adapter.h"
void leave(void);
void scribble(int);
static void op_leave(p4v_reader *a, p4v_writer *r) { (void)a; (void)r; leave(); }
static void op_wait(p4v_reader *a, p4v_writer *r) { (void)a; p4v_put_uint(r, 7, 4); p4v_cost(20000, false); }
static void op_scribble(p4v_reader *a, p4v_writer *r) { (void)r; scribble((int)(int8_t)p4v_get_uint(a, 1)); }
static const p4v_operation operations[] = {
    {"my.leave", "", "", op_leave}, {"my.wait", "", "n:u32", op_wait}, {"my.scribble", "at:i8", "", op_scribble}, {0}};
const p4v_adapter p4v_adapter_mine = {"mine", NULL, operations, NULL};
"""
WORDS = range(-60, 16)
"""From below the frame that has returned up to those of the agent from which the operation was called."""


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimTarget]:
    tree: Path = tmp_path_factory.mktemp("stray")
    (tree / "p4verify.toml").write_text('[firmware]\nname = "stray"\nsources = ["firmware.c"]\nadapters = ["mine.c"]\n')
    (tree / "firmware.c").write_text(FIRMWARE)
    (tree / "mine.c").write_text(ADAPTER)
    with SimTarget(build_firmware(load(tree))) as target:
        yield target


def executed(sim: SimTarget, word: int, *then: Invocation) -> Execution:
    tasks = (
        Task("victim", (Invocation("my.leave"), *then), core=0),
        Task("writer", (Invocation("my.scribble", (word,), 10),), core=1),
    )
    return sim.execute(Program(tasks), Schedule(granularity=Granularity.SYNC))


def test_while_a_task_waits_between_two_operations_no_frame_on_its_stack_is_alive(sim: SimTarget) -> None:
    for word in WORDS:
        ending = executed(sim, word, Invocation("agent.idle", (), 30)).ending
        assert ending.outcome is Outcome.MEMORY
        assert ending.detail.startswith("use after return: write of 4 bytes")
        assert ending.detail.endswith("on the stack of victim")


def test_whatever_is_overwritten_while_an_operation_waits_the_history_says_what_was_called(sim: SimTarget) -> None:
    ends: Counter[Outcome] = Counter()
    for word in WORDS:
        execution = executed(sim, word, Invocation("my.wait"), Invocation("my.wait", (), 30))
        ends[execution.ending.outcome] += 1
        assert execution.history.unreadable is None
        calls = [call for call in execution.history.operations if call.task == "victim"]
        assert [call.index for call in calls] == list(range(len(calls)))
        if execution.ending.outcome is Outcome.COMPLETED:
            assert len(calls) == 3
            assert all(call.returned is not None for call in calls)
    assert ends[Outcome.COMPLETED]
    assert ends[Outcome.MEMORY] or ends[Outcome.CRASH]
