from __future__ import annotations

import pytest

from p4verify.verify import tokens
from p4verify.verify.scenario import Fields, Scenario, cells, mode, register

REGISTERS = range(5)


def autonomous() -> Scenario:
    """A model that has switched to autonomous mode."""
    story = Scenario()
    story.send("mode", mode(autonomous=True), True)
    return story


def composite(*token_list: int) -> Fields:
    """The battery that registers 0..4 with these tokens make (voltage, current, soc, soh, temperature)."""
    fields: dict[str, float] = {}
    for number, token in enumerate(token_list):
        name, _, _, divisor = tokens.REGISTERS[tokens.register_key(number)]
        fields[name] = tokens.register_value(number, token) / divisor
    fields["power"] = fields["voltage"] * fields["current"]
    return {name: fields[name] for name in tokens.BATTERY} | {"flags": 3}


def polled(story: Scenario, first: int = 202) -> None:
    """The five registers are polled, 20 ms apart, with ascending tokens."""
    for number in REGISTERS:
        story.read(number, first + 2 * number)
        story.wait(20)


# ---- tm.cells-coherent


def test_the_summary_of_the_known_cells_is_coherent() -> None:
    story = autonomous()
    story.show("pack", cells(3202, 0, 3206))
    story.holds("tm.cells-coherent")


@pytest.mark.parametrize(
    "wrong", [{"cell_min": 0.0}, {"cell_max": 3200.0}, {"cell_delta": -4.0}, {"cell_avg": 3300.0}], ids=str
)
def test_a_summary_of_other_cells_is_found(wrong: dict[str, float]) -> None:
    story = autonomous()
    story.show("pack", cells(3202, 0, 3206, **wrong))
    story.violates("tm.cells-coherent", next(iter(wrong)), "3202, 3206")


def test_a_pack_that_changes_while_it_is_copied_is_found_where_it_is_delivered() -> None:
    story = autonomous()
    story.publish("pack", cells(3202, 3206))
    story.deliver("pack", cells(3202, 3230, cell_max=3206.0, cell_avg=3204.0, cell_delta=4.0))
    story.violates("tm.cells-coherent", "delivered", "cell_max")


def test_no_cells_are_no_measurement() -> None:
    story = autonomous()
    story.show("pack", cells())
    story.is_silent("tm.cells-coherent")


def test_an_average_may_be_rounded_as_float32_does() -> None:
    story = autonomous()
    story.show("pack", cells(3202, 3204, 3204, cell_avg=3203.3335))
    story.holds("tm.cells-coherent")


# ---- tm.no-stale-source and sys.one-source


def test_the_current_source_may_publish() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.show("pack", cells(3202))
    story.holds("tm.no-stale-source")
    story.holds("sys.one-source")


def test_a_publish_after_the_mode_handler_with_the_other_source_is_stale() -> None:
    story = autonomous()
    polled(story)
    story.send("mode", mode(autonomous=False), False)
    story.publish("battery", composite(202, 204, 206, 208, 210))
    story.violates("tm.no-stale-source", "TinyBMS", "connected mode")
    story.violates("sys.one-source", "telemetry_model", "TinyBMS")


def test_an_s3_pack_in_autonomous_mode_is_stale() -> None:
    story = autonomous()
    story.publish("pack", tokens.pack(13))
    story.violates("tm.no-stale-source", "S3", "3013 mV", "autonomous mode")


def test_a_publish_that_started_before_the_mode_handler_returned_is_allowed() -> None:
    story = autonomous()
    polled(story)
    run = story.enter("telemetry_model", "mode", mode(autonomous=False))
    serial = story.offer("battery", composite(202, 204, 206, 208, 210))
    story.leave(run)
    story.offered(serial)
    assert story.judge("tm.no-stale-source").violation is None
    assert story.judge("sys.one-source").violation is None


def test_what_the_program_publishes_is_no_concern_of_the_model() -> None:
    story = autonomous()
    story.send("battery", tokens.battery(13), 13)
    story.is_silent("tm.no-stale-source")
    story.is_silent("sys.one-source")


# ---- tm.no-time-travel


def test_ascending_states_hold() -> None:
    story = autonomous()
    for token in (202, 222):
        story.send("register", register(8, token), 8, token)
        story.show("pack", cells(3000 + token))
    story.holds("tm.no-time-travel")


def test_an_older_state_after_a_newer_one_is_found() -> None:
    story = autonomous()
    for token in (202, 222):
        story.send("register", register(8, token), 8, token)
    story.show("pack", cells(3222))
    story.show("pack", cells(3202))
    story.violates("tm.no-time-travel", "3222", "older cell 1 = 3202")


def test_a_value_that_is_applied_again_is_no_time_travel() -> None:
    story = autonomous()
    for token in (202, 222, 202):
        story.send("register", register(8, token), 8, token)
        story.show("pack", cells(3000 + token))
    story.holds("tm.no-time-travel")


def test_a_reset_is_no_time_travel() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.show("pack", cells(3202, 0))
    story.send("mode", mode(autonomous=False), False)
    story.show("pack", cells(0, 0))
    story.holds("tm.no-time-travel")


# ---- tm.no-flash


def test_a_complete_battery_is_no_flash() -> None:
    story = autonomous()
    polled(story)
    story.show("battery", composite(202, 204, 206, 208, 210))
    story.holds("tm.no-flash")


def test_zeros_as_measurements_are_a_flash() -> None:
    story = autonomous()
    story.read(0, 202)
    story.show("battery", {**dict.fromkeys(tokens.BATTERY, 0.0), "voltage": 90.5, "flags": 3})
    story.violates("tm.no-flash", "no source produced its soc = 0")


def test_zeros_marked_as_unknown_are_no_flash() -> None:
    story = autonomous()
    story.show("battery", {**dict.fromkeys(tokens.BATTERY, 0.0), "flags": 0})
    story.show("pack", cells())
    story.is_silent("tm.no-flash")


def test_values_of_both_sources_are_a_flash() -> None:
    story = autonomous()
    story.publish("battery", {**tokens.battery(13), "voltage": 90.5}, task="telemetry_poll")
    story.violates("tm.no-flash", "mixes", "voltage from the TinyBMS")


def test_a_pack_of_zeros_is_a_flash() -> None:
    story = autonomous()
    story.show("pack", cells(0, 0))
    story.violates("tm.no-flash", "cell 1 = 0")


def test_a_token_whose_current_is_zero_is_a_measurement() -> None:
    story = autonomous()
    for number in REGISTERS:
        story.read(number, 200)
    story.show("battery", composite(200, 200, 200, 200, 200))
    story.holds("tm.no-flash")


# ---- tm.flags-kept


def connected(kind: str, *arguments: bool) -> Scenario:
    """A model in autonomous mode that hears of a connection and then of a mode change."""
    story = autonomous()
    story.send(kind, None, *arguments)
    story.send("mode", mode(autonomous=False), False)
    return story


@pytest.mark.parametrize(("kind", "bit"), [("mqtt", 4), ("connected", 8)])
def test_a_flag_that_survives_holds(kind: str, bit: int) -> None:
    story = connected(kind, True)
    story.show("battery", {**tokens.battery(13), "flags": 3 | bit})
    story.holds("tm.flags-kept")


@pytest.mark.parametrize(("kind", "name"), [("mqtt", "mqtt_ok"), ("connected", "tinybms_ok")])
def test_a_flag_that_a_mode_change_clears_is_found(kind: str, name: str) -> None:
    story = connected(kind, True)
    story.show("battery", tokens.battery(13))
    story.violates("tm.flags-kept", name, "says False")


def test_a_newer_event_says_what_the_flag_is() -> None:
    story = connected("mqtt", True)
    story.send("mqtt", None, False)
    story.show("battery", tokens.battery(13))
    story.is_silent("tm.flags-kept")


def test_a_status_whose_place_in_the_queue_is_uncertain_shows_nothing() -> None:
    story = autonomous()
    for task, state in (("a", True), ("b", False)):
        story.begin("bus.mqtt", state, task=task)
    one, two = story.offer("mqtt", {}, task="a"), story.offer("mqtt", {}, task="b")
    story.offered(two, task="b")
    story.offered(one, task="a")
    story.deliver("mqtt")
    story.deliver("mqtt")
    story.send("mode", mode(autonomous=False), False)
    story.show("battery", tokens.battery(13))
    story.is_silent("tm.flags-kept")


# ---- tm.atomic-mode-reset


def switched() -> Scenario:
    """A model that knew a cell, went to connected mode and came back."""
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.send("mode", mode(autonomous=False), False)
    story.send("mode", mode(autonomous=True), True)
    return story


def test_a_new_pack_after_the_reset_holds() -> None:
    story = switched()
    story.send("register", register(9, 222), 9, 222)
    story.show("pack", cells(0, 3222))
    story.holds("tm.atomic-mode-reset")


def test_an_old_cell_after_the_reset_is_found() -> None:
    story = switched()
    story.send("register", register(9, 222), 9, 222)
    story.show("pack", cells(3202, 3222))
    story.violates("tm.atomic-mode-reset", "cell 1 = 3202")


def test_the_same_value_applied_anew_is_no_old_cell() -> None:
    story = switched()
    story.send("register", register(8, 202), 8, 202)
    story.show("pack", cells(3202))
    story.holds("tm.atomic-mode-reset")


def test_a_publish_that_overlaps_the_mode_handler_may_show_the_old_pack() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    run = story.enter("telemetry_model", "mode", mode(autonomous=False))
    serial = story.offer("pack", cells(3202))
    story.leave(run)
    story.offered(serial)
    story.is_silent("tm.atomic-mode-reset")


def test_a_mode_event_that_changes_nothing_need_not_reset() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.send("mode", mode(autonomous=True), True)
    story.show("pack", cells(3202))
    story.holds("tm.atomic-mode-reset")
