"""The acceptance report: what it tells, what it keeps to itself, and that it stays short enough for a comment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from markdown_it import MarkdownIt

from p4verify.reports.acceptance import MOST_LETTERS, Acceptance, to_markdown
from p4verify.reports.example import torn_finding
from p4verify.reports.summary import Figures, Hidden
from p4verify.verify.criteria import CRITERIA, INVARIANTS, CriterionResult, InvariantResult
from p4verify.verify.measuring import Figure, Merge
from p4verify.verify.verdict import Verdict

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
WAIT = Figure("longest wait of tinybms_read_register", 40.0, "ms", Merge.MOST, 50.0)
PATH = "/home/somebody/secret place/runs/1/counterexamples/np.point-intact.json"


def result(criterion: str, verdict: Verdict, *parts: InvariantResult) -> CriterionResult:
    return CriterionResult(next(c for c in CRITERIA if c.id == criterion), verdict, parts)


def run(*criteria: CriterionResult, **changes: object) -> Acceptance:
    torn = InvariantResult("np.point-intact", Verdict.VIOLATION, 9, 1_200, 3, PATH, "a mixture of 12 and 16")
    few = InvariantResult("np.fifo", Verdict.UNKNOWN, summary="exercised in 12 executions, 1000 are needed")
    waits = InvariantResult("tc.bounded-wait", Verdict.OK, 9, 20_000, 4_000, figures=(WAIT,))
    absent = InvariantResult("tm.tsan-clean", Verdict.UNKNOWN, summary="judged on native", available=False)
    told = criteria or (
        result("NP-4", Verdict.VIOLATION, torn, few),
        result("TC-1", Verdict.OK, waits),
        result("TM-2", Verdict.UNKNOWN, absent),
    )
    plain = Acceptance(
        "demo", "sim", "clang 22", 7, 45.0, "0.1.0", "a" * 64, told, Figures(30_000, 5_000, 20.0), (torn_finding(),)
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def cells(text: str, begins: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(begins))
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_each_criterion_has_verdict_numbers_and_evidence() -> None:
    text = to_markdown(run())
    assert "# Acceptance of `demo`" in text
    assert "**1 ok, 1 violated, 1 unknown**: 30,000 executions, 5,000 distinct histories, in 20.0 s on sim." in text
    waits = "longest wait of tinybms\\_read\\_register: 40 ms (at most 50 ms)"
    title = "**TC-1** A register read blocks no longer than its configured wait"
    assert cells(text, "| **TC-1**") == [title, "✅&nbsp;ok", "20,000", "4,000", waits]
    assert cells(text, "| **NP-4**")[1:] == ["❌&nbsp;violation", "1,200", "3", "❌ `np.point-intact`<br>❔ `np.fifo`"]


def test_what_was_not_judged_is_told_with_its_reason() -> None:
    text = to_markdown(run())
    assert cells(text, "| NP-4 |") == ["NP-4", "`np.fifo`", "exercised in 12 executions, 1000 are needed"]
    assert cells(text, "| TM-2 |") == ["TM-2", "`tm.tsan-clean`", "judged on native"]


def test_criteria_of_which_a_firmware_has_nothing_are_one_sentence() -> None:
    reason = "not available: this firmware has no bus.subscribe"
    foreign = InvariantResult("np.cadence", Verdict.UNKNOWN, summary=reason, available=False)
    clean = InvariantResult("tm.race-free", Verdict.OK, 9, 2_000, 400)
    native = InvariantResult("tm.tsan-clean", Verdict.UNKNOWN, summary="judged on native", available=False)
    text = to_markdown(run(result("NP-1", Verdict.UNKNOWN, foreign), result("TM-2", Verdict.OK, clean, native)))
    assert "\n1 criterion is about components that this firmware does not have: NP-1.\n" in text
    assert "| **NP-1**" not in text
    assert reason not in text
    assert "native tools: not built yet" in cells(text, "| **TM-2**")[-1]


def test_a_finding_has_its_interleaving_and_the_command_that_replays_it() -> None:
    text = to_markdown(run())
    assert "## 1 finding" in text
    assert "replayed 100 of 100" in text
    fences = [token for token in PARSER.parse(text) if token.type == "fence"]
    assert [token.info for token in fences] == ["sh", ""]
    assert fences[0].content == "p4verify replay counterexamples/np.point-intact.json\n"
    assert "event_dispatch" in fences[1].content
    assert "network_publisher.c" in fences[1].content


def test_places_in_the_source_are_a_finding_without_an_interleaving() -> None:
    places = tuple(f"np.c:{line}: calls buffer_push" for line in range(30))
    part = InvariantResult("np.static-review", Verdict.VIOLATION, exercised=45, summary="30 lines", places=places)
    text = to_markdown(run(result("NP-2", Verdict.VIOLATION, part)))
    assert "- np.c:19: calls buffer\\_push\n- and 10 more\n" in text
    assert "45 places in the source" in text
    assert "replay" not in text.partition("## 1 finding")[2].partition("##")[0].replace("replayed before", "")


def test_the_run_is_told_with_suppressions_failures_and_blind_spots() -> None:
    changed = run(
        hidden=(Hidden("variable s_flag", "one | writer", 3),), failures=("it died",), blind=("np.c:3: write",),
        interrupted=True,
    )  # fmt: skip
    text = to_markdown(changed)
    assert cells(text, "| `variable s_flag`") == ["`variable s_flag`", "3", "one \\| writer"]
    assert "1 failures of the simulator" in text
    assert "- it died" in text
    assert "- np.c:3: write" in text
    assert "It was interrupted" in text
    for fact in ("| seed | 7 |", "| compiler | clang 22 |", "| p4verify | 0.1.0 |", "| target | sim |"):
        assert fact in text


def test_no_path_of_the_machine_and_no_secret() -> None:
    text = to_markdown(run(failures=('it said {"wifi_password":"hunter2"}',)))
    assert "somebody" not in text
    assert "hunter2" not in text


def test_hostile_names_make_no_markup() -> None:
    hostile = "</code></summary>|`x` <img src=x> [a](b) @all\n# h"
    part = InvariantResult("np.fifo", Verdict.UNKNOWN, summary=hostile)
    text = to_markdown(run(result("NP-4", Verdict.UNKNOWN, part), firmware=hostile, findings=()))
    rendered = PARSER.render(text)
    tags = set(re.findall(r"<(/?\w+)", rendered))
    assert not {tag for tag in tags if tag.strip("/") in ("img", "a")}
    assert rendered.count("<h1>") == 1
    assert rendered.count("<details>") == rendered.count("</details>") == 1


def many(count: int) -> tuple[Sequence[CriterionResult], tuple[object, ...]]:
    ids = list(INVARIANTS)[:count]
    parts = tuple(InvariantResult(id_, Verdict.VIOLATION, 9, 9, 9, f"{id_}.json", "it broke") for id_ in ids)
    return (result("NP-4", Verdict.VIOLATION, *parts),), tuple(replace(torn_finding(), invariant=id_) for id_ in ids)


def test_a_report_of_many_findings_still_fits_into_a_comment() -> None:
    criteria, findings = many(len(INVARIANTS))
    text = to_markdown(run(*criteria, findings=findings))
    assert len(text) <= MOST_LETTERS
    assert "left out here" in text
    assert "Program and interleaving" in text
    assert all(f"counterexamples/{id_}.json" in text for id_ in INVARIANTS)
