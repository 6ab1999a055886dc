from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.explore import Sighting, Tally, explore, judge
from p4verify.verify.history import History, Operation, Unreadable
from p4verify.verify.program import Invocation, Program
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Invariant, Judgement, Setting, Verdict, violated

SETTING = Setting(Program(()))
EMPTY = History((), (), 0, 0)


def history(identity: str, *, lost: int = 0, outcome: Outcome = Outcome.COMPLETED) -> Execution:
    return Execution(replace(EMPTY, lost=lost), Ending(outcome), 3, identity)


def exercised_by(letter: str, *, of_ending: bool = False) -> Invariant:
    """Exercised by identities with this letter, violated by those with the letter in upper case."""

    def check(execution: Execution, _: Setting) -> Judgement:
        if letter.upper() in execution.identity:
            return violated(f"{execution.identity} shows it", 1)
        return HELD if letter in execution.identity else NOT_EXERCISED

    return Invariant(letter, letter, check, of_ending=of_ending)


def tally(*, first_only: bool = True) -> Tally:
    return Tally((exercised_by("a"), exercised_by("b")), first_only)


def test_multiplicities_count_whenever_they_arrive() -> None:
    counts = tally()
    counts.consume(history("a1"), SETTING)
    counts.consume(history("ab2"), SETTING, 10)
    counts.count("a1", 100)
    counts.consume(history("a1"), SETTING, 1000)
    assert counts.executions == 1111
    assert counts.distinct == 2
    assert (counts.exercised("a"), counts.exercised("b")) == (1111, 10)
    by_id = {result.id: result for result in counts.results(enough=1000)}
    assert by_id["a"].verdict is Verdict.OK
    assert (by_id["a"].executions, by_id["a"].exercised, by_id["a"].distinct_histories) == (1111, 1111, 2)
    assert by_id["b"].verdict is Verdict.UNKNOWN
    assert by_id["b"].summary == "exercised in 10 executions, 1000 are needed"


def test_identities_belong_to_a_program() -> None:
    counts = tally()
    counts.consume(history("x"), SETTING)
    counts.next_program()
    counts.count("x", 5)
    counts.consume(history("ax"), SETTING)
    assert counts.executions == 7
    assert counts.exercised("a") == 1


def test_the_first_violation_is_kept() -> None:
    counts = tally()
    (found,) = counts.consume(history("A1"), SETTING)
    assert counts.consume(history("A2"), SETTING) == []
    assert (found.invariant.id, found.execution.identity, found.summary) == ("a", "A1", "A1 shows it")
    (result, _) = counts.results()
    assert (result.verdict, result.summary) == (Verdict.VIOLATION, "A1 shows it")


@pytest.mark.parametrize(("first_only", "exercised"), [(True, 1), (False, 3)])
def test_a_violated_invariant_is_judged_on_only_when_asked(first_only: bool, exercised: int) -> None:
    counts = tally(first_only=first_only)
    for identity in ("A1", "A2", "a3"):
        counts.consume(history(identity), SETTING)
    assert counts.exercised("a") == exercised


def test_lost_records_make_everything_unknown_and_show_no_violation() -> None:
    counts = tally()
    assert counts.consume(history("A1", lost=2), SETTING) == []
    counts.consume(history("b"), SETTING, 5000)
    assert all(result.verdict is Verdict.UNKNOWN for result in counts.results())
    assert "1 executions lost records" in counts.results()[0].summary


def test_how_it_ended_counts_although_records_were_lost() -> None:
    invariant = exercised_by("a", of_ending=True)
    counts = Tally((invariant, exercised_by("b")))
    assert counts.consume(history("ab", lost=1), SETTING, 5000) == []
    assert (counts.exercised("a"), counts.exercised("b")) == (0, 0)
    (found,) = counts.consume(history("AB", lost=1), SETTING)
    assert found.invariant is invariant
    assert [result.verdict for result in counts.results()] == [Verdict.VIOLATION, Verdict.UNKNOWN]
    assert judge(invariant, history("a", lost=1), SETTING) == NOT_EXERCISED


def test_what_is_not_supported_makes_everything_unknown() -> None:
    counts = tally()
    counts.consume(history("A1", outcome=Outcome.UNSUPPORTED), SETTING)
    assert "not supported" in counts.results()[0].summary


def test_what_is_not_supported_is_named_with_operation_and_place() -> None:
    counts = tally()
    past, now = (Operation("a", n, Invocation(name), n, 0, n or None) for n, name in ((1, "demo.add"), (0, "demo.run")))
    for identity, detail in (("x", "fork: why"), ("y", "kill: why")):
        ending = Ending(Outcome.UNSUPPORTED, detail, "a", "mine.c:7")
        counts.consume(Execution(replace(EMPTY, operations=(past, now)), ending, 3, identity), SETTING)
    said = "2 executions used something that is not supported: fork: why (task a, operation demo.run, at mine.c:7)"
    assert counts.results()[0].summary == said


def test_an_execution_alone_is_judged_likewise() -> None:
    invariant = exercised_by("a")
    assert judge(invariant, history("A"), SETTING).violation is not None
    assert judge(invariant, history("A", lost=1), SETTING) == NOT_EXERCISED
    assert judge(invariant, history("A", outcome=Outcome.UNSUPPORTED), SETTING) == NOT_EXERCISED


def test_the_loop_runs_programs_until_the_budget_is_gone() -> None:
    left = iter(range(5))
    counts = tally()
    asked: list[Setting] = []

    def execute(setting: Setting) -> Iterator[Sighting]:
        asked.append(setting)
        yield history("a"), 1
        yield "a", 9
        yield history("B"), 1

    settings = [replace(SETTING, limits={"number": float(number)}) for number in range(10)]
    findings = list(explore(settings, execute, counts, out_of_budget=lambda: next(left, None) is None))
    assert [finding.invariant.id for finding in findings] == ["b"]
    assert asked == settings[:2]
    assert counts.exercised("a") == 11


def test_what_cannot_be_read_is_lost_and_says_why() -> None:
    counts = tally()
    counts.consume(history("a"), SETTING, 1000)
    assert counts.consume(replace(history("A"), history=replace(EMPTY, lost=1, unreadable=WHY)), SETTING) == []
    counts.consume(replace(history("b"), history=replace(EMPTY, lost=1, unreadable=Unreadable("later"))), SETTING)
    (result, _) = counts.results()
    assert result.verdict is Verdict.UNKNOWN
    words = "2 executions lost records of their history; what the first of them recorded cannot be read: torn"
    assert result.summary == words


WHY = Unreadable("torn")
