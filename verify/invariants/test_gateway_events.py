from __future__ import annotations

import pytest

from p4verify.verify import tokens
from p4verify.verify.scenario_peers import GatewayScenario, gateway_battery, gateway_pack


def record(**fields: float) -> dict[str, float]:
    """A battery of token 3 in which these fields are others."""
    return {name: float(value) for name, value in {**gateway_battery(3), **fields}.items()} | {"flags": 3}


# ---- re.events-intact


@pytest.mark.parametrize("token", [3, 399 - 2, 400, 403, 407])
def test_records_of_one_frame_hold(token: int) -> None:
    story = GatewayScenario()
    story.frame(token)
    story.holds("re.events-intact")


def test_a_battery_of_two_frames_is_found_with_both_tokens() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.frame(5, publishes=False)
    mixed = {**gateway_battery(3), "current": tokens.battery(5)["current"]}
    mixed["power"] = float(mixed["voltage"]) * float(mixed["current"])
    story.publish("battery", mixed, task="main")
    story.violates("re.events-intact", "token 3", "token 5 (current)")


def test_a_power_of_another_frame_is_found() -> None:
    story = GatewayScenario()
    operation = story.enter_frame(3)
    story.show("battery", {**gateway_battery(3), "power": gateway_battery(41)["power"]}, task="ws")
    story.finish(operation)
    story.violates("re.events-intact", "a power that is not theirs")


def test_two_fine_frames_are_told_apart() -> None:
    story = GatewayScenario()
    story.frame(401)
    operation = story.enter_frame(402)
    mixed = {**gateway_battery(402), "soc": tokens.battery(401)["soc"]}
    story.show("battery", mixed, task="ws")
    story.finish(operation)
    story.violates("re.events-intact", "token 401", "token 402")


def test_cells_of_two_frames_are_found() -> None:
    story = GatewayScenario()
    story.frame(3)
    operation = story.enter_frame(5)
    cells = tokens.pack_cells([3003, 3009, 3005, 3015])
    story.show("pack", {**gateway_pack(5), "cells": cells}, task="ws")
    story.finish(operation)
    story.violates("re.events-intact", "3003, 3009, 3005, 3015")


def test_a_pack_beside_a_battery_of_another_frame_is_found() -> None:
    story = GatewayScenario()
    story.frame(3)
    operation = story.enter_frame(5)
    story.gateway_publishes(5, 3)
    story.finish(operation)
    story.violates("re.events-intact", "battery of token 5 beside a pack of token 3")


def test_a_record_that_changes_while_the_bus_copies_it_is_found() -> None:
    story = GatewayScenario()
    operation = story.enter_frame(3)
    story.publish("battery", gateway_battery(3), task="ws")
    story.finish(operation)
    story.deliver("battery", {**gateway_battery(3), "soh": 12.1})
    story.violates("re.events-intact", "delivered", "no token (soh)")


def test_what_was_restored_is_of_a_frame_of_an_earlier_boot() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.boot()
    story.restore(3, 3)
    story.holds("re.events-intact")
    story.boot()
    story.restore(7, 7)
    story.violates("re.events-intact", "token 7")


def test_texts_of_the_programs_own_may_say_anything() -> None:
    story = GatewayScenario()
    operation = story.begin("re.json", 0, '{"pack_voltage_v": 51.5}', task="ws")
    story.show("battery", record(voltage=51.5), task="ws")
    story.finish(operation)
    story.is_silent("re.events-intact")


def test_what_the_program_publishes_itself_is_its_own_business() -> None:
    story = GatewayScenario()
    story.send("battery", record(voltage=51.5), 3)
    story.is_silent("re.events-intact")


# ---- re.cells-coherent


def test_a_summary_that_agrees_with_the_cells_holds() -> None:
    story = GatewayScenario()
    story.frame(3, variant=3)
    story.holds("re.cells-coherent")


def test_inverted_claims_that_are_believed_are_found() -> None:
    story = GatewayScenario()
    operation = story.enter_frame(3, variant=3)
    story.show("pack", gateway_pack(3, cell_min=3009.0, cell_max=3003.0, cell_delta=-6.0), task="ws")
    story.finish(operation)
    story.violates("re.cells-coherent", "cell_min 3009", "3003")


# ---- re.partial-frame


@pytest.mark.parametrize("variant", [4, 5, 6, 8, 9, 10])
def test_a_frame_without_data_that_is_ignored_holds(variant: int) -> None:
    story = GatewayScenario()
    story.frame(3)
    story.frame(5, variant=variant, publishes=False)
    story.holds("re.partial-frame")


@pytest.mark.parametrize("variant", [4, 5, 6, 8, 9, 10])
def test_a_frame_without_data_that_changes_the_state_is_found(variant: int) -> None:
    story = GatewayScenario()
    story.frame(3)
    operation = story.enter_frame(5, variant=variant)
    story.show("battery", gateway_battery(5), task="ws")
    story.finish(operation)
    story.violates("re.partial-frame", "changed the battery", "token 5")


def test_what_is_published_again_unchanged_holds() -> None:
    story = GatewayScenario()
    story.frame(3)
    operation = story.enter_frame(5, variant=5)
    story.gateway_publishes(3)
    story.finish(operation)
    story.holds("re.partial-frame")


def test_a_frame_without_cells_may_bring_a_battery_and_no_pack() -> None:
    story = GatewayScenario()
    story.frame(3)
    operation = story.enter_frame(5, variant=2)
    story.gateway_publishes(5, 3)
    story.finish(operation)
    story.holds("re.partial-frame")
    operation = story.enter_frame(7, variant=2)
    story.gateway_publishes(7, 7)
    story.finish(operation)
    story.violates("re.partial-frame", "no cells", "changed the pack")


def test_a_measurement_out_of_nothing_is_found() -> None:
    story = GatewayScenario()
    operation = story.enter_frame(5, variant=5)
    story.show("battery", {**gateway_battery(5), **dict.fromkeys(tokens.BATTERY, 0.0)}, task="ws")
    story.finish(operation)
    story.violates("re.partial-frame")


def test_another_frame_under_way_may_have_changed_the_state() -> None:
    story = GatewayScenario()
    story.frame(3)
    whole = story.enter_frame(7, task="other")
    operation = story.enter_frame(5, variant=5)
    story.gateway_publishes(7)
    story.finish(operation)
    story.finish(whole)
    story.is_silent("re.partial-frame")
