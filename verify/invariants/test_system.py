from __future__ import annotations

import pytest

from p4verify.verify import tokens
from p4verify.verify.execution import Outcome
from p4verify.verify.scenario import Scenario, body, mode
from p4verify.verify.scenario_peers import GatewayScenario


def settled() -> Scenario:
    """A run whose load ended at once and that then waited two seconds."""
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.load_ends()
    story.at(2000)
    return story


# ---- sys.one-source (the model's side is in test_telemetry_records)


def publisher_with_mode(stamp_ms: int) -> Scenario:
    """A publisher that subscribes to the mode, is told of autonomous mode at 1 s, and posts an S3 battery later."""
    story = Scenario()
    story.see("bus.subscribe", "main", subscriber=50, event=4, component="network_publisher")
    story.at(1000)
    story.see("handler.enter", "event_dispatch", subscriber=50, event=4, digest=0)
    story.see("deliver.mode", "event_dispatch", subscriber=50, **mode(autonomous=True))
    story.see("handler.return", "event_dispatch", subscriber=50, event=4)
    story.at(2000)
    story.post(body(stamp_ms, 11))
    return story


def test_a_point_built_after_the_mode_change_with_the_other_source_is_found() -> None:
    publisher_with_mode(2000).violates("sys.one-source", "network_publisher", "S3")


def test_a_point_buffered_before_the_mode_change_is_exempt() -> None:
    publisher_with_mode(500).is_silent("sys.one-source")


def gateway_told(*modes: bool) -> GatewayScenario:
    """A gateway's adapter that is told modes, by events and then by a call, and is given a frame."""
    story = GatewayScenario()
    story.see("bus.subscribe", "main", subscriber=50, event=4, component="remote_event_adapter")
    *events, call = modes
    for autonomous in events:
        story.see("handler.enter", "event_dispatch", subscriber=50, event=4, digest=0)
        story.see("deliver.mode", "event_dispatch", subscriber=50, **mode(autonomous=autonomous))
        story.see("handler.return", "event_dispatch", subscriber=50, event=4)
    story.finish(story.begin("re.mode", call, task="gui"))
    story.frame(3)
    return story


def test_the_gateway_publishes_nothing_in_autonomous_mode() -> None:
    gateway_told(False, True).violates("sys.one-source", "remote_event_adapter", "S3")
    gateway_told(True, False).holds("sys.one-source")


def test_what_is_restored_at_boot_is_exempt() -> None:
    story = gateway_told(False)
    story.boot()
    story.restore(3, 3)
    story.holds("sys.one-source")


# ---- sys.no-deadlock


def test_a_run_that_completes_did_not_deadlock() -> None:
    settled().holds("sys.no-deadlock")


@pytest.mark.parametrize("outcome", [Outcome.DEADLOCK, Outcome.LIVELOCK, Outcome.HANG])
def test_a_run_that_is_stuck_is_found(outcome: Outcome) -> None:
    judgement = settled().judge("sys.no-deadlock", outcome, detail="a waits for b, b waits for a", task="a")
    assert judgement.violation is not None
    assert "a waits for b" in judgement.violation.summary
    assert settled().judge("sys.settles", outcome).violation is None


# ---- sys.settles


def test_a_run_that_settles_holds() -> None:
    settled().holds("sys.settles")


@pytest.mark.parametrize(
    "outcome",
    [Outcome.CRASH, Outcome.MEMORY, Outcome.ASSERTION, Outcome.MISUSE, Outcome.RESTART, Outcome.EXIT],
)
def test_a_run_that_breaks_is_found_with_the_words_of_its_ending(outcome: Outcome) -> None:
    judgement = settled().judge("sys.settles", outcome, detail="why", task="net_pub", where="net.c:7")
    assert judgement.violation is not None
    assert judgement.violation.summary.endswith(f"{outcome.value} in task net_pub at net.c:7: why")
    assert settled().judge("sys.no-deadlock", outcome).violation is None


def test_a_handler_that_is_not_done_after_the_settling_time_is_found() -> None:
    story = Scenario()
    story.publish("battery", tokens.battery(11), task="s3")
    story.load_ends()
    story.enter("gui", "battery", tokens.battery(11))
    story.at(2000)
    story.violates("sys.settles", "gui", "never")


def test_an_operation_that_never_returns_is_found() -> None:
    story = settled()
    story.begin("np.metrics")
    story.violates("sys.settles", "np.metrics", "never returned")


def test_a_program_that_did_not_wait_shows_nothing() -> None:
    story = Scenario()
    story.send("battery", tokens.battery(11), 11)
    story.load_ends()
    story.wait(100)
    story.is_silent("sys.settles")
