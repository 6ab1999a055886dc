"""The request queue by linearizability: the order of frames, what is accepted, and depths."""

from __future__ import annotations

import pytest

from p4verify.verify.invariants.tinybms import QUEUE_LENGTH
from p4verify.verify.scenario_peers import TinybmsScenario

FIRST, SECOND = 0x0101, 0x0102


def two_reads(*order: int, apart_ms: float = 5, depth: int | None = 0) -> TinybmsScenario:
    """Two tasks ask, one after the other, while the client is busy; then their frames go out in this order."""
    story = TinybmsScenario()
    first = story.read_register(FIRST, task="a")
    story.wait(apart_ms)
    second = story.read_register(SECOND, task="b")
    story.wait(5)
    for address in order:
        story.exchange(address, address)
    story.told(first, 0, FIRST)
    story.told(second, 0, SECOND)
    if depth is not None:
        story.stats(reads_ok=2, queue_depth=depth, queue_depth_max=2)
    return story


def test_frames_go_out_in_the_order_of_the_requests() -> None:
    two_reads(FIRST, SECOND).holds("tc.progress")
    two_reads(SECOND, FIRST).violates("tc.progress", "0x0102", "before one that had been asked for earlier")


def test_requests_of_one_moment_have_no_order() -> None:
    two_reads(SECOND, FIRST, apart_ms=0).holds("tc.progress")


def test_a_client_without_a_queue_promises_no_order() -> None:
    two_reads(SECOND, FIRST, depth=None).holds("tc.progress")


def test_what_two_ask_for_alike_is_left_out() -> None:
    story = TinybmsScenario()
    calls = [story.read_register(FIRST, task="a")]
    for address, task in ((SECOND, "b"), (FIRST, "c")):
        story.wait(5)
        calls.append(story.read_register(address, task=task))
    for address in (SECOND, FIRST, FIRST):
        story.exchange(address, address)
    for call, address in zip(calls, (FIRST, SECOND, FIRST), strict=True):
        story.told(call, 0, address)
    story.stats(reads_ok=3, queue_depth=0, queue_depth_max=3)
    story.holds("tc.progress")


def waiting(requests: int, depth: int) -> TinybmsScenario:
    """So many wait behind one in work when the depth is read."""
    story = TinybmsScenario()
    story.read_register(FIRST, task="first")
    story.wait(2)
    story.sends(FIRST)
    for number in range(requests):
        story.wait(2)
        story.read_register(SECOND + number, task=f"t{number}")
    story.wait(5)
    story.stats(queue_depth=depth, queue_depth_max=QUEUE_LENGTH)
    story.wait(5)
    for number in range(requests):
        story.sends(SECOND + number)
    return story


@pytest.mark.parametrize(("requests", "depth"), [(1, 1), (3, 3), (QUEUE_LENGTH, QUEUE_LENGTH)])
def test_the_depth_is_what_waits(requests: int, depth: int) -> None:
    waiting(requests, depth).holds("tc.queue-bounded")


@pytest.mark.parametrize(("requests", "depth"), [(1, 3), (3, 1), (3, 5)])
def test_a_depth_that_nobody_explains_is_found(requests: int, depth: int) -> None:
    waiting(requests, depth).violates("tc.queue-bounded", f"{depth} requests wait")


def accepted(requests: int) -> TinybmsScenario:
    """So many are accepted while one is in work, and go out later."""
    story = waiting(requests, min(requests, QUEUE_LENGTH))
    story.wait(1000)
    return story


def test_no_more_wait_than_the_queue_holds() -> None:
    """One may have been taken out whose frame is still to come."""
    accepted(QUEUE_LENGTH + 1).holds("tc.queue-bounded")
    accepted(QUEUE_LENGTH + 2).violates("tc.queue-bounded", "of a queue of 10")
