from __future__ import annotations

import pytest

from p4verify.verify.execution import Outcome
from p4verify.verify.invariants.tinybms import FAIL, NO_MEMORY, TIMEOUT
from p4verify.verify.scenario_peers import TinybmsScenario

# ---- tc.bounded-wait


@pytest.mark.parametrize(("ms", "right"), [(40, True), (51, True), (52, False), (2450, False)])
def test_a_read_blocks_no_longer_than_configured(ms: float, right: bool) -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0101)
    story.wait(ms)
    story.told(read, TIMEOUT)
    if right:
        story.holds("tc.bounded-wait")
    else:
        story.violates("tc.bounded-wait", f"blocked for {ms:g} ms", "50 ms")


@pytest.mark.parametrize("name", ["tc.write", "tc.restart"])
def test_writes_and_restarts_have_a_wait_of_their_own(name: str) -> None:
    for ms, right in ((400, True), (410, False)):
        story = TinybmsScenario()
        call = story.begin(name, *((0x0200, 5) if name == "tc.write" else ()), task="gui")
        story.wait(ms)
        story.told(call, TIMEOUT)
        assert (story.judge("tc.bounded-wait").violation is None) is right


def test_waits_come_from_the_firmware_and_the_manifest_wins() -> None:
    for config, limits, right in (
        ({"CONFIG_TINYBMS_READ_WAIT_MS": 200}, {}, True),
        ({"CONFIG_TINYBMS_READ_WAIT_MS": 200}, {"read_wait_ms": 50.0}, False),
        ({"CONFIG_TINYBMS_READ_WAIT_MS": "y"}, {}, False),
    ):
        story = TinybmsScenario(config=config, limits=limits)
        read = story.read_register(0x0101)
        story.wait(150)
        story.told(read, TIMEOUT)
        assert (story.judge("tc.bounded-wait").violation is None) is right


def test_a_call_that_never_returned_is_found() -> None:
    story = TinybmsScenario()
    story.read_register(0x0101)
    story.wait(100)
    story.violates("tc.bounded-wait", "100 ms")


# ---- tc.no-overrun


@pytest.mark.parametrize(("ms", "right"), [(850, True), (861, False), (1500, False)])
def test_an_attempt_ends_within_its_time_out(ms: float, right: bool) -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0101)
    story.sends(0x0101)
    story.wait(ms)
    story.sends(0x0101)
    story.wait(5)
    story.told(read, FAIL)
    if right:
        story.holds("tc.no-overrun")
    else:
        story.violates("tc.no-overrun", "longer than 750 ms")


def test_a_last_attempt_that_overruns_is_found() -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0101)
    story.sends(0x0101)
    story.wait(1400)
    story.told(read, TIMEOUT)
    story.violates("tc.no-overrun", "sent at 0.000 s", "until 1.400 s")


def test_an_attempt_that_keeps_others_waiting_is_found() -> None:
    story = TinybmsScenario()
    story.told(story.read_register(0x0101), TIMEOUT)
    story.sends(0x0101)
    for _ in range(30):
        read = story.read_register(0x0102)
        story.wait(40)
        story.told(read, TIMEOUT)
    story.violates("tc.no-overrun", "0x0102", "sent at 0.000 s")


def test_silence_of_a_client_without_work_is_no_overrun() -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0101)
    story.exchange(0x0101, 7)
    story.told(read, value=7)
    story.wait(60_000)
    read = story.read_register(0x0102)
    story.exchange(0x0102, 8)
    story.told(read, value=8)
    story.holds("tc.no-overrun")


# ---- tc.progress


def test_a_request_that_is_answered_or_timed_out_holds() -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0101)
    story.sends(0x0101)
    story.wait(50)
    story.told(read, TIMEOUT)
    story.holds("tc.progress")


def test_a_worker_that_is_gone_is_found() -> None:
    story = TinybmsScenario()
    story.sends(0x012C)
    story.wait(2000)
    read = story.read_register(0x0101)
    story.wait(40)
    story.told(read, TIMEOUT)
    story.violates("tc.progress", "nothing was sent although nothing was under way")


def test_a_worker_that_is_busy_may_leave_a_request_unsent() -> None:
    story = TinybmsScenario()
    story.sends(0x012C)
    story.wait(500)
    read = story.read_register(0x0101)
    story.wait(40)
    story.told(read, TIMEOUT)
    story.holds("tc.progress")


@pytest.mark.parametrize("outcome", [Outcome.DEADLOCK, Outcome.HANG])
def test_a_request_in_a_stuck_firmware_is_found(outcome: Outcome) -> None:
    story = TinybmsScenario()
    story.read_register(0x0101)
    violation = story.judge("tc.progress", outcome, detail="all tasks wait").violation
    assert violation is not None
    assert "all tasks wait" in violation.summary


def test_a_request_that_is_passed_over_is_found() -> None:
    for others, right in ((66, True), (67, False)):
        story = TinybmsScenario()
        read = story.read_register(0x0101)
        for number in range(others):
            story.exchange(0x0110, number)
        story.told(read, TIMEOUT)
        assert (story.judge("tc.progress").violation is None) is right


# ---- tc.queue-bounded


def two_callers() -> TinybmsScenario:
    story = TinybmsScenario()
    for task in ("gui", "mqtt"):
        story.read_register(0x0101, task=task)
    return story


@pytest.mark.parametrize(("depth", "right"), [(10, True), (11, False)])
def test_no_more_wait_than_the_queue_holds(depth: int, right: bool) -> None:
    for publish in (False, True):
        story = two_callers()
        tell = story.publish_stats if publish else story.stats
        tell(queue_depth=1, queue_depth_max=depth)
        if right:
            story.holds("tc.queue-bounded")
        else:
            story.violates("tc.queue-bounded", "11 requests waited in a queue of 10")


@pytest.mark.parametrize(("ms", "right"), [(0, True), (1, True), (40, False)])
def test_a_full_queue_is_told_at_once(ms: float, right: bool) -> None:
    story = two_callers()
    refused = story.read_register(0x0102, task="main")
    story.wait(ms)
    story.told(refused, NO_MEMORY)
    story.stats(queue_depth=1, queue_depth_max=10)
    if right:
        story.holds("tc.queue-bounded")
    else:
        story.violates("tc.queue-bounded", "after 40 ms only")


def test_one_caller_fills_no_queue() -> None:
    story = TinybmsScenario()
    story.told(story.read_register(0x0101), TIMEOUT)
    story.stats(queue_depth=0, queue_depth_max=1)
    story.is_silent("tc.queue-bounded")


# ---- tc.serialised


def test_transactions_one_after_the_other_hold() -> None:
    story = two_callers()
    story.exchange(0x0101, 7)
    story.exchange(0x0101, 8)
    story.holds("tc.serialised")


@pytest.mark.parametrize(("ms", "right"), [(0, False), (700, False), (740, True), (850, True)])
def test_a_frame_before_the_answer_or_the_time_out_is_found(ms: float, right: bool) -> None:
    story = two_callers()
    story.sends(0x0101, task="gui")
    story.wait(ms)
    story.sends(0x0101, task="mqtt")
    if right:
        story.holds("tc.serialised")
    else:
        story.violates("tc.serialised", "task mqtt", "task gui", "neither answered nor timed out")


def test_silence_is_no_answer() -> None:
    story = two_callers()
    story.sends(0x0101)
    story.replies(story.hears(0x0101), 0x0101, kind=0)
    story.sends(0x0101)
    story.violates("tc.serialised")


def test_what_a_boot_left_on_the_wire_is_no_overlap() -> None:
    story = two_callers()
    story.sends(0x0101)
    story.boot()
    story.sends(0x012C)
    assert story.judge("tc.serialised").violation is None
