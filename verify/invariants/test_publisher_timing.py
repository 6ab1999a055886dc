from __future__ import annotations

from dataclasses import replace

from p4verify.verify import tokens
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.invariants.test_publisher_points import fed, publish
from p4verify.verify.scenario import Scenario, body, system

# ---- np.cadence


def test_a_steady_cadence_holds() -> None:
    story = fed()
    for period in range(1, 4):
        publish(story, 1000 * period)
    story.holds("np.cadence")


def test_a_drifting_cadence_is_found() -> None:
    story = fed()
    publish(story, 1000, ms=50)
    publish(story, 2050, ms=50)
    story.violates("np.cadence", "1050 ms apart instead of 1000 ms")


def test_a_drift_within_a_tick_is_allowed() -> None:
    story = fed()
    publish(story, 1000)
    publish(story, 2010)
    story.holds("np.cadence")


def test_after_a_window_of_long_posts_the_next_start_follows_at_once() -> None:
    story = fed()
    publish(story, 1000, ms=1500)
    publish(story, 2500)
    publish(story, 3000)  # back on the grid
    publish(story, 4000)
    story.holds("np.cadence")


def test_after_a_window_of_long_posts_the_cadence_may_also_start_anew() -> None:
    story = fed()
    publish(story, 1000, ms=1500)
    publish(story, 2500)
    publish(story, 3500)
    story.holds("np.cadence")


def test_a_pause_after_long_posts_is_found() -> None:
    story = fed()
    publish(story, 1000, ms=1500)
    publish(story, 3500)
    story.violates("np.cadence", "2500 ms apart")


def test_a_short_gap_without_reason_is_found() -> None:
    story = fed()
    publish(story, 1000)
    publish(story, 1400)
    story.violates("np.cadence", "400 ms apart")


def test_a_publisher_that_stops_is_found() -> None:
    story = fed()
    publish(story, 1000)
    publish(story, 2000)
    story.at(5000)
    story.violates("np.cadence", "was the last")


def test_a_publisher_in_a_long_post_at_the_end_has_not_stopped() -> None:
    story = fed()
    publish(story, 1000)
    publish(story, 2000, ms=2900)
    story.holds("np.cadence")


def test_time_that_passed_early_is_allowed() -> None:
    story = fed()
    publish(story, 1000)
    publish(story, 2030)
    execution = story.execution()

    check = INVARIANTS["np.cadence"].check
    assert check(execution, story.setting).violation is not None
    assert check(replace(execution, slack_us=30_000), story.setting).violation is None


def test_without_probe_the_stamps_of_live_points_show_the_cadence() -> None:
    story = fed()
    for at_ms in (1000, 2000, 3050):
        story.at(at_ms)
        story.post(body(at_ms, 11, 13))
    story.violates("np.cadence", "1050 ms")


def test_without_probe_buffered_points_show_no_cadence() -> None:
    story = fed()
    story.at(3000)
    for stamp in (1000, 3000):
        story.post(body(stamp, 11, 13))
    story.is_silent("np.cadence")


# ---- np.reconnect


def offline(points: int) -> Scenario:
    """A publisher that built points while the network was away, which comes back half a period later."""
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    for number in range(1, points + 1):
        story.at(1000 * number)
        story.built()
    story.at(1000 * points + 500)
    story.send("system", system(reachable=True), True)
    return story


def test_the_backlog_drains_after_a_reconnection() -> None:
    story = offline(3)
    story.at(4000)
    for stamp in (1000, 2000, 3000):
        story.post(body(stamp, 11))
    story.at(6000)
    story.holds("np.reconnect")


def test_a_backlog_that_does_not_drain_is_found() -> None:
    story = offline(3)
    story.at(4000)
    story.post(body(1000, 11))
    story.at(6000)
    story.violates("np.reconnect", "at least 3 points", "only 1")


def test_an_older_failure_does_not_undo_a_reconnection() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.at(1000)
    story.built()
    serial = story.request(body(1000, 11))
    story.at(1500)
    story.send("system", system(reachable=True), True)
    story.at(1600)
    story.response(serial, ok=False)
    story.at(5000)
    story.violates("np.reconnect")


def test_a_newer_failure_excuses_a_slow_drain() -> None:
    story = offline(3)
    story.at(4000)
    story.post(body(1000, 11), ok=False)
    story.at(6000)
    story.is_silent("np.reconnect")


def test_a_network_that_goes_away_again_excuses_a_slow_drain() -> None:
    story = offline(3)
    story.send("system", system(reachable=True), True)
    story.at(3700)
    story.send("system", system(reachable=False), False)
    story.at(6000)
    story.is_silent("np.reconnect")


def test_a_history_too_short_to_drain_shows_nothing() -> None:
    story = offline(3)
    story.at(4000)
    story.is_silent("np.reconnect")


def test_a_backlog_is_never_larger_than_the_buffer() -> None:
    story = offline(6)
    story.at(7000)
    for stamp in (3000, 4000, 5000, 6000):
        story.post(body(stamp, 11))
    story.at(9000)
    story.holds("np.reconnect")


# ---- np.retry


def test_a_failed_publication_is_tried_again_within_a_period() -> None:
    story = fed()
    publish(story, 1000, ok=False)
    publish(story, 2000)
    story.at(4000)
    story.holds("np.retry")


def test_a_publisher_that_waits_for_a_status_after_a_failure_is_found() -> None:
    story = fed()
    publish(story, 1000, ok=False)
    story.at(2000)
    story.built()
    story.at(4000)
    story.violates("np.retry", "1.000 s")


def test_while_the_network_is_away_nothing_need_be_tried() -> None:
    story = fed()
    publish(story, 1000, ok=False)
    story.at(1100)
    story.send("system", system(reachable=False), False)
    story.at(4000)
    story.is_silent("np.retry")


def test_a_failure_right_before_the_end_shows_nothing() -> None:
    story = fed()
    publish(story, 1000, ok=False)
    story.at(1500)
    story.is_silent("np.retry")


def test_points_that_were_overwritten_are_no_backlog() -> None:
    story = offline(6)
    story.at(6500)
    for stamp in (3000, 4000, 5000, 6000):
        story.post(body(stamp, 11))
    story.at(6600)
    story.send("system", system(reachable=True), True)
    story.at(9000)
    story.holds("np.reconnect")
