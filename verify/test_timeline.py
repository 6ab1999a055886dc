from __future__ import annotations

from p4verify.verify import tokens
from p4verify.verify.scenario import Scenario, mode, register
from p4verify.verify.timeline import NEVER, View


def view_of(story: Scenario) -> View:
    return View(story.execution(), story.setting)


def test_a_handler_knows_its_component_payload_and_interval() -> None:
    story = Scenario()
    story.at(5)
    run = story.enter("network_publisher", "battery", tokens.battery(11))
    story.at(7)
    story.leave(run)
    (handler,) = view_of(story).handlers
    assert (handler.component, handler.kind, handler.fields["soc"]) == ("network_publisher", "battery", 2.75)
    assert (handler.enter_us, handler.leave_us) == (5000, 7000)
    assert handler.enter < handler.leave


def test_what_has_not_ended_ends_never() -> None:
    story = Scenario()
    story.enter("gui", "battery", tokens.battery(11))
    story.offer("mode", mode(autonomous=True))
    story.request("{}")
    view = view_of(story)
    assert view.handlers[0].leave == view.publishes[0].end == view.posts[0].end == NEVER
    assert view.publishes[0].accepted is None
    assert view.posts[0].ok is None


def test_a_publish_call_knows_who_made_it() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.publish("battery", tokens.battery(13))
    run = story.enter("telemetry_model", "register", register(8, 202))
    story.publish("pack", tokens.pack(202), task="event_dispatch")
    story.leave(run)
    story.publish("pack", tokens.pack(204), task="esp_timer")
    view = view_of(story)
    assert [call.component for call in view.publishes] == ["", *["telemetry_model"] * 3]
    assert view.publishes[0].operation is not None
    assert view.publishes[2].handler is view.handled("telemetry_model", "register")[0]


def test_an_operation_covers_exactly_its_interval() -> None:
    story = Scenario()
    first = story.begin("bus.battery", 11)
    story.finish(first, accepted=True)
    story.publish("battery", tokens.battery(13), task="s3")
    second = story.begin("bus.battery", 15)
    story.publish("battery", tokens.battery(15), task="s3")
    story.finish(second, accepted=True)
    between, inside = view_of(story).publishes
    assert between.operation is None
    assert inside.operation is not None
    assert inside.operation.invocation.arguments == (15,)


def test_handlers_nest_by_task() -> None:
    story = Scenario()
    outer = story.enter("telemetry_model", "mode", mode(autonomous=True))
    inner = story.enter("gui", "battery", tokens.battery(11))
    other = story.enter("gui", "pack", tokens.pack(13), task="elsewhere")
    story.leave(inner)
    story.leave(outer)
    story.leave(other)
    by_kind = {handler.kind: handler for handler in view_of(story).handlers}
    assert by_kind["battery"].leave < by_kind["mode"].leave < by_kind["pack"].leave


def test_records_that_do_not_pair_are_left_out() -> None:
    story = Scenario()
    story.see("handler.return", "event_dispatch", subscriber=5, event=1)
    story.see("deliver.battery", "event_dispatch", subscriber=5, **tokens.battery(11))
    story.see("bus.published", "s3", serial=99, accepted=True)
    story.see("http.response", "net_pub", serial=99, ok=True)
    view = view_of(story)
    assert (view.handlers, view.publishes, view.posts) == ([], [], [])


def test_moments_are_found_by_time() -> None:
    story = Scenario()
    story.at(10)
    position = story.see("np.built", "net_pub")
    view = view_of(story)
    assert view.last_before(10_001) == position
    assert view.last_before(10_000) == position - 1
    assert view.first_after(9_999) == position
    assert view.first_after(10_000) == NEVER


def test_the_view_of_an_execution_is_made_once() -> None:
    story = Scenario()
    execution = story.execution()
    view = View.of(execution, story.setting)
    assert View.of(execution, story.setting) is view
    assert View.of(story.execution(), story.setting) is not view
