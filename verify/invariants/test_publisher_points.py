from __future__ import annotations

import pytest

from p4verify.verify import tokens
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


def two_points_within_a_handler(first: int, second: int) -> Scenario:
    """While the handler of battery 15 runs, a point is built and sent that shows `first`, then one with `second`."""
    story = fed()
    story.at(990)
    run = story.enter("network_publisher", "battery", tokens.battery(15))
    for stamp, token in ((1020, first), (1060, second)):
        story.at(stamp)
        story.built()
        story.post(body(stamp, token, 13))
        story.wait(15)
        story.see("idle", "main")
    story.at(1200)
    story.leave(run)
    return story


def test_a_point_that_shows_an_older_event_than_the_one_before_is_found() -> None:
    story = two_points_within_a_handler(15, 11)
    story.violates("np.freshness", "1.060 s", "token 11", "a point built before it shows a later event")


@pytest.mark.parametrize("tokens_shown", [(11, 11), (11, 15), (15, 15)])
def test_points_that_some_moment_of_the_handler_explains_hold(tokens_shown: tuple[int, int]) -> None:
    two_points_within_a_handler(*tokens_shown).holds("np.freshness")


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
