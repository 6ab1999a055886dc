from __future__ import annotations

from p4verify.verify import tokens
from p4verify.verify.execution import Outcome
from p4verify.verify.invariants.test_telemetry_records import autonomous, composite, polled
from p4verify.verify.scenario import Scenario, cells, mode, register

# ---- tm.delta-publish


def test_records_that_differ_hold() -> None:
    story = autonomous()
    story.show("pack", cells(3202))
    story.show("pack", cells(3204))
    story.holds("tm.delta-publish")


def test_the_same_record_twice_is_found() -> None:
    story = autonomous()
    story.show("pack", cells(3202))
    story.show("battery", tokens.battery(202))
    story.show("pack", cells(3202))
    story.violates("tm.delta-publish", "the pack", "nothing had changed")


def test_a_flag_is_a_change() -> None:
    story = autonomous()
    story.show("battery", tokens.battery(202))
    story.show("battery", tokens.battery(202, mqtt=True))
    story.holds("tm.delta-publish")


def test_a_refused_record_may_be_offered_again() -> None:
    story = autonomous()
    story.publish("pack", cells(3202), accepted=False)
    story.publish("pack", cells(3202))
    story.holds("tm.delta-publish")


def test_after_a_mode_change_a_record_may_be_repeated() -> None:
    story = autonomous()
    story.show("pack", cells(3202))
    story.send("mode", mode(autonomous=False), False)
    story.send("mode", mode(autonomous=True), True)
    story.show("pack", cells(3202))
    story.holds("tm.delta-publish")


# ---- tm.reactive


def test_a_change_offered_in_time_holds() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.wait(240)
    story.publish("pack", cells(3202), accepted=False)
    story.wait(500)
    story.holds("tm.reactive")


def test_a_change_offered_too_late_is_found() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.wait(300)
    story.show("pack", cells(3202))
    story.violates("tm.reactive", "cell 1 = 3202")


def test_a_newer_value_supersedes() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.wait(200)
    story.send("register", register(8, 242), 8, 242)
    story.wait(200)
    story.show("pack", cells(3242))
    story.wait(500)
    story.holds("tm.reactive")


def test_an_incomplete_battery_may_be_kept_back() -> None:
    story = autonomous()
    story.read(0, 202)
    story.wait(1000)
    story.is_silent("tm.reactive")
    story.is_silent("tm.no-lost-update")


def test_a_complete_battery_must_be_offered() -> None:
    story = autonomous()
    polled(story)
    story.wait(1000)
    story.violates("tm.reactive", "temperature")
    story.violates("tm.no-lost-update", "shows none")


def test_a_small_change_need_not_be_offered() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.show("pack", cells(3202))
    story.wait(500)
    story.send("register", register(8, 204), 8, 204)
    story.wait(1000)
    story.holds("tm.reactive")
    story.holds("tm.no-lost-update")


def test_a_mode_change_ends_the_duty() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.wait(100)
    story.send("mode", mode(autonomous=False), False)
    story.wait(1000)
    story.is_silent("tm.reactive")
    story.is_silent("tm.no-lost-update")


def test_in_connected_mode_registers_are_no_duty() -> None:
    story = Scenario()
    story.send("mode", mode(autonomous=False), False)
    story.send("register", register(8, 202), 8, 202)
    story.wait(1000)
    story.is_silent("tm.reactive")


# ---- tm.no-lost-update


def test_what_was_applied_last_is_published_last() -> None:
    story = autonomous()
    polled(story)
    story.show("battery", composite(202, 204, 206, 208, 210))
    story.wait(1000)
    story.holds("tm.no-lost-update")


def test_an_update_that_is_overwritten_with_an_older_one_is_lost() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.send("register", register(9, 232), 9, 232)
    story.show("pack", cells(3202, 3232))
    story.send("register", register(8, 262), 8, 262)
    story.show("pack", cells(3262, 3232))
    story.show("pack", cells(3202, 3232))
    story.wait(1000)
    story.violates("tm.no-lost-update", "cell 1 = 3262", "3202")


def test_an_update_right_before_the_end_shows_nothing() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.wait(100)
    story.is_silent("tm.no-lost-update")


def test_a_run_that_did_not_complete_shows_nothing() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.wait(1000)
    assert not story.judge("tm.no-lost-update", Outcome.CRASH).exercised
