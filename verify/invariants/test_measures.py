"""Each figure is what the story tells, in milliseconds and whole numbers."""

from __future__ import annotations

import pytest

from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.invariants.measures import MEASURES
from p4verify.verify.invariants.tinybms import NO_MEMORY, TIMEOUT
from p4verify.verify.measuring import Readings
from p4verify.verify.scenario import Scenario, body, cells, register
from p4verify.verify.scenario_peers import GatewayScenario, TinybmsScenario


def figures(story: Scenario, id_: str) -> dict[str, float]:
    readings = Readings(MEASURES[id_])
    readings.take(story.execution(), story.setting)
    return {figure.name: figure.value for figure in readings.figures()}


def test_only_what_is_judged_is_measured() -> None:
    assert set(MEASURES) <= set(INVARIANTS)


@pytest.mark.parametrize("id_", sorted(MEASURES))
@pytest.mark.parametrize("kind", [Scenario, GatewayScenario, TinybmsScenario])
def test_an_empty_story_has_no_extremes(id_: str, kind: type[Scenario]) -> None:
    story = kind()
    story.boot()
    assert set(figures(story, id_).values()) <= {0, 1}


def test_how_far_publications_are_from_their_period() -> None:
    story = Scenario()
    for ms in (1000, 2000, 3004, 4004):
        story.at(ms)
        story.built()
    assert figures(story, "np.cadence") == {"periodic publications": 4, "furthest from the period": 4}


def test_a_gap_that_a_long_post_explains_is_not_off_the_period() -> None:
    story = Scenario()
    story.at(1000)
    story.built()
    story.post(body(1000, 3, 5), ms=1500)
    story.built()
    assert "furthest from the period" not in figures(story, "np.cadence")


def test_points_reads_and_collisions() -> None:
    story = Scenario()
    for published, overwritten in ((1, 0), (2, 3)):
        story.built()
        story.post(body(0, 3, 5))
        story.metrics(published_points=published, overwritten=overwritten)
    assert figures(story, "np.monotone") == {"metrics reads": 2, "most points counted as published": 2}
    assert figures(story, "np.collisions-counted") == {"points overwritten, and counted": 3}
    assert figures(story, "np.point-intact") == {"points posted": 2}


def test_the_longest_callback() -> None:
    story = GatewayScenario()
    for ms in (3, 4.5, 1):
        operation = story.enter_frame(3)
        story.wait(ms)
        story.finish(operation)
    assert figures(story, "re.callback-time") == {"JSON callbacks": 3, "longest JSON callback": 4.5}


@pytest.mark.parametrize(("fine", "which"), [(True, "these"), (False, "those")])
def test_writes_per_frame_below_and_beyond_the_threshold(fine: bool, which: str) -> None:
    story = GatewayScenario()
    for number in range(40):
        story.at(500 * number)
        story.frame(400 + number % 8 if fine else 3 + 2 * number, publishes=False)
        if number < 3:
            story.write()
            story.write("config")
    measured = figures(story, "re.write-reduction")
    assert sorted(measured.values()) == [3, 40, 92.5]
    assert measured[f"NVS writes for {which}"] == 3
    assert measured[f"least reduction of writes for {which}"] == 92.5


LOSS = "longest loss at a power cut, where no write had failed"


def cut(restored: int) -> GatewayScenario:
    """Frames 3, 5 and 7 come at 1, 2 and 3 s; at 10 s the power is cut, and one of them is restored."""
    story = GatewayScenario()
    for number in range(3):
        story.at(1000 * (number + 1))
        story.frame(3 + 2 * number)
    story.at(10_000)
    story.boot()
    story.restore(restored, restored)
    return story


@pytest.mark.parametrize(("restored", "lost_ms"), [(3, 7996), (5, 6996), (7, 0)])
def test_what_a_cut_loses_counts_from_the_first_frame_that_is_lost(restored: int, lost_ms: int) -> None:
    measured = figures(cut(restored), "re.restore-age")
    assert measured == {"power cuts": 1, LOSS: lost_ms}
    assert figures(cut(restored), "re.restore-intact") == {"records restored": 2}


def test_what_came_in_autonomous_mode_and_was_restored_is_not_lost() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.at(20_000)
    story.finish(story.begin("re.mode", True))
    story.frame(5)
    story.write()
    story.at(60_000)
    story.boot()
    story.restore(5, 5)
    assert figures(story, "re.restore-age")[LOSS] == 0


def test_nothing_restored_is_all_lost_once_there_was_time_to_restore() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.at(20_000)
    story.boot()
    assert figures(story, "re.restore-age")[LOSS] == 19_996
    story.boot()
    story.restore(3)
    assert figures(story, "re.restore-age") == {"power cuts": 1, LOSS: 0}


def test_a_loss_that_a_failed_write_explains_is_not_measured() -> None:
    story = GatewayScenario()
    story.frame(3)
    story.write(result=-1)
    story.boot()
    story.restore(5, 5)
    assert figures(story, "re.restore-age") == {"power cuts": 0}
    assert figures(story, "re.no-lost-dirty") == {"NVS writes that were made to fail": 1}


def test_frames_that_hold_nothing() -> None:
    story = GatewayScenario()
    for variant in (0, 5, 8, 9):
        story.frame(3, variant=variant, publishes=False)
    assert figures(story, "re.partial-frame") == {"frames without telemetry, or damaged": 3}


def test_what_the_model_was_told_and_published() -> None:
    story = Scenario()
    story.deliver("mode", {"mode": 1, "expected": False})
    story.deliver("register", register(0, 202))
    story.publish("pack", cells(3000, 3010))
    assert figures(story, "tm.delta-publish") == {"register updates": 1, "records published": 1}
    assert figures(story, "tm.no-stale-source") == {"mode changes": 1}
    assert figures(story, "tm.cells-coherent") == {"packs published": 1}


def test_waits_latency_and_answers_of_the_client() -> None:
    story = TinybmsScenario()
    for ms, result in ((12, 0), (40, TIMEOUT), (0, NO_MEMORY)):
        call = story.read_register(0x0101)
        story.sends(0x0101)
        story.wait(ms)
        story.told(call, result, 5)
    call = story.write_register(0x0200, 7)
    story.wait(300)
    story.told(call)
    assert figures(story, "tc.bounded-wait") == {
        "longest wait of tinybms_read_register": 40,
        "longest wait of a write": 300,
    }
    assert figures(story, "tc.no-overrun") == {"requests": 4, "frames on the wire": 3}
    assert figures(story, "tc.own-answer") == {"requests answered": 2}
    assert figures(story, "tc.stats-coherent") == {"longest answered request": 300}


def test_depth_and_average_latency_are_those_that_the_statistics_told() -> None:
    story = TinybmsScenario()
    story.stats(queue_depth_max=4, avg_latency_ms=9)
    story.publish_stats(queue_depth_max=6, avg_latency_ms=7)
    assert figures(story, "tc.queue-bounded") == {"most requests waiting": 6}
    assert figures(story, "tc.stats-coherent") == {"highest average latency published": 9}


def test_the_bus_and_its_subscribers() -> None:
    story = Scenario()
    story.publish("battery", {}, accepted=False)
    run = story.enter("gui", "battery", {})
    story.load_ends()
    story.wait(12)
    story.leave(run)
    operation = story.begin("bus.metrics")
    story.finish(operation, messages_waiting=3, queue_capacity=32, dropped_events=1)
    assert figures(story, "bus.queue-bounded") == {"most events seen waiting": 3, "events refused, and counted": 1}
    assert figures(story, "bus.dispatcher-bounded") == {"longest a subscriber held the dispatcher": 12}
    assert figures(story, "sys.settles") == {"longest until the load had settled": 12}


def test_a_handler_that_never_returned_counts_until_the_end() -> None:
    story = Scenario()
    story.enter("gui", "battery", {})
    story.wait(70)
    assert figures(story, "bus.dispatcher-bounded") == {"longest a subscriber held the dispatcher": 70}
