"""What a run's exit status says when it was cut short."""

from __future__ import annotations

import pytest
from rich.console import Console

from p4verify.stateful.check import CheckResult
from p4verify.stateful.telling import check_status
from p4verify.verify.criteria import CRITERIA, CriterionResult, InvariantResult
from p4verify.verify.verdict import Verdict


def status(verdict: Verdict, expected: frozenset[str] | None, *, interrupted: bool) -> int:
    part = InvariantResult("np.fifo", verdict, executions=5, exercised=5)
    criterion = next(one for one in CRITERIA if "np.fifo" in one.invariants)
    judged = (CriterionResult(criterion, verdict, (part,)),)
    result = CheckResult(judged, (), 5, 5, 1.0, 1.0, interrupted)
    return check_status(result, expected, Console(quiet=True))


@pytest.mark.parametrize(("verdict", "whole", "cut"), [(Verdict.OK, 0, 3), (Verdict.VIOLATION, 1, 1)])
def test_an_interrupted_run_that_held_is_inconclusive(verdict: Verdict, whole: int, cut: int) -> None:
    assert status(verdict, None, interrupted=False) == whole
    assert status(verdict, None, interrupted=True) == cut


def test_an_interrupted_run_is_never_as_expected() -> None:
    assert status(Verdict.OK, frozenset(), interrupted=False) == 0
    assert status(Verdict.OK, frozenset(), interrupted=True) == 3
