"""np.conservation by linearizability: a bounded ring of points, and two numbers that show it."""

from __future__ import annotations

import pytest

from p4verify.verify import tokens
from p4verify.verify.invariants.publisher_ring import out_of_order
from p4verify.verify.scenario import Scenario, body, system
from p4verify.verify.timeline import View


def online(points: int, *, depth: int = 4) -> Scenario:
    """Points were built a second apart while the network was away, in a ring of `depth`; it is there again."""
    story = Scenario(config={"CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH": depth})
    story.send("battery", tokens.battery(11), 11)
    for number in range(1, points + 1):
        story.at(1000 * number)
        story.built("net_sample")
    story.at(1000 * points + 500)
    story.send("system", system(reachable=True), True)
    return story


def posts(story: Scenario, *seconds: int, ok: bool = True) -> None:
    for second in seconds:
        story.post(body(1000 * second, 11), ok=ok, ms=2)


def counted(story: Scenario, buffered: int, overwritten: int = 0, published: int = 0) -> None:
    """Read in the midst of things, so that nothing is at rest."""
    story.metrics(
        buffered_points=buffered, overwritten=overwritten, published_points=published, buffer_capacity=4
    )  # fmt: skip


def test_what_waits_is_counted_while_it_drains() -> None:
    story = online(3)
    posts(story, 1)
    counted(story, 2, published=1)
    posts(story, 2, 3)
    story.holds("np.conservation")


def test_a_point_that_vanishes_while_others_drain_is_found() -> None:
    story = online(3)
    posts(story, 1)
    counted(story, 1, published=1)
    posts(story, 3)
    story.violates("np.conservation", "no order of what was built, sent and counted")


def test_a_point_that_is_left_out_must_be_counted() -> None:
    for overwritten in (0, 1):
        story = online(5)
        posts(story, 2, 3)
        counted(story, 2, overwritten, published=2)
        posts(story, 4, 5)
        if overwritten:
            story.holds("np.conservation")
        else:
            story.violates("np.conservation", "2 buffered and 0 overwritten")


def test_nothing_gives_way_before_the_ring_is_full() -> None:
    story = online(3)
    posts(story, 2)
    counted(story, 1, 1, published=1)
    posts(story, 3)
    story.violates("np.conservation", "the point of 2.000 s was posted")


def test_a_point_under_way_may_be_counted_or_not() -> None:
    for buffered, right in ((1, True), (2, True), (3, False)):
        story = online(2)
        serial = story.request(body(1000, 11))
        counted(story, buffered)
        story.wait(2)
        story.response(serial)
        posts(story, 2)
        if right:
            story.holds("np.conservation")
        else:
            story.violates("np.conservation", f"count {buffered} buffered")


def test_one_point_may_be_taken_whose_request_is_not_yet_seen() -> None:
    """The history ends before the post begins: the point is neither in the ring nor on its way."""
    for buffered, right in ((3, True), (4, True), (2, False)):
        story = online(4)
        posts(story, 1, ok=False)
        story.at(5000)
        story.built("net_sample")
        counted(story, buffered, 1)
        if right:
            assert story.judge("np.conservation").violation is None
        else:
            story.violates("np.conservation", "2 buffered and 1 overwritten")


def test_a_failed_point_is_in_the_ring_again() -> None:
    for buffered, right in ((2, True), (1, False)):
        story = online(2)
        posts(story, 1, ok=False)
        story.wait(5)
        serial = story.request(body(1000, 11))
        story.wait(2)
        story.response(serial, ok=False)
        story.wait(5)
        counted(story, buffered)
        story.wait(5)
        posts(story, 1)
        assert (story.judge("np.conservation").violation is None) is right


def full_while_sending(overwritten: int) -> Scenario:
    """A ring of two is full while its first point is sent; another is built; the attempt fails."""
    story = online(2, depth=2)
    serial = story.request(body(1000, 11))
    story.at(3600)
    story.built("net_sample")
    story.wait(200)
    story.response(serial, ok=False)
    story.wait(100)
    counted(story, 2, overwritten)
    return story


def test_what_comes_back_to_a_full_ring_gives_way_and_is_counted() -> None:
    story = full_while_sending(1)
    story.wait(5)
    posts(story, 2)
    story.holds("np.conservation")
    full_while_sending(0).violates("np.conservation", "0 overwritten")
    full_while_sending(2).violates("np.conservation", "2 overwritten")


def test_a_read_may_come_before_or_after_what_it_overlaps() -> None:
    for buffered, right in ((1, True), (2, True), (3, False)):
        story = online(2)
        read = story.begin("np.metrics")
        posts(story, 1)
        story.finish(read, **story.counters(buffered_points=buffered, overwritten=0))
        assert (story.judge("np.conservation").violation is None) is right


def test_two_reads_must_agree_on_an_order() -> None:
    for first, second in ((0, 1), (1, 0)):
        story = online(2, depth=2)
        story.at(4000)
        story.built("net_sample")
        counted(story, 2, first)
        counted(story, 2, second)
        story.wait(100)
        posts(story, 2, 4)
        assert (story.judge("np.conservation").violation is None) is (first < second)


@pytest.mark.parametrize(("order", "right"), [((1, 2, 3), True), ((1, 3), True), ((2, 1, 3), False)])
def test_points_leave_in_the_order_in_which_they_were_built(order: tuple[int, ...], right: bool) -> None:
    story = online(3)
    posts(story, *order)
    view = View.of(story.execution(), story.setting)
    wrong = out_of_order(view, view.posts)
    assert (wrong is None) is right
    assert wrong is None or (wrong.violation is not None and "an older one" in wrong.violation.summary)


def test_points_that_were_under_way_together_have_no_order() -> None:
    story = online(2)
    second = story.request(body(2000, 11), task="other")
    first = story.request(body(1000, 11))
    story.response(second, task="other")
    story.response(first)
    view = View.of(story.execution(), story.setting)
    assert out_of_order(view, view.posts) is None


def test_without_a_count_of_what_was_overwritten_nothing_is_said() -> None:
    story = online(3)
    posts(story, 1)
    story.metrics(buffered_points=0, published_points=1)
    posts(story, 2, 3)
    assert story.judge("np.conservation").violation is None


def test_stamps_that_name_no_build_are_not_judged() -> None:
    story = online(2)
    story.post(body(1500, 11))
    counted(story, 7)
    assert story.judge("np.conservation").violation is None
