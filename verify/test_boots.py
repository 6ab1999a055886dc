from __future__ import annotations

from p4verify.verify import tokens
from p4verify.verify.boots import lives
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.scenario import Scenario, body, mode
from p4verify.verify.verdict import HELD, Setting


def cut_twice() -> Scenario:
    """A battery is published in each of three boots, at 10 ms, 110 ms and 210 ms."""
    story = Scenario(http=(1, 2, 3))
    for number, token in enumerate((11, 13, 15)):
        story.at(100 * number + 10)
        story.send("battery", tokens.battery(token), token)
        story.request(body(0, token))
        if number < 2:
            story.at(100 * (number + 1))
            story.boot()
    story.load_ends()
    story.at(2300)
    return story


def parts(story: Scenario) -> tuple[tuple[Execution, Setting], ...]:
    return tuple((life.execution, life.setting) for life in lives(story.execution(), story.setting))


def test_an_execution_without_cuts_is_one_life() -> None:
    story = Scenario()
    execution = story.execution()
    ((whole, setting, cut),) = lives(execution, story.setting)
    assert whole is execution
    assert setting is story.setting
    assert cut is None


def test_each_boot_is_an_execution_with_clocks_of_its_own() -> None:
    found = [execution.history for execution, _ in parts(cut_twice())]
    assert [[o.invocation.arguments[0] for o in h.calls("bus.battery")] for h in found] == [[11], [13], [15]]
    assert [[o.invoked_us for o in h.calls("bus.battery")] for h in found] == [[10_000]] * 3
    assert [h.end_us for h in found] == [100_000, 100_000, 2_100_000]
    assert [h.loaded_us for h in found] == [None, None, 10_000]
    positions = [record.position for h in found for record in h.observations]
    assert positions == sorted(positions)
    assert len(positions) == len(set(positions)) == len(cut_twice().observations)


def test_only_the_last_boot_ended_as_the_execution_did() -> None:
    endings = [execution.ending.outcome for execution, _ in parts(cut_twice())]
    assert endings == [Outcome.RESTART, Outcome.RESTART, Outcome.COMPLETED]


def test_answers_of_the_environment_go_on() -> None:
    taken = [setting.program.environment["http"] for _, setting in parts(cut_twice())]
    assert taken == [(1, 2, 3), (2, 3), (3,)]


def test_the_same_lives_are_found_again() -> None:
    story = cut_twice()
    execution = story.execution()
    assert lives(execution, story.setting) is lives(execution, story.setting)


def test_an_invariant_is_judged_in_every_boot() -> None:
    story = cut_twice()
    assert story.judge("bus.payload-safe") == HELD
    story.deliver("battery", {**tokens.battery(15), "voltage": 1.5})
    story.violates("bus.payload-safe", "nobody published", "(times since boot 3)")


def test_what_one_boot_knew_the_next_does_not() -> None:
    story = Scenario()
    story.send("mode", mode(autonomous=True), True)
    story.boot()
    story.publish("battery", tokens.battery(11))
    story.is_silent("tm.no-stale-source")


def test_a_call_that_a_cut_left_pending_does_not_keep_the_firmware_from_settling() -> None:
    story = Scenario()
    story.begin("bus.battery", 11)
    story.enter("gui", "battery", tokens.battery(11))
    story.at(10)
    story.boot()
    story.load_ends()
    story.at(2500)
    story.holds("sys.settles")
    assert story.judge("bus.dispatcher-bounded").violation is None
