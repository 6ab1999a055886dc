"""The summary of a check, and its progress."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.control import strip_control_codes

from p4verify.reports.progress import ProgressLine, progress_line
from p4verify.reports.summary import Figures, Hidden, least_exercised, show_summary, summary
from p4verify.verify.criteria import CRITERIA, CriterionResult, InvariantResult
from p4verify.verify.measuring import Figure, Merge
from p4verify.verify.verdict import Verdict

FIGURES = Figures(executions=1_234_567, distinct=4_321, seconds=44.7)


def result(criterion: str, verdict: Verdict, *parts: InvariantResult) -> CriterionResult:
    return CriterionResult(next(c for c in CRITERIA if c.id == criterion), verdict, parts)


LONGEST = Figure("longest JSON callback", 0.008, "ms", Merge.MOST, 5.0)


def example() -> list[CriterionResult]:
    held = InvariantResult("np.monotone", Verdict.OK, exercised=24_680, distinct_histories=7_000, summary="held")
    torn = InvariantResult("np.point-intact", Verdict.VIOLATION, 9, 1_200, 3, "runs/1/x.json", "a mixture of 12 and 16")
    few = InvariantResult("np.fifo", Verdict.UNKNOWN, summary="exercised in 12 executions, 1000 are needed")
    quick = InvariantResult("re.callback-time", Verdict.OK, 9, 4_000, 400, figures=(LONGEST,))
    absent = InvariantResult("re.no-nvs-in-callback", Verdict.UNKNOWN, summary="not available: none", available=False)
    return [
        result("NP-3", Verdict.OK, held),
        result("NP-4", Verdict.VIOLATION, torn, few),
        result("RE-1", Verdict.OK, quick, absent),
    ]


def test_says_verdicts_evidence_reasons_findings_and_figures() -> None:
    assert [line.plain.rstrip() for line in summary(example(), FIGURES, 100)] == [
        "criterion           evidence                                                  executions   histories",
        "─" * 100,
        "NP-3   ✓ ok         Metrics report a strictly monotone number of published        24,680       7,000",
        "                    points, as one coherent snapshot",
        "NP-4   ✗ violation  Accesses are atomic, API and cadence unchanged,                1,200           3",
        "                    collisions counted",
        "                    ✗ np.point-intact",
        "                    ? np.fifo: exercised in 12 executions, 1000 are needed",
        "RE-1   ✓ ok         Telemetry JSON is handled without blocking NVS calls           4,000         400",
        "                    longest JSON callback: 0.008 ms (at most 5 ms)",
        "                    - re.no-nvs-in-callback: not available: none",
        "─" * 100,
        "Findings",
        "✗ np.point-intact  a mixture of 12 and 16",
        "    runs/1/x.json",
        "",
        "2 ok, 1 violated, 0 unknown. 1,234,567 executions in 44.7 s (27,619/s), 4,321 distinct histories.",
    ]


def test_what_is_judged_on_the_source_counts_places() -> None:
    held = result("NP-2", Verdict.OK, InvariantResult("np.static-review", Verdict.OK, exercised=45))
    head, _, *lines = (line.plain.rstrip() for line in summary([held], FIGURES, 100))
    assert head.endswith("histories")
    assert lines[:2] == [
        "NP-2   ✓ ok         No buffer access outside a critical section",
        "                    45 places in the source",
    ]


def test_a_verdict_rests_on_its_least_exercised_invariant_a_violation_on_the_violated_one() -> None:
    rare = InvariantResult("np.fifo", Verdict.OK, exercised=1_001)
    often = InvariantResult("np.freshness", Verdict.OK, exercised=9_000)
    torn = InvariantResult("np.point-intact", Verdict.VIOLATION, exercised=5_000)
    never = InvariantResult("np.collisions-counted", Verdict.UNKNOWN, available=False)
    assert least_exercised(result("NP-4", Verdict.OK, often, rare, never)) is rare
    assert least_exercised(result("NP-4", Verdict.VIOLATION, often, rare, torn)) is torn
    assert least_exercised(result("NP-4", Verdict.UNKNOWN, never)) is None


def test_races_that_were_suppressed_are_told() -> None:
    hidden = [Hidden("variable s_flag", "one writer", 1), Hidden("file gui.c", "a hint", 3)]
    lines = [line.plain for line in summary(example(), FIGURES, 100, hidden)]
    assert "races suppressed: variable s_flag (1 pair of places): one writer" in lines
    assert "races suppressed: file gui.c (3 pairs of places): a hint" in lines


def test_the_places_of_a_finding_in_the_source_are_listed_and_a_long_list_is_cut() -> None:
    places = tuple(f"np.c:{line}: calls buffer_push (net_pub > buffer_push)" for line in range(10, 20))
    part = InvariantResult("np.static-review", Verdict.VIOLATION, exercised=45, summary="10 lines", places=places)
    lines = [line.plain for line in summary([result("NP-2", Verdict.VIOLATION, part)], FIGURES, 100)]
    begin = lines.index("✗ np.static-review  10 lines") + 1
    assert lines[begin : begin + 8] == [f"    {place}" for place in places[:8]]
    assert lines[begin + 8] == "    and 2 more (all of them by --json)"


def absent(id_: str, reason: str = "this firmware has no http.request") -> InvariantResult:
    return InvariantResult(id_, Verdict.UNKNOWN, summary=f"not available: {reason}", available=False)


def test_criteria_of_which_a_firmware_has_nothing_are_one_line() -> None:
    settles = InvariantResult("sys.settles", Verdict.OK, 9, 2_000, 400)
    told = result("SYS-1", Verdict.OK, settles, absent("sys.one-source"))
    native = absent("tm.tsan-clean", "judged on the native target, which is not built yet")
    foreign = [
        result("NP-1", Verdict.UNKNOWN, absent("np.cadence")),
        result("TM-2", Verdict.UNKNOWN, absent("tm.race-free"), native),
    ]
    lines = [line.plain for line in summary([*foreign, told], FIGURES, 100)]
    assert lines[2].startswith("SYS-1  ✓ ok")
    assert "2 criteria are about components that this firmware does not have: NP-1, TM-2 (see --list)" in lines
    assert "                    - sys.one-source: about components that this firmware does not have" in lines
    assert "np.cadence" not in " ".join(lines)
    assert "1 ok, 0 violated, 2 unknown." in lines[-1]
    alone = [line.plain for line in summary([result("TM-2", Verdict.UNKNOWN, native)], FIGURES, 100)]
    assert alone[2].startswith("TM-2   ? unknown"), "no want of the firmware's"


def test_races_that_only_the_simulator_looked_for_are_said_to_be() -> None:
    native = absent("tm.tsan-clean", "judged on the native target, which is not built yet")
    clean = result("TM-2", Verdict.OK, InvariantResult("tm.race-free", Verdict.OK, 9, 2_000, 400), native)
    told = " ".join(" ".join(line.plain for line in summary([clean], FIGURES, 100)).split())
    assert "judged by the simulator's race detector alone (native tools: not built yet)" in told


def test_without_time_there_is_no_rate() -> None:
    assert Figures(0, 0, 0.0).rate == 0.0


def test_is_plain_where_there_is_no_terminal() -> None:
    console = Console(file=io.StringIO(), width=300)
    show_summary(example(), FIGURES, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text == strip_control_codes(text)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 120


figures = st.builds(
    Figure,
    st.text(),
    st.floats(0, 1e9),
    st.sampled_from(["", "ms", "%"]),
    st.sampled_from(Merge),
    st.none() | st.floats(0, 1e6),
)
parts = st.builds(
    InvariantResult,
    id=st.sampled_from([id_ for criterion in CRITERIA for id_ in criterion.invariants]),
    verdict=st.sampled_from(Verdict),
    exercised=st.integers(0, 10**12),
    counterexample=st.none() | st.text(),
    summary=st.text(),
    available=st.booleans(),
    figures=st.lists(figures, max_size=3).map(tuple),
)
results = st.builds(
    CriterionResult, st.sampled_from(CRITERIA), st.sampled_from(Verdict), st.lists(parts, max_size=9).map(tuple)
)


@settings(deadline=None)
@given(st.lists(results, max_size=4), st.integers(1, 130))
def test_no_line_is_wider_than_asked(found: list[CriterionResult], width: int) -> None:
    for line in summary(found, FIGURES, width):
        assert line.cell_len <= max(width, 60)
        assert line.plain.isprintable()


def test_progress_names_budget_rate_and_findings() -> None:
    line = progress_line(Figures(10_000, 42, 5.0), 45, ["np.fifo"])
    assert line.plain == "5 of 45 s · 10,000 executions (2,000/s) · 42 distinct histories · 1 finding: np.fifo"


def test_lines_that_stay_name_each_finding_once() -> None:
    clock, file = Clock(), io.StringIO()
    with ProgressLine(Console(file=file, width=200), 45, clock) as progress:
        for findings in ([], ["np.fifo", "np.retry"], ["np.fifo", "np.retry"], ["np.fifo", "np.retry", "tm.reactive"]):
            clock.now += 6
            progress.update(10_000, 7, findings)
    assert [line.rpartition(" · ")[2] for line in file.getvalue().splitlines()] == [
        "no findings",
        "2 findings: np.fifo, np.retry",
        "2 findings",
        "3 findings, new: tm.reactive",
    ]


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_prints_a_line_every_few_seconds_where_there_is_no_terminal() -> None:
    clock, file = Clock(), io.StringIO()
    with ProgressLine(Console(file=file, width=100), 45, clock) as progress:
        for _ in range(120):
            clock.now += 0.1
            progress.update(int(clock.now * 100), 7)
    lines = file.getvalue().splitlines()
    assert [line.partition(" · ")[0] for line in lines] == ["5 of 45 s", "10 of 45 s"]


@pytest.mark.parametrize("width", [20, 80])
def test_progress_rewrites_one_line_on_a_terminal(width: int) -> None:
    clock, file = Clock(), io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, legacy_windows=False)
    with ProgressLine(console, 45, clock) as progress:
        for _ in range(30):
            clock.now += 0.05
            progress.update(10_000, 7, ["np.fifo", "np.point-intact"])
    assert "of 45 s" in file.getvalue()
    assert "\x1b[2K" in file.getvalue()
    assert file.getvalue().count("\n") <= 2
