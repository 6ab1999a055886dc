from __future__ import annotations

import pytest

from p4verify.verify.scenario_peers import GatewayScenario

# ---- re.no-nvs-in-callback


def test_a_callback_that_leaves_nvs_to_a_task_holds() -> None:
    story = GatewayScenario()
    operation = story.enter_frame(3)
    story.write()
    story.finish(operation)
    story.holds("re.no-nvs-in-callback")


@pytest.mark.parametrize("variant", [0, 5, 9])
def test_nvs_in_the_callback_is_found_whatever_the_frame(variant: int) -> None:
    story = GatewayScenario()
    operation = story.enter_frame(3, variant=variant)
    story.nvs(3, key="telemetry", task="ws")
    story.finish(operation)
    story.violates("re.no-nvs-in-callback", "nvs_set of 'telemetry'", "task ws")


def test_nvs_in_another_callback_of_the_gateway_is_found() -> None:
    story = GatewayScenario()
    operation = story.begin("re.json", 2, "{}", task="ws")
    story.nvs(1, task="ws")
    story.finish(operation)
    story.violates("re.no-nvs-in-callback", "nvs_open")


def test_a_task_may_call_nvs_before_and_after_its_callback() -> None:
    story = GatewayScenario()
    story.nvs(1, task="ws")
    story.frame(3)
    story.nvs(1, task="ws")
    story.holds("re.no-nvs-in-callback")


def test_without_a_callback_nothing_is_said() -> None:
    story = GatewayScenario()
    story.write()
    story.is_silent("re.no-nvs-in-callback")


# ---- re.callback-time


@pytest.mark.parametrize(("ms", "right"), [(0, True), (5, True), (5.1, False), (40, False)])
def test_a_callback_keeps_its_budget(ms: float, right: bool) -> None:
    story = GatewayScenario()
    operation = story.enter_frame(3)
    story.wait(ms)
    story.finish(operation)
    if right:
        story.holds("re.callback-time")
    else:
        story.violates("re.callback-time", f"took {ms:g} ms")


def test_a_callback_that_never_returned_took_until_the_power_was_cut() -> None:
    for ms, right in ((4, True), (6, False)):
        story = GatewayScenario()
        story.enter_frame(3)
        story.wait(ms)
        story.boot()
        story.wait(1000)
        assert (story.judge("re.callback-time").violation is None) is right


def test_the_budget_comes_from_the_manifest() -> None:
    story = GatewayScenario(limits={"callback_budget_ms": 50})
    operation = story.enter_frame(3)
    story.wait(40)
    story.finish(operation)
    story.holds("re.callback-time")


# ---- re.write-reduction


def steady(frames: int, writes: int, *, fine: bool = True) -> GatewayScenario:
    """Frames twice a second, the first ones of which lead to a write each."""
    story = GatewayScenario()
    for number in range(frames):
        story.at(500 * number)
        story.frame(400 + number % 8 if fine else 3 + 2 * number, publishes=False)
        if number < writes:
            story.write()
    return story


@pytest.mark.parametrize(("fine", "most"), [(True, 3), (False, 4)])
def test_writes_must_fall(fine: bool, most: int) -> None:
    steady(20, most, fine=fine).holds("re.write-reduction")
    steady(20, most + 1, fine=fine).violates("re.write-reduction", f"{most + 1} writes", "20 frames")


def test_a_write_a_frame_is_found() -> None:
    steady(24, 24).violates("re.write-reduction", "10%")


def test_few_frames_say_nothing_of_a_rate() -> None:
    steady(19, 19).is_silent("re.write-reduction")


def test_configurations_are_not_frames() -> None:
    story = steady(20, 1)
    for _ in range(10):
        story.write("config")
    story.holds("re.write-reduction")


def test_what_is_not_steady_is_not_judged() -> None:
    paused = GatewayScenario()
    autonomous = GatewayScenario()
    autonomous.finish(autonomous.begin("re.mode", True))
    failing = GatewayScenario()
    for number in range(24):
        paused.at(500 * number + (300 if number == 12 else 0))
        for story in (paused, autonomous, failing):
            story.at(paused.now_ms if story is paused else 500 * number)
            story.frame(400 + number % 8, publishes=False)
            story.write()
    failing.write(result=-1)
    failing.frame(400, publishes=False)
    for story in (paused, autonomous):
        story.is_silent("re.write-reduction")
    assert failing.judge("re.write-reduction").violation is not None, "the failure came after the steady frames"
