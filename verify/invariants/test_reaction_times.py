"""What is measured is what the invariants judge, and it ends where they say it is too late."""

from __future__ import annotations

import pytest

from p4verify.verify.invariants.reaction_times import REACTIONS
from p4verify.verify.invariants.test_gateway_storage import far_frame
from p4verify.verify.invariants.test_measures import figures
from p4verify.verify.invariants.test_publisher_points import fed, publish
from p4verify.verify.invariants.test_telemetry_records import autonomous
from p4verify.verify.measuring import Readings
from p4verify.verify.scenario import Scenario, cells, register

RETRIED, OFFERED = "longest until a failed post was tried again", "longest until a change was offered to the bus"
WRITTEN = "longest until such a change was written, beyond one write"


def retried_after(ms: float) -> Scenario:
    story = fed()
    publish(story, 1000, ok=False)
    publish(story, 1002 + ms)
    story.at(5000)
    return story


@pytest.mark.parametrize(("ms", "right"), [(400, True), (1010, True), (1011, False)])
def test_from_the_end_of_a_failed_post_to_the_next(ms: float, right: bool) -> None:
    story = retried_after(ms)
    assert figures(story, "np.retry") == {"posts that failed": 1, RETRIED: ms}
    assert (story.judge("np.retry").violation is None) is right


def test_a_post_that_is_never_tried_again_took_no_time() -> None:
    story = fed()
    publish(story, 1000, ok=False)
    story.at(5000)
    assert figures(story, "np.retry") == {"posts that failed": 1}


def offered_after(ms: float) -> Scenario:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.wait(ms)
    story.show("pack", cells(3202))
    story.wait(500)
    return story


@pytest.mark.parametrize(("ms", "right"), [(0, True), (120, True), (260, True), (261, False)])
def test_from_the_handlers_return_to_the_offer(ms: float, right: bool) -> None:
    story = offered_after(ms)
    assert figures(story, "tm.reactive") == {"significant changes": 1, OFFERED: ms}
    assert (story.judge("tm.reactive").violation is None) is right


def test_an_offer_that_shows_something_else_is_none() -> None:
    story = autonomous()
    story.send("register", register(8, 202), 8, 202)
    story.show("pack", cells(3001))
    story.wait(500)
    assert figures(story, "tm.reactive") == {"significant changes": 1}


@pytest.mark.parametrize(("ms", "measured", "right"), [(0, 0, True), (2000, 1996, True), (2020, 2016, False)])
def test_from_a_far_frame_to_its_write(ms: float, measured: float, right: bool) -> None:
    story = far_frame(3, 41, ms)
    assert figures(story, "re.delta-flush") == {"changes beyond the threshold": 1, WRITTEN: measured}
    assert (story.judge("re.delta-flush").violation is None) is right


def test_what_is_never_written_has_no_time() -> None:
    assert figures(far_frame(3, 41, None), "re.delta-flush") == {"changes beyond the threshold": 1}


def test_the_bounds_are_those_of_the_judgement() -> None:
    stories = {"np.retry": retried_after(9), "tm.reactive": offered_after(9), "re.delta-flush": far_frame(3, 41, 9)}
    for id_, bound in {"np.retry": 1010, "tm.reactive": 260, "re.delta-flush": 2010}.items():
        readings = Readings(REACTIONS[id_])
        readings.take(stories[id_].execution(), stories[id_].setting)
        assert readings.figures()[-1].bound == bound
