from __future__ import annotations

from p4verify.verify import tokens
from p4verify.verify.invariants.test_telemetry_records import autonomous, composite, polled
from p4verify.verify.scenario import DISPATCH, Scenario, cells, mode, register

# ---- tm.snapshot-intact


def test_a_prefix_of_the_updates_is_intact() -> None:
    story = autonomous()
    polled(story)
    story.show("battery", composite(202, 204, 206, 208, 210))
    story.holds("tm.snapshot-intact")


def test_an_older_prefix_is_intact_too() -> None:
    story = autonomous()
    polled(story)
    story.read(0, 212)
    story.show("battery", composite(202, 204, 206, 208, 210))
    story.holds("tm.snapshot-intact")


def test_a_state_that_skips_an_update_is_torn() -> None:
    story = autonomous()
    for number, token in ((8, 202), (9, 204), (8, 222), (9, 224)):
        story.send("register", register(number, token), number, token)
        story.wait(20)
    story.show("pack", cells(3202, 3224))
    story.violates("tm.snapshot-intact", "3202, 3224")


def test_an_update_whose_handler_runs_may_be_in_or_not() -> None:
    for cell in (3202, 3222):
        story = autonomous()
        story.send("register", register(8, 202), 8, 202)
        story.offered(story.offer("register", register(8, 222)))
        run = story.enter("telemetry_model", "register", register(8, 222))
        story.publish("pack", cells(cell))
        story.leave(run)
        story.holds("tm.snapshot-intact")


def test_an_update_whose_handler_has_not_been_entered_is_not_in() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.publish("pack", cells(3222))
    story.send("register", register(8, 222), 8, 222)
    story.violates("tm.snapshot-intact", "3222")


def test_half_an_s3_record_is_torn() -> None:
    story = Scenario()
    # The model of this story takes S3 records too.
    story.see("bus.subscribe", "main", subscriber=40, event=1, component="telemetry_model")
    for token in (11, 13):
        operation = story.begin("bus.battery", token)
        story.publish("battery", tokens.battery(token), task="s3")
        story.finish(operation, accepted=True)
        story.see("handler.enter", DISPATCH, subscriber=40, event=1, digest=0)
        story.see("deliver.battery", DISPATCH, subscriber=40, **tokens.battery(token))
        story.see("handler.return", DISPATCH, subscriber=40, event=1)
    torn = {**tokens.battery(13), "voltage": tokens.battery(11)["voltage"]}
    story.publish("battery", torn)
    story.violates("tm.snapshot-intact", "token 13 (soc, soh, current, temperature)", "token 11 (voltage)")


def test_a_value_that_the_polling_task_applies_itself_is_in_before_its_event() -> None:
    story = autonomous()
    polled(story)
    story.read(0, 212, deliver=False)
    story.publish("battery", composite(212, 204, 206, 208, 210))
    story.holds("tm.snapshot-intact")


def test_a_value_that_nobody_wrote_is_torn() -> None:
    story = autonomous()
    polled(story)
    story.show("battery", composite(300, 204, 206, 208, 210))
    story.violates("tm.snapshot-intact", "token 300 (voltage)")


def test_a_partial_reset_is_torn() -> None:
    story = autonomous()
    for number, token in ((8, 202), (9, 204)):
        story.send("register", register(number, token), number, token)
    operation = story.begin("bus.mode", False)
    story.publish("mode", mode(autonomous=False), task="s3")
    story.finish(operation, accepted=True)
    run = story.enter("telemetry_model", "mode", mode(autonomous=False))
    story.publish("pack", cells(0, 3204))
    story.leave(run)
    story.violates("tm.snapshot-intact", "0, 3204")


def test_a_pack_copied_while_it_changes_is_torn_where_it_is_delivered() -> None:
    story = autonomous()
    for number, token in ((8, 202), (9, 204)):
        story.send("register", register(number, token), number, token)
    serial = story.offer("pack", cells(3202, 3204))
    for number, token in ((8, 222), (9, 224)):
        run = story.enter("telemetry_model", "register", register(number, token))
        story.leave(run)
    story.offered(serial)
    story.deliver("pack", cells(3202, 3224))
    story.violates("tm.snapshot-intact", "delivered")


def test_battery_and_pack_published_together_are_of_one_state() -> None:
    def story_with(last_cell: int) -> Scenario:
        story = autonomous()
        polled(story)
        story.send("register", register(8, 202), 8, 202)
        story.read(0, 212)
        story.send("register", register(8, 222), 8, 222)
        story.publish("battery", composite(202, 204, 206, 208, 210))
        story.publish("pack", cells(last_cell))
        return story

    story_with(3202).holds("tm.snapshot-intact")
    story_with(3222).violates("tm.snapshot-intact", "together")


def test_a_battery_and_a_later_pack_need_not_be_of_one_state() -> None:
    story = autonomous()
    polled(story)
    story.send("register", register(8, 202), 8, 202)
    story.publish("battery", composite(202, 204, 206, 208, 210))
    story.wait(20)
    story.read(0, 212)
    story.send("register", register(8, 222), 8, 222)
    story.publish("pack", cells(3222))
    story.holds("tm.snapshot-intact")


def test_registers_that_are_ignored_in_connected_mode_may_be_missing() -> None:
    story = Scenario()
    story.send("mode", mode(autonomous=False), False)
    story.send("register", register(8, 202), 8, 202)
    story.send("mode", mode(autonomous=True), True)
    story.send("register", register(9, 204), 9, 204)
    story.publish("pack", cells(0, 3204))
    story.holds("tm.snapshot-intact")
