from __future__ import annotations

from dataclasses import replace

import pytest

from p4verify.verify import tokens
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.scenario import Fields, Scenario, body, system


def fed() -> Scenario:
    """A publisher that has been given battery 11 and pack 13, and whose network is reachable."""
    story = Scenario()
    story.send("system", system(reachable=True), True)
    story.send("battery", tokens.battery(11), 11)
    story.send("pack", tokens.pack(13), 13, 4)
    return story


def publish(story: Scenario, at_ms: float, *, ok: bool = True, ms: float = 2) -> None:
    """A point of battery 11 and pack 13 is built and posted."""
    story.at(at_ms)
    story.built()
    story.post(body(int(at_ms), 11, 13), ok=ok, ms=ms)


# ---- np.point-intact


def test_a_point_of_one_battery_and_one_pack_is_intact() -> None:
    story = fed()
    publish(story, 1000)
    story.holds("np.point-intact")


def test_a_point_of_two_batteries_is_torn() -> None:
    story = fed()
    story.send("battery", tokens.battery(15), 15)
    story.at(1000)
    story.post(body(1000, 15, 13, voltage_v=float(tokens.battery(11)["voltage"])))
    story.violates("np.point-intact", "token 15 (soc, soh, current, power, temperature)", "token 11 (voltage)")


def test_a_point_of_two_packs_is_torn() -> None:
    story = fed()
    story.send("pack", tokens.pack(15), 15, 4)
    story.post(body(1, 11, 15, cell_max_mv=float(tokens.pack(13)["cell_max"])))
    story.violates("np.point-intact", "the pack of", "token 13 (cell_max)")


def test_a_point_of_an_event_that_never_came_is_torn() -> None:
    story = fed()
    story.post(body(1, 17, 13))
    story.violates("np.point-intact", "token 17")


def test_a_composite_battery_is_intact_although_it_has_many_tokens() -> None:
    story = fed()
    composite: Fields = {**tokens.battery(202), "soc": 51.0, "power": 90.5 * 0.5}
    story.show("battery", composite)
    story.post(body(1, composite, 13))
    story.holds("np.point-intact")


def test_a_point_without_pack_is_intact_before_the_first_pack() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.post(body(1, 11, cell_min_mv=0, cell_max_mv=0, cell_delta_mv=0))
    story.holds("np.point-intact")


def test_values_are_compared_after_the_decimals_of_the_json() -> None:
    story = Scenario()
    story.send("battery", {**tokens.battery(202), "power": 45.6789}, 202)
    story.post(body(1, 202, power_w=45.68))
    story.holds("np.point-intact")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '{"soc": 1}', '{"ts_ms": "1"}', '{"ts_ms": NaN}', '{"ts_ms": true}', "[" * 100_000],
    ids=["empty", "cut", "array", "no stamp", "text", "nan", "bool", "deep"],
)
def test_a_malformed_body_is_a_violation_and_no_crash(text: str) -> None:
    story = fed()
    story.post(text)
    story.violates("np.point-intact", "no telemetry point")
    for other in ("np.fifo", "np.freshness", "np.cadence", "np.retry", "np.reconnect", "np.metrics-coherent"):
        assert story.judge(other).violation is None


def test_without_a_point_nothing_is_exercised() -> None:
    story = fed()
    story.is_silent("np.point-intact")
    story.is_silent("np.freshness")


# ---- np.freshness


def test_a_point_shows_the_latest_events() -> None:
    story = fed()
    publish(story, 1000)
    story.holds("np.freshness")


def test_a_point_with_an_old_snapshot_and_a_new_stamp_is_stale() -> None:
    story = fed()
    story.at(500)
    story.send("battery", tokens.battery(15), 15)
    publish(story, 1000)
    story.violates("np.freshness", "1.000 s", "token 11", "token 15")


def test_a_buffered_point_keeps_its_stamp() -> None:
    story = fed()
    story.at(1000)
    story.built()
    story.at(1500)
    story.send("battery", tokens.battery(15), 15)
    story.at(2000)
    story.built()
    story.post(body(1000, 11, 13))
    story.post(body(2000, 15, 13))
    story.holds("np.freshness")


def test_a_buffered_point_that_is_stamped_anew_is_stale() -> None:
    story = fed()
    story.at(1000)
    story.built()
    story.at(1500)
    story.send("battery", tokens.battery(15), 15)
    story.at(2000)
    story.post(body(2000, 11, 13))
    story.violates("np.freshness")


def test_battery_and_pack_must_be_of_one_instant() -> None:
    story = fed()
    story.at(500)
    story.send("battery", tokens.battery(15), 15)
    story.at(600)
    story.send("pack", tokens.pack(17), 17, 4)
    story.at(1000)
    story.post(body(1000, 11, 17))
    story.violates("np.freshness")


@pytest.mark.parametrize("token", [11, 15])
def test_an_event_whose_handler_runs_while_the_point_is_built_may_be_in_or_not(token: int) -> None:
    story = fed()
    story.at(990)
    run = story.enter("network_publisher", "battery", tokens.battery(15))
    story.at(1020)
    story.built()
    serial = story.request(body(1020, token, 13))
    story.leave(run)
    story.wait(2)
    story.response(serial)
    story.holds("np.freshness")


def test_a_stamp_of_another_clock_is_not_compared() -> None:
    story = fed()
    story.post(body(1_790_000_000_000, 11, 13))
    story.is_silent("np.freshness")


def test_a_pack_that_was_reset_looks_like_none() -> None:
    story = fed()
    story.at(500)
    story.send("pack", {**tokens.pack(2, 0), **dict.fromkeys(("cell_min", "cell_max", "cell_delta"), 0.0)}, 0, 0)
    story.at(1000)
    story.post(body(1000, 11))
    story.holds("np.freshness")


# ---- np.fifo


def test_points_arrive_in_order() -> None:
    story = fed()
    publish(story, 1000)
    publish(story, 2000)
    story.holds("np.fifo")


def test_a_newer_point_before_the_backlog_is_out_of_order() -> None:
    story = fed()
    story.at(2000)
    story.post(body(2000, 11, 13))
    story.post(body(1000, 11, 13))
    story.violates("np.fifo", "1.000 s", "2.000 s")


def test_a_point_posted_twice_without_a_failure_is_a_duplicate() -> None:
    story = fed()
    publish(story, 1000)
    story.at(2000)
    story.post(body(1000, 11, 13))
    story.violates("np.fifo", "again")


def test_a_point_posted_by_two_tasks_at_once_is_a_duplicate() -> None:
    story = fed()
    story.at(1000)
    one = story.request(body(1000, 11, 13))
    two = story.request(body(1000, 11, 13), task="event_dispatch")
    story.response(one)
    story.response(two, task="event_dispatch")
    story.violates("np.fifo", "again")


def test_a_duplicate_after_a_failed_attempt_is_right() -> None:
    story = fed()
    publish(story, 1000, ok=False)
    story.at(2000)
    story.post(body(1000, 11, 13))
    story.post(body(2000, 11, 13))
    story.holds("np.fifo")


def test_a_time_out_after_delivery_forces_a_duplicate_and_counts_as_arrival() -> None:
    story = Scenario(http=[2_002_000, 2000, 2000])
    story.send("battery", tokens.battery(11), 11)
    story.post(body(1000, 11), ok=False)
    story.post(body(1000, 11))
    story.post(body(2000, 11))
    story.holds("np.fifo")


def test_a_failed_point_that_comes_after_a_newer_one_is_out_of_order() -> None:
    story = fed()
    publish(story, 1000, ok=False)
    publish(story, 2000)
    story.post(body(1000, 11, 13))
    story.violates("np.fifo", "1.000 s")


def test_overlapping_posts_of_two_tasks_have_no_order() -> None:
    story = fed()
    story.at(2000)
    one = story.request(body(2000, 11, 13))
    two = story.request(body(1000, 11, 13), task="event_dispatch")
    story.response(one)
    story.response(two, task="event_dispatch")
    story.holds("np.fifo")


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
