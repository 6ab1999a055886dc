from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from p4verify.verify.criteria import (
    CRITERIA,
    INVARIANTS,
    JUDGED_ONCE,
    NOT_BUILT,
    InvariantResult,
    Offers,
    as_expected,
    as_json,
    available,
    difference,
    exit_status,
    parse_expectation,
    select,
    summarise,
    violated_ids,
)
from p4verify.verify.verdict import Verdict

EVERYTHING = Offers(frozenset(need for invariant in INVARIANTS.values() for need in invariant.needs))
NOWHERE = ("tm.tsan-clean", "tm.helgrind-clean")
"""What nothing judges yet."""


def results(**verdicts: Verdict) -> list[InvariantResult]:
    """All invariants ok but these, written with underscores."""
    named = {id_.replace(".", "_").replace("-", "_"): id_ for id_ in INVARIANTS}
    chosen = {named[key]: verdict for key, verdict in verdicts.items()}
    return [InvariantResult(id_, chosen.get(id_, Verdict.OK), 5000, 2000, 70) for id_ in INVARIANTS]


def verdict_of(id_: str, found: list[InvariantResult], offers: Offers = EVERYTHING) -> Verdict:
    return next(r.verdict for r in summarise(found, offers, "sim") if r.criterion.id == id_)


def test_there_are_seventeen_criteria_with_fifty_eight_invariants() -> None:
    every = [id_ for criterion in CRITERIA for id_ in criterion.invariants]
    assert len(CRITERIA) == 17
    assert len(every) == len(set(every)) == 58
    assert sorted([*INVARIANTS, *NOT_BUILT, *JUDGED_ONCE]) == sorted(every)
    assert all(invariant.id == id_ and invariant.title for id_, invariant in INVARIANTS.items())


def test_every_criterion_has_an_invariant_that_is_judged() -> None:
    assert set(NOT_BUILT) <= set(NOWHERE)
    assert all(any(id_ in INVARIANTS for id_ in criterion.invariants) for criterion in CRITERIA)


def test_ok_when_all_that_can_be_judged_held() -> None:
    summary = summarise(results(), EVERYTHING, "sim")
    assert {r.criterion.id: r.verdict for r in summary} == {criterion.id: Verdict.OK for criterion in CRITERIA}
    assert exit_status(summary) == 0, "what is not available does not change the status"


def test_one_violation_makes_a_violation() -> None:
    found = results(np_fifo=Verdict.VIOLATION, np_freshness=Verdict.UNKNOWN)
    assert verdict_of("NP-4", found) is Verdict.VIOLATION
    assert exit_status(summarise(found, EVERYTHING, "sim")) == 1


def test_one_unknown_makes_unknown() -> None:
    found = results(np_fifo=Verdict.UNKNOWN)
    assert verdict_of("NP-4", found) is Verdict.UNKNOWN
    assert exit_status(summarise(found, EVERYTHING, "sim")) == 3


def test_what_this_firmware_cannot_show_is_listed_and_does_not_count() -> None:
    offers = Offers(EVERYTHING.names - {"np.metrics/overwritten"})
    summary = summarise(results(), offers, "sim")
    criterion = next(r for r in summary if r.criterion.id == "NP-4")
    part = next(p for p in criterion.invariants if p.id == "np.collisions-counted")
    assert criterion.verdict is Verdict.OK
    assert (part.verdict, part.available) == (Verdict.UNKNOWN, False)
    assert part.summary == "not available: this firmware has no np.metrics/overwritten"
    assert exit_status(summary) == 0


def test_a_firmware_that_shows_nothing_is_inconclusive_and_never_green() -> None:
    summary = summarise([], Offers(frozenset()), "sim")
    assert all(r.verdict is Verdict.UNKNOWN for r in summary)
    assert exit_status(summary) == 3


def test_an_invariant_that_was_not_run_is_unknown() -> None:
    assert verdict_of("NP-4", [r for r in results() if r.id != "np.fifo"]) is Verdict.UNKNOWN


def test_what_is_not_built_says_so() -> None:
    summary = summarise(results(), EVERYTHING, "sim")
    parts = [part for result in summary for part in result.invariants if part.id in NOT_BUILT]
    assert len(parts) == len(NOT_BUILT)
    assert all(part.verdict is Verdict.UNKNOWN and part.summary.startswith("not available: ") for part in parts)


def test_what_is_judged_once_counts_with_its_places_and_is_no_part_of_exploring() -> None:
    wrong = InvariantResult("np.static-review", Verdict.VIOLATION, exercised=44, places=("np.c:12: calls buffer_push",))
    assert verdict_of("NP-2", results()) is Verdict.OK, "without sources it is not available"
    assert verdict_of("NP-2", [*results(), wrong]) is Verdict.VIOLATION
    assert verdict_of("NP-2", [*results(), replace(wrong, verdict=Verdict.UNKNOWN)]) is Verdict.UNKNOWN
    assert not {"np.static-review"} & {invariant.id for invariant in available(EVERYTHING, "sim")}
    written = json.dumps(
        as_json(
            summarise([*results(), wrong], EVERYTHING, "sim"),
            firmware="f", target="sim", seed=1, executions=5, seconds=0.5,
        )
    )  # fmt: skip
    assert '"places": ["np.c:12: calls buffer_push"]' in written


def test_only_some() -> None:
    assert select(["np.fifo", "TM-1"]) == ("np.fifo", "tm.cells-coherent", "tm.snapshot-intact")
    summary = summarise(results(tm_snapshot_intact=Verdict.VIOLATION), EVERYTHING, "sim", ["np.fifo"])
    assert [(r.criterion.id, [p.id for p in r.invariants]) for r in summary] == [("NP-4", ["np.fifo"])]
    assert exit_status(summary) == 0
    assert {i.id for i in available(EVERYTHING, "sim", ["TM-1", "TM-2"])} == {
        "tm.cells-coherent",
        "tm.snapshot-intact",
        "tm.race-free",
    }
    with pytest.raises(ValueError, match=r"np\.nothing"):
        select(["np.nothing"])


def test_offers_name_operations_observers_and_results() -> None:
    offers = Offers.of({"np.metrics": ["overwritten"], "bus.mode": []}, ["http.request"])
    assert offers.names == {"np.metrics", "np.metrics/overwritten", "bus.mode", "http.request"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("violation:NP-4", True),
        ("violation:np.fifo", True),
        ("violation:NP-4,np.fifo", True),
        ("violation:NP-4, TM-1", False),
        ("violation:np.fifo,np.freshness", False),
        ("violation:", False),
    ],
)
def test_an_expectation_must_be_met_exactly(text: str, expected: bool) -> None:
    summary = summarise(results(np_fifo=Verdict.VIOLATION), EVERYTHING, "sim")
    assert violated_ids(summary) == {"NP-4", "np.fifo"}
    assert as_expected(summary, parse_expectation(text)) is expected


def test_no_violation_can_be_expected() -> None:
    assert as_expected(summarise(results(), EVERYTHING, "sim"), parse_expectation("violation:"))


@pytest.mark.parametrize("text", ["NP-4", "ok:NP-4", "", "violation:NP-99"])
def test_a_wrong_expectation_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expectation|no such"):
        parse_expectation(text)


def test_the_json_has_the_documented_shape() -> None:
    summary = summarise(results(), EVERYTHING, "sim")
    data = as_json(summary, firmware="mine", target="sim", seed=7, executions=5000, seconds=1.5)
    assert list(data) == ["schema", "firmware", "target", "seed", "criteria", "executions", "seconds"]
    first = json.loads(json.dumps(data))["criteria"][0]
    assert list(first) == ["id", "verdict", "invariants"]
    assert first["invariants"][0] == {
        "id": "np.cadence",
        "verdict": "ok",
        "executions": 5000,
        "exercised": 2000,
        "distinct_histories": 70,
        "counterexample": None,
        "summary": "",
    }


def test_the_order_is_that_of_the_task_list() -> None:
    ids = [r.criterion.id for r in summarise(results(), EVERYTHING, "sim")]
    order = {criterion.id: index for index, criterion in enumerate(CRITERIA)}
    assert all(order[one] < order[two] for one, two in pairwise(ids))


def test_the_difference_names_what_is_missing_and_what_is_too_much() -> None:
    found = results(np_fifo=Verdict.VIOLATION, tm_no_flash=Verdict.VIOLATION, re_callback_time=Verdict.UNKNOWN)
    summary = summarise(found, EVERYTHING, "sim")
    words = difference(summary, frozenset({"NP-4", "RE-1", "NP-1"}))
    assert words == (
        "expected to be violated, but NP-1 is ok, RE-1 is unknown (a larger --budget may find it);"
        " violated without being expected: TM-3"
    )
    assert difference(summary, frozenset()) == "violated without being expected: NP-4, TM-3"
