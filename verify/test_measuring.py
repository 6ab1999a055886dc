from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.verify.criteria import InvariantResult
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.explore import Tally
from p4verify.verify.history import History
from p4verify.verify.measuring import Figure, Gauge, Measure, Merge, Reading, Readings, merged
from p4verify.verify.program import Program
from p4verify.verify.record import Verdicts, entry_of, line_of
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Invariant, Judgement, Setting, Verdict, violated

SETTING = Setting(Program(()), limits={"most": 7.0})
GAUGES = (
    Gauge("longest", "ms", Merge.MOST, lambda setting: setting.limits["most"]),
    Gauge("least", "%", Merge.LEAST),
    Gauge("events", merge=Merge.SUM),
    Gauge("never seen"),
)


def execution(identity: str) -> Execution:
    return Execution(History((), (), 0, 0), Ending(Outcome.COMPLETED), identity=identity)


def read(one: Execution, _: Setting) -> Reading:
    value = int(one.identity.strip("!"))
    return value, value if value < 9 else None, value, None


MEASURE = Measure(GAUGES, read)


def test_most_least_and_sums_over_all_readings() -> None:
    readings = Readings(MEASURE)
    for identity in ("3", "9", "2"):
        readings.take(execution(identity), SETTING)
    assert readings.figures() == (
        Figure("longest", 9, "ms", Merge.MOST, 7.0),
        Figure("least", 2, "%", Merge.LEAST, None),
        Figure("events", 14, "", Merge.SUM, None),
    )


def test_what_was_never_measured_is_no_figure() -> None:
    assert Readings(MEASURE).figures() == ()


@given(st.lists(st.integers(-1000, 1000), min_size=1), st.randoms(use_true_random=False), st.sampled_from(Merge))
def test_the_order_of_readings_does_not_matter(values: list[int], random: Random, how: Merge) -> None:
    def all_of(readings: list[int]) -> float | None:
        total: float | None = None
        for value in readings:
            total = merged(how, total, value)
        return total

    shuffled = list(values)
    random.shuffle(shuffled)
    assert all_of(shuffled) == all_of(values)


def judged(one: Execution, _: Setting) -> Judgement:
    if one.identity == "0":
        return NOT_EXERCISED
    return violated("too much", 1) if "!" in one.identity else HELD


def test_a_tally_measures_each_distinct_history_that_exercised_an_invariant() -> None:
    tally = Tally((Invariant("a", "", judged), Invariant("b", "", judged)), measures={"a": MEASURE})
    for identity, times in (("0", 5), ("4", 1000), ("4", 3), ("6!", 1), ("8", 1)):
        tally.consume(execution(identity), SETTING, times)
    by_id = {result.id: result for result in tally.results()}
    assert [figure.value for figure in by_id["a"].figures] == [6, 4, 10], "not judged any more, not measured any more"
    assert by_id["b"].figures == ()


@pytest.mark.parametrize("bound", [None, 50.0])
def test_figures_are_recorded(bound: float | None) -> None:
    figure = Figure("longest", 2.5, "ms", Merge.MOST, bound)
    verdicts = Verdicts((InvariantResult("np.fifo", Verdict.OK, figures=(figure,)),))
    assert entry_of(line_of(verdicts)) == verdicts
