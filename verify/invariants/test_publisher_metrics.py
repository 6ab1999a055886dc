from __future__ import annotations

from p4verify.verify import tokens
from p4verify.verify.scenario import Scenario, body, system


def story_with(published: int) -> Scenario:
    """A publisher that built and published points at 1 s, 2 s, ..."""
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    for number in range(1, published + 1):
        story.at(1000 * number)
        story.built()
        story.post(body(1000 * number, 11))
    return story


# ---- np.monotone


def test_a_counter_that_grows_with_the_publications_holds() -> None:
    story = story_with(1)
    story.wait(500)
    story.metrics(published_points=1, last_sync_ms=1002)
    story.at(2000)
    story.built()
    story.post(body(2000, 11))
    story.wait(500)
    story.metrics(published_points=2, last_sync_ms=2002)
    story.holds("np.monotone")


def test_a_counter_that_falls_is_found() -> None:
    story = story_with(2)
    story.wait(500)
    story.metrics(published_points=2)
    story.metrics(published_points=1)
    story.violates("np.monotone", "from 2", "to 1")


def test_a_lost_count_is_found_at_rest() -> None:
    story = story_with(3)
    story.wait(500)
    story.metrics(published_points=2)
    story.violates("np.monotone", "0 at boot", "to 2", "3 publications")


def test_a_count_without_publication_is_found() -> None:
    story = story_with(1)
    story.wait(500)
    story.metrics(published_points=2)
    story.violates("np.monotone")


def test_a_read_right_after_the_response_may_or_may_not_have_the_count() -> None:
    for published in (0, 1):
        story = story_with(1)
        story.metrics(published_points=published, last_sync_ms=1002 if published else 0)
        story.holds("np.monotone")


def test_a_read_that_overlaps_a_publication_may_or_may_not_have_the_count() -> None:
    for published in (0, 1):
        story = story_with(0)
        story.at(1000)
        operation = story.begin("np.metrics")
        story.post(body(1000, 11))
        story.finish(operation, **story.counters(published_points=published))
        story.holds("np.monotone")


def test_a_publisher_may_count_a_whole_drain_at_its_end() -> None:
    story = story_with(0)
    story.at(3000)
    for stamp in (1000, 2000):
        story.post(body(stamp, 11))
    story.metrics(published_points=0)
    story.wait(500)
    story.metrics(published_points=2, last_sync_ms=3004)
    story.holds("np.monotone")


def test_without_publications_nothing_is_exercised() -> None:
    story = story_with(0)
    story.metrics()
    story.is_silent("np.monotone")


# ---- np.metrics-coherent


def test_a_coherent_snapshot_holds() -> None:
    story = story_with(2)
    story.wait(500)
    story.metrics(published_points=2, last_sync_ms=2002)
    story.holds("np.metrics-coherent")


def test_more_points_than_the_buffer_holds_are_found() -> None:
    story = story_with(1)
    story.metrics(buffered_points=4294967295)
    story.violates("np.metrics-coherent", "buffer of 4")


def test_a_capacity_that_is_not_the_configured_one_is_found() -> None:
    story = story_with(1)
    story.metrics(buffer_capacity=5)
    story.violates("np.metrics-coherent", "configured for 4")


def test_a_count_of_one_publication_with_the_time_of_another_is_found() -> None:
    story = story_with(2)
    story.wait(500)
    story.metrics(published_points=2, last_sync_ms=1002)
    story.violates("np.metrics-coherent", "no one instant", "publication 2")


def test_a_time_without_a_count_is_found() -> None:
    story = story_with(1)
    story.metrics(published_points=0, last_sync_ms=1002)
    story.violates("np.metrics-coherent", "1002 ms")


def test_a_count_before_its_post_was_acknowledged_is_found() -> None:
    story = story_with(0)
    story.at(1000)
    serial = story.request(body(1000, 11))
    story.metrics(published_points=1, last_sync_ms=1000)
    story.response(serial)
    story.violates("np.metrics-coherent", "only 0 posts")


def test_either_state_is_right_while_the_read_overlaps_the_publication() -> None:
    for published, sync in ((1, 1002), (2, 2002)):
        story = story_with(1)
        story.at(2000)
        operation = story.begin("np.metrics")
        story.built()
        story.post(body(2000, 11))
        story.finish(operation, **story.counters(published_points=published, last_sync_ms=sync))
        story.holds("np.metrics-coherent")


def test_a_point_counted_as_buffered_and_as_published_is_found() -> None:
    story = story_with(1)
    story.metrics(published_points=1, last_sync_ms=1002, buffered_points=1)
    story.violates("np.metrics-coherent", "account for 2 points", "only 1 had been built")


def test_posts_of_two_tasks_may_be_counted_in_either_order() -> None:
    for sync in (1002, 1100):
        story = story_with(0)
        story.at(1000)
        story.built()
        story.built()
        one = story.request(body(999, 11))
        two = story.request(body(1000, 11), task="event_dispatch")
        story.wait(2)
        story.response(one)
        story.at(1100)
        story.response(two, task="event_dispatch")
        story.metrics(published_points=1, last_sync_ms=sync)
        story.holds("np.metrics-coherent")


def overlapping_posts(first: int, second: int) -> Scenario:
    """Two tasks publish: one until 1.002 s, but it may count that after its next attempt, the other until 1.100 s.

    The metrics are read before and after that next attempt ends: one published point, and two. These are their
    last_sync_ms.
    """
    story = story_with(0)
    story.at(1000)
    for _ in range(3):
        story.built()
    one = story.request(body(998, 11))
    two = story.request(body(999, 11), task="event_dispatch")
    story.wait(2)
    story.response(one)
    three = story.request(body(1000, 11))
    story.at(1100)
    story.response(two, task="event_dispatch")
    story.metrics(published_points=1, last_sync_ms=first)
    story.at(1200)
    story.response(three, ok=False)
    story.wait(500)
    story.metrics(published_points=2, last_sync_ms=second)
    return story


def test_reads_that_no_order_of_the_publications_explains_are_found() -> None:
    story = overlapping_posts(1100, 1100)
    story.violates("np.metrics-coherent", "no order of the publications", "2 with last_sync_ms 1100")
    story.holds("np.monotone")


def test_reads_that_some_order_of_the_publications_explains_hold() -> None:
    for times in ((1002, 1100), (1100, 1002)):
        overlapping_posts(*times).holds("np.metrics-coherent")


def test_a_lost_count_is_no_incoherence() -> None:
    story = story_with(2)
    story.wait(500)
    story.metrics(published_points=1, last_sync_ms=1002)
    story.metrics(published_points=1, last_sync_ms=1002)
    story.violates("np.monotone")
    story.is_silent("np.metrics-coherent")


# ---- np.conservation


def test_at_rest_every_built_point_is_accounted_for() -> None:
    story = story_with(2)
    story.at(3000)
    story.built()
    story.wait(500)
    story.metrics(published_points=2, last_sync_ms=2002, buffered_points=1)
    story.holds("np.conservation")


def test_a_point_that_vanished_is_found() -> None:
    story = story_with(2)
    story.at(3000)
    story.built()
    story.wait(500)
    story.metrics(published_points=2, last_sync_ms=2002, buffered_points=0)
    story.violates("np.conservation", "3 points had been built", "= 2")


def test_a_point_in_flight_is_no_loss() -> None:
    story = story_with(0)
    story.at(1000)
    story.built()
    serial = story.request(body(1000, 11))
    story.wait(500)
    story.metrics()
    story.response(serial)
    story.is_silent("np.conservation")


def test_right_after_a_build_the_publisher_is_not_at_rest() -> None:
    story = story_with(1)
    story.metrics()
    story.is_silent("np.conservation")


def test_without_an_overwrite_counter_a_full_buffer_shows_nothing() -> None:
    story = story_with(0)
    for number in range(1, 7):
        story.at(1000 * number)
        story.built()
    story.wait(500)
    story.metrics(buffered_points=4)
    story.is_silent("np.conservation")


def test_overwritten_points_are_accounted_for() -> None:
    story = story_with(0)
    for number in range(1, 7):
        story.at(1000 * number)
        story.built()
    story.wait(500)
    story.metrics(buffered_points=4, overwritten=2)
    story.holds("np.conservation")
    story.holds("np.collisions-counted")


# ---- np.collisions-counted


def test_an_overwrite_that_was_not_counted_is_found() -> None:
    story = story_with(0)
    for number in range(1, 7):
        story.at(1000 * number)
        story.built()
    story.wait(500)
    story.metrics(buffered_points=4, overwritten=1)
    story.violates("np.collisions-counted", "2 were overwritten, but 1 are counted")


def test_without_an_overwrite_nothing_is_exercised() -> None:
    story = story_with(2)
    story.wait(500)
    story.metrics(published_points=2, overwritten=0)
    story.is_silent("np.collisions-counted")


def test_without_an_offline_buffer_points_may_be_dropped() -> None:
    story = Scenario(config={"CONFIG_NETWORK_TELEMETRY_OFFLINE_BUFFER": False})
    story.at(1000)
    story.built()
    story.wait(500)
    story.metrics(overwritten=0)
    story.is_silent("np.conservation")
    story.is_silent("np.collisions-counted")


# ---- what counts as rest


def test_a_publisher_that_was_just_told_of_the_network_may_hold_a_point_in_its_hand() -> None:
    story = story_with(0)
    story.at(1000)
    story.built()
    story.at(1500)
    story.send("system", system(reachable=True), True)
    story.metrics(buffered_points=0)
    story.at(1900)
    story.is_silent("np.conservation")


def test_a_publisher_that_is_seen_right_after_the_read_may_already_have_been_at_work() -> None:
    story = story_with(0)
    story.at(1000)
    story.built()
    story.at(1500)
    story.metrics(buffered_points=0)
    story.post(body(1000, 11))
    story.at(1900)
    story.is_silent("np.conservation")


def test_at_the_very_end_a_period_may_just_have_ended() -> None:
    story = story_with(0)
    story.at(1000)
    story.built()
    story.at(2000)
    story.metrics(buffered_points=0)
    story.is_silent("np.conservation")
