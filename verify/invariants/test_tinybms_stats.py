from __future__ import annotations

import pytest

from p4verify.verify.invariants.tinybms import FAIL, INVALID_ARG, NO_MEMORY, TIMEOUT
from p4verify.verify.scenario import mode
from p4verify.verify.scenario_peers import TinybmsScenario

ID = "tc.stats-coherent"


def answered(reads: int = 1) -> TinybmsScenario:
    """So many reads that were answered."""
    story = TinybmsScenario()
    for number in range(reads):
        read = story.read_register(0x0101)
        story.exchange(0x0101, number + 1)
        story.told(read, value=number + 1)
    return story


def test_counters_that_agree_hold() -> None:
    story = answered(3)
    story.told(story.read_register(0x0102), TIMEOUT)
    story.told(story.read_register(0x0103), NO_MEMORY)
    story.told(story.read_register(0x0103), INVALID_ARG)
    story.stats(reads_ok=3, reads_failed=2, timeouts=1)
    story.holds(ID)


@pytest.mark.parametrize(
    ("counters", "words"),
    [
        ({"reads_ok": 2}, "reads_ok = 2, but at least 3"),
        ({"reads_ok": 5}, "reads_ok = 5, but at most 4"),
        ({"reads_ok": 3, "writes_ok": 1}, "writes_ok = 1, but at most 0"),
        ({"reads_ok": 3, "nacks": 1}, "nacks = 1, but at most 0"),
        ({"reads_ok": 3, "retries": 4}, "retries = 4, but at most 3"),
    ],
)
def test_counters_that_do_not_agree_are_found(counters: dict[str, int], words: str) -> None:
    story = answered(3)
    story.stats(**counters)
    story.violates(ID, words)


def test_time_outs_seen_by_callers_are_counted() -> None:
    story = TinybmsScenario()
    story.told(story.read_register(0x0101), TIMEOUT)
    story.stats(reads_failed=1)
    story.violates(ID, "timeouts = 0, but at least 1")


def test_a_call_under_way_may_be_counted_or_not() -> None:
    for count in (0, 1):
        story = TinybmsScenario()
        write = story.write_register(0x0200, 5)
        story.stats(writes_failed=count)
        story.told(write, FAIL)
        story.holds(ID)


def test_the_firmwares_own_reads_are_counted_too() -> None:
    story = answered(1)
    for number in range(5):
        story.exchange(0x0024, number)
    story.stats(reads_ok=6)
    story.holds(ID)


def test_reads_of_a_model_that_polls_may_fail_without_being_sent() -> None:
    for polls, right in ((True, True), (False, False)):
        story = answered(1)
        if polls:
            story.send("mode", mode(autonomous=True), True)
        story.stats(reads_ok=1, reads_failed=4)
        assert (story.judge(ID).violation is None) is right


def test_a_counter_that_falls_is_found() -> None:
    story = answered(1)
    story.stats(reads_ok=2)
    story.stats(reads_ok=1)
    story.violates(ID, "reads_ok = 2", "and 1 at")


def test_events_of_two_tasks_may_overtake_and_those_of_one_may_not() -> None:
    for task, right in (("mqtt", True), ("gui", False)):
        story = answered(2)
        story.publish_stats(reads_ok=2, task="gui")
        story.publish_stats(reads_ok=1, task=task)
        assert (story.judge(ID).violation is None) is right


def test_a_boot_begins_to_count_anew() -> None:
    story = answered(2)
    story.stats(reads_ok=2)
    story.boot()
    story.told(story.read_register(0x0102), TIMEOUT)
    story.stats(reads_failed=1, timeouts=1)
    story.holds(ID)


LATENCY = {"queue_depth": 0, "queue_depth_max": 1}


@pytest.mark.parametrize(("ms", "words"), [(5, None), (7, None), (4, "4 ms on average, but none"), (900, "has run")])
def test_the_latency_is_possible(ms: int, words: str | None) -> None:
    story = answered(1)
    story.stats(reads_ok=1, avg_latency_ms=ms, **LATENCY)
    if words is None:
        story.holds(ID)
    else:
        story.violates(ID, words)


def test_a_depth_above_the_highest_is_found() -> None:
    story = answered(1)
    story.stats(reads_ok=1, avg_latency_ms=6, queue_depth=2, queue_depth_max=1)
    story.violates(ID, "2 requests wait, but never more than 1")


@pytest.mark.parametrize(("count", "right"), [(1, True), (0, False), (None, False)])
def test_what_was_counted_is_published(count: int | None, right: bool) -> None:
    story = answered(1)
    if count is not None:
        story.publish_stats(reads_ok=count)
    story.wait(2000)
    if right:
        story.holds(ID)
    else:
        story.violates(ID, "no published statistics account for it", "reads_ok = 1")


def test_shortly_before_the_end_nothing_needs_to_be_published() -> None:
    story = answered(1)
    story.wait(900)
    story.stats(reads_ok=1)
    story.holds(ID)


def test_who_is_at_work_publishes_later() -> None:
    story = answered(1)
    story.wait(1500)
    story.sends(0x0024)
    story.wait(1500)
    story.stats(reads_ok=1)
    story.holds(ID)
