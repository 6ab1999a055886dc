from __future__ import annotations

import pytest

from p4verify.verify import tokens
from p4verify.verify.execution import Outcome
from p4verify.verify.scenario import Scenario, cells, mode, register, system

# ---- bus.queue-bounded


def refused(story: Scenario, token: int) -> None:
    """The program publishes a battery that the bus refuses."""
    story.tell("battery", tokens.battery(token), token, accepted=False)


def metrics_of(story: Scenario, dropped: int, waiting: int = 0, capacity: int = 32) -> None:
    """A whole bus.metrics with these results."""
    operation = story.begin("bus.metrics")
    story.finish(
        operation,
        subscribers=11,
        published_total=0,
        queue_capacity=capacity,
        messages_waiting=waiting,
        dropped_events=dropped,
    )


def test_refusals_that_are_counted_hold() -> None:
    story = Scenario()
    refused(story, 11)
    metrics_of(story, 1)
    story.holds("bus.queue-bounded")


def test_a_refusal_that_is_not_counted_is_found() -> None:
    story = Scenario()
    refused(story, 11)
    refused(story, 13)
    metrics_of(story, 1)
    story.violates("bus.queue-bounded", "count 1 dropped", "2 publish calls")


def test_a_refusal_under_way_may_be_counted_or_not() -> None:
    for dropped in (0, 1):
        story = Scenario()
        serial = story.offer("battery", tokens.battery(11), task="s3")
        metrics_of(story, dropped)
        story.offered(serial, task="s3", accepted=False)
        story.holds("bus.queue-bounded")


def test_more_events_than_the_queue_holds_are_found() -> None:
    story = Scenario()
    metrics_of(story, 0, waiting=33)
    story.violates("bus.queue-bounded", "33 events wait in a queue of 32")


def test_a_queue_of_another_length_than_configured_is_found() -> None:
    story = Scenario(config={"CONFIG_EVENT_BUS_QUEUE_LENGTH": 32})
    metrics_of(story, 0, capacity=16)
    story.violates("bus.queue-bounded", "configured for 32")


def test_an_accepted_event_that_never_arrives_is_found() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.tell("battery", tokens.battery(13), task="s3")
    story.load_ends()
    story.wait(2000)
    story.violates("bus.queue-bounded", "2 events", "only 1")


def test_a_run_that_ends_with_its_load_leaves_events_under_way() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.tell("battery", tokens.battery(13), task="s3")
    story.load_ends()
    story.holds("bus.queue-bounded")


def test_an_event_published_while_settling_may_still_be_under_way() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.load_ends()
    story.tell("battery", tokens.battery(13), task="s3")
    story.holds("bus.queue-bounded")


# ---- bus.payload-safe


def test_what_was_published_is_delivered() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.send("pack", tokens.pack(13), 13, 4)
    story.holds("bus.payload-safe")


def test_what_nobody_published_is_found() -> None:
    story = Scenario()
    story.tell("battery", tokens.battery(11), 11)
    story.deliver("battery", {**tokens.battery(11), "voltage": 1.5})
    story.violates("bus.payload-safe", "nobody published", "voltage=1.5")


def test_an_event_delivered_twice_is_found() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.deliver("battery", tokens.battery(11))
    story.violates("bus.payload-safe", "published once")


def test_the_same_record_published_twice_may_arrive_twice() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.send("battery", tokens.battery(11), 11)
    story.holds("bus.payload-safe")


def test_a_record_that_its_owner_changes_is_the_owners_fault() -> None:
    story = Scenario()
    story.publish("pack", cells(3202, 3204))
    story.deliver("pack", cells(3202, 3224))
    assert story.judge("bus.payload-safe").violation is None


def test_a_memory_error_in_the_bus_is_found() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    judgement = story.judge("bus.payload-safe", Outcome.MEMORY, detail="read of freed memory", where="event_bus.c:120")
    assert judgement.violation is not None
    assert "event_bus.c:120: read of freed memory" in judgement.violation.summary
    elsewhere = story.judge("bus.payload-safe", Outcome.MEMORY, detail="read of freed memory", where="net.c:3")
    assert elsewhere.violation is None


def test_what_a_subscriber_meets_freed_is_its_payload() -> None:
    story = Scenario()
    story.tell("battery", tokens.battery(11), 11)
    run = story.enter("network_publisher", "battery", tokens.battery(11))
    freed = {"detail": "use after free: read of 28 bytes", "where": "network_publisher.c:227"}
    judgement = story.judge("bus.payload-safe", Outcome.MEMORY, task=run.task, **freed)
    assert judgement.violation is not None
    assert "network_publisher was handling a battery event" in judgement.violation.summary
    assert story.judge("bus.payload-safe", Outcome.MEMORY, task="net_pub", **freed).violation is None
    story.leave(run)
    assert story.judge("bus.payload-safe", Outcome.MEMORY, task=run.task, **freed).violation is None


# ---- bus.per-publisher-order


def test_events_in_order_hold() -> None:
    story = Scenario()
    for token in (11, 13, 15):
        story.send("battery", tokens.battery(token), token)
    story.holds("bus.per-publisher-order")


def test_events_that_overtake_are_found() -> None:
    story = Scenario()
    for token in (11, 13):
        story.tell("battery", tokens.battery(token), task="s3")
    story.deliver("battery", tokens.battery(13))
    story.deliver("battery", tokens.battery(11))
    story.violates("bus.per-publisher-order", "task s3", "soc=2.75", "soc=3.25")


def test_events_of_different_types_keep_their_order_too() -> None:
    story = Scenario()
    story.tell("register", register(8, 202), task="s3")
    story.tell("mode", mode(autonomous=True), task="s3")
    story.deliver("mode", mode(autonomous=True))
    story.deliver("register", register(8, 202))
    story.violates("bus.per-publisher-order", "the register", "the mode")


def test_events_of_two_publishers_have_no_order() -> None:
    story = Scenario()
    story.tell("battery", tokens.battery(11), task="one")
    story.tell("battery", tokens.battery(13), task="two")
    story.deliver("battery", tokens.battery(13))
    story.deliver("battery", tokens.battery(11))
    assert story.judge("bus.per-publisher-order").violation is None


def test_a_record_that_a_component_publishes_too_has_no_order() -> None:
    story = Scenario()
    told = story.begin("re.mode", False, task="s3")
    story.publish("system", system(reachable=False), task="s3")
    story.finish(told)
    story.tell("mode", mode(autonomous=False), task="s3")
    story.tell("system", system(reachable=False), task="s3")
    story.deliver("system", system(reachable=False))
    story.deliver("mode", mode(autonomous=False))
    story.deliver("system", system(reachable=False))
    assert story.judge("bus.per-publisher-order").violation is None


def test_an_event_that_was_refused_leaves_a_gap_and_no_disorder() -> None:
    story = Scenario()
    story.tell("battery", tokens.battery(11), task="s3")
    story.tell("battery", tokens.battery(13), task="s3", accepted=False)
    story.tell("battery", tokens.battery(15), task="s3")
    story.deliver("battery", tokens.battery(11))
    story.deliver("battery", tokens.battery(15))
    story.holds("bus.per-publisher-order")


def test_a_record_that_two_tasks_publish_has_no_order() -> None:
    story = Scenario()
    story.tell("battery", tokens.battery(11), task="one")
    story.tell("battery", tokens.battery(13), task="one")
    story.tell("battery", tokens.battery(11), task="two")
    story.deliver("battery", tokens.battery(13))
    story.deliver("battery", tokens.battery(11))
    assert story.judge("bus.per-publisher-order").violation is None


# ---- bus.dispatcher-bounded


@pytest.mark.parametrize(("held_ms", "right"), [(5, True), (29, True), (31, False)])
def test_a_handler_may_hold_the_dispatcher_for_its_budget_and_a_tick(held_ms: int, right: bool) -> None:
    story = Scenario()
    run = story.enter("network_publisher", "battery", tokens.battery(11))
    story.wait(held_ms)
    story.leave(run)
    if right:
        story.holds("bus.dispatcher-bounded")
    else:
        story.violates("bus.dispatcher-bounded", "network_publisher", "31 ms", "battery")


def test_a_handler_that_never_returns_is_found() -> None:
    story = Scenario()
    story.enter("gui", "battery", tokens.battery(11))
    story.wait(100)
    story.violates("bus.dispatcher-bounded", "gui")


def test_a_record_that_changes_while_it_is_copied_has_no_place_in_the_order() -> None:
    story = Scenario()
    story.publish("register", register(8, 202))
    story.publish("pack", cells(3202))
    story.deliver("pack", cells(3202))  # in truth another record of the model, that became equal to this one
    story.deliver("register", register(8, 202))
    assert story.judge("bus.per-publisher-order").violation is None
