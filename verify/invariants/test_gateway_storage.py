from __future__ import annotations

import pytest

from p4verify.verify import tokens
from p4verify.verify.scenario_peers import GatewayScenario, gateway_battery, gateway_pack
from p4verify.verify.verdict import NOT_EXERCISED


def cut_after(ms: float, **setting: dict[str, float]) -> GatewayScenario:
    """Frame 3 is written at once, frame 5 comes at 1 s; the power is cut so long after that."""
    story = GatewayScenario(**setting)  # type: ignore[arg-type]
    story.frame(3)
    story.write()
    story.at(1000)
    story.frame(5)
    story.at(1000 + ms)
    return story


# ---- re.restore-age


def test_what_was_written_in_time_is_restored() -> None:
    story = cut_after(10_020)
    story.boot()
    story.restore(5, 5)
    story.holds("re.restore-age")


def test_a_cut_within_the_first_interval_says_nothing() -> None:
    story = cut_after(8000)
    story.boot()
    story.is_silent("re.restore-age")


@pytest.mark.parametrize(("ms", "right"), [(10_010, True), (10_020, False)])
def test_an_older_frame_may_be_restored_within_the_interval_only(ms: float, right: bool) -> None:
    story = cut_after(ms)
    story.boot()
    story.restore(3, 3)
    if right:
        assert story.judge("re.restore-age").violation is None
    else:
        story.violates("re.restore-age", "token 3 was restored", "token 5 had arrived", "10 s before")


def test_nothing_restored_after_a_whole_boot_is_found() -> None:
    story = cut_after(20_000)
    story.boot()
    story.load_ends()
    story.violates("re.restore-age", "nothing was restored")


def test_a_boot_that_was_cut_at_once_had_no_time_to_restore() -> None:
    story = cut_after(20_000)
    story.boot()
    story.boot()
    story.restore(5, 5)
    story.is_silent("re.restore-age")


def test_the_interval_is_the_firmwares() -> None:
    story = cut_after(6000, config={"CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS": 5000})
    story.boot()
    story.restore(3, 3)
    story.violates("re.restore-age", "more than 5 s")


def test_a_failed_write_extends_the_interval() -> None:
    for ms, right in ((10_000, True), (10_030, False)):
        story = cut_after(5000)
        story.write(result=-1)
        story.wait(ms)
        story.boot()
        story.restore(3, 3)
        assert (story.judge("re.restore-age").violation is None) is right


def test_of_two_frames_that_overlapped_either_may_be_restored() -> None:
    for restored in (5, 7):
        story = GatewayScenario()
        one = story.enter_frame(5, task="one")
        other = story.enter_frame(7, task="other")
        story.finish(other)
        story.finish(one)
        story.wait(20_000)
        story.boot()
        story.restore(restored, restored)
        story.holds("re.restore-age")


def test_frames_of_autonomous_mode_may_be_forgotten() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.write()
    story.finish(story.begin("re.mode", True))
    story.frame(5)
    story.wait(20_000)
    story.boot()
    story.restore(3, 3)
    story.holds("re.restore-age")


# ---- re.restore-intact


def test_a_frame_restored_whole_holds() -> None:
    story = cut_after(10)
    story.boot()
    story.restore(3, 3)
    story.holds("re.restore-intact")


def test_nothing_restored_says_nothing() -> None:
    story = cut_after(10)
    story.boot()
    story.is_silent("re.restore-intact")
    story.restore({**gateway_battery(3, flags=0), **dict.fromkeys(tokens.BATTERY, 0.0)})
    story.is_silent("re.restore-intact")


def test_a_mixture_of_two_frames_is_found() -> None:
    story = cut_after(10)
    story.boot()
    story.restore({**gateway_battery(3), "soc": 1.25})
    story.violates("re.restore-intact", "token 5 (soc)", "token 3")


def test_battery_and_pack_of_different_frames_are_found() -> None:
    story = cut_after(10)
    story.boot()
    story.restore(3, 5)
    story.violates("re.restore-intact", "battery of token 3 beside a pack of token 5")


def test_a_frame_that_nobody_sent_is_found() -> None:
    story = cut_after(10)
    story.boot()
    story.restore(9)
    story.violates("re.restore-intact", "none that had been received")


def test_zeros_shown_as_cells_are_found() -> None:
    story = cut_after(10)
    story.boot()
    story.restore(3, {**gateway_pack(3), "cells": bytes(16)})
    story.violates("re.restore-intact", "cells [0, 0, 0, 0]")


# ---- re.no-lost-dirty


@pytest.mark.parametrize("key", ["telemetry", "config"])
def test_a_failed_write_must_be_tried_again(key: str) -> None:
    story = GatewayScenario()
    story.write(key, result=-1)
    story.wait(20_000)
    story.violates("re.no-lost-dirty", f"the write of {key} that failed", "not tried again")


def test_a_failed_write_that_is_tried_again_holds() -> None:
    story = GatewayScenario()
    story.write(result=-1)
    story.wait(1000)
    story.write()
    story.wait(20_000)
    story.holds("re.no-lost-dirty")


def test_a_failure_shortly_before_the_end_says_nothing() -> None:
    story = GatewayScenario()
    story.write(result=-1)
    story.wait(9000)
    story.is_silent("re.no-lost-dirty")


def test_a_change_during_a_write_needs_another_one() -> None:
    for again, right in ((False, False), (True, True)):
        story = GatewayScenario()
        story.frame(3)
        story.nvs(1)
        story.nvs(3, key="telemetry")
        story.frame(5)
        story.nvs(4, ms=4)
        story.nvs(6)
        story.wait(9000)
        if again:
            story.write()
        story.wait(9000)
        if right:
            story.holds("re.no-lost-dirty")
        else:
            story.violates("re.no-lost-dirty", "telemetry of token 5", "no write of it had begun")


def test_a_value_that_comes_back_needs_no_write() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.write()
    story.wait(1000)
    story.frame(5)
    story.wait(1000)
    story.frame(3)
    story.wait(20_000)
    story.holds("re.no-lost-dirty")


# ---- re.delta-flush


def far_frame(first: int, second: int, write_ms: float | None) -> GatewayScenario:
    """A frame is written; a minute later another comes, and so long after it is written."""
    story = GatewayScenario()
    story.frame(first)
    story.write()
    story.at(60_000)
    story.frame(second)
    if write_ms is not None:
        story.wait(write_ms)
        story.write()
    story.at(75_000)
    return story


@pytest.mark.parametrize(("write_ms", "right"), [(0, True), (2000, True), (2020, False), (None, False)])
def test_a_far_frame_is_written_early(write_ms: float | None, right: bool) -> None:
    story = far_frame(3, 41, write_ms)
    if right:
        story.holds("re.delta-flush")
    else:
        story.violates("re.delta-flush", "token 41")


def test_a_near_frame_may_wait() -> None:
    far_frame(400, 407, 9000).is_silent("re.delta-flush")
    far_frame(400, 41, 9000).violates("re.delta-flush", "token 41")


def test_early_writes_are_limited() -> None:
    limited = {"CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSHES": 2}
    for config, writes, judged in ((limited, 1, True), (limited, 2, False), ({}, 1, False)):
        story = GatewayScenario(config=config)
        story.frame(3)
        for _ in range(writes):
            story.write()
        story.wait(3000)
        story.frame(41)
        story.wait(9000)
        assert (story.judge("re.delta-flush").violation is not None) is judged


def autonomous_frame(token: int) -> GatewayScenario:
    """Frame 3 is written; later one comes in autonomous mode, is written too, and the S3 takes over again."""
    story = GatewayScenario()
    story.frame(3)
    story.write()
    story.at(20_000)
    story.finish(story.begin("re.mode", True))
    story.frame(token)
    story.write()
    story.finish(story.begin("re.mode", False))
    story.at(60_000)
    return story


def test_what_came_in_autonomous_mode_may_be_held() -> None:
    for held, silent in ((404, True), (41, False)):
        story = autonomous_frame(held)
        story.frame(406)
        story.wait(15_000)
        assert (story.judge("re.delta-flush") == NOT_EXERCISED) is silent


def test_what_came_in_autonomous_mode_need_not_be_written_again() -> None:
    for token, right in ((404, True), (406, False)):
        story = autonomous_frame(404)
        story.frame(token)
        story.wait(15_000)
        assert (story.judge("re.no-lost-dirty").violation is None) is right


def test_what_came_in_autonomous_mode_may_be_restored() -> None:
    story = autonomous_frame(5)
    story.boot()
    story.restore(5, 5)
    story.holds("re.restore-age")


def test_the_first_frame_is_no_change() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.wait(20_000)
    story.is_silent("re.delta-flush")


# ---- re.config-durable


def configured(write_ms: float | None, cut_ms: float) -> GatewayScenario:
    """A configuration arrives, is written so long after, and the power is cut."""
    story = GatewayScenario()
    story.configure(5)
    if write_ms is not None:
        story.wait(write_ms)
        story.write("config")
    story.at(cut_ms)
    story.boot()
    return story


def test_a_configuration_that_is_written_and_restored_holds() -> None:
    story = configured(100, 20_000)
    story.restore_config(5)
    story.holds("re.config-durable")


def test_a_configuration_that_is_never_written_is_found() -> None:
    configured(None, 20_000).violates("re.config-durable", "config of token 5", "no write of it had begun")


def test_a_configuration_that_is_lost_is_found() -> None:
    story = configured(100, 20_000)
    story.load_ends()
    story.violates("re.config-durable", "nothing was restored", "token 5")


def test_an_older_configuration_is_found() -> None:
    story = GatewayScenario()
    for token in (5, 7):
        story.configure(token)
        story.write("config")
        story.wait(20_000)
    story.boot()
    story.restore_config(5)
    story.violates("re.config-durable", "token 5 was restored", "token 7")


def test_a_configuration_cut_within_its_window_may_be_lost() -> None:
    story = configured(None, 9000)
    story.is_silent("re.config-durable")


def test_a_torn_configuration_is_found() -> None:
    story = configured(100, 1000)
    story.restore_config(5, topic="t7")
    story.violates("re.config-durable", "none that had arrived", "t7")


def test_answers_of_the_programs_own_may_configure_anything() -> None:
    story = GatewayScenario()
    story.finish(story.begin("re.http", "/api/config?all", "GET", 200, "{}"))
    story.configure(5)
    story.wait(20_000)
    story.is_silent("re.config-durable")
