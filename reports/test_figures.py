from __future__ import annotations

import pytest

from p4verify.reports.figures import amount, said
from p4verify.verify.measuring import Figure, Merge


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0, "", "0"),
        (0.0084, "ms", "0.008 ms"),
        (0.0001, "ms", "0 ms"),
        (40.0, "ms", "40 ms"),
        (999.5, "ms", "999.5 ms"),
        (10_014, "ms", "10.014 s"),
        (97.5, "%", "97.5 %"),
        (1_234_567, "", "1,234,567"),
    ],
)
def test_amounts(value: float, unit: str, words: str) -> None:
    assert amount(value, unit) == words


def test_figures_have_their_limit() -> None:
    assert said(Figure("NVS writes", 462, "", Merge.SUM, None)) == "NVS writes: 462"
    assert said(Figure("longest", 40.0, "ms", Merge.MOST, 50.0)) == "longest: 40 ms (at most 50 ms)"
    assert said(Figure("waiting", 8, "", Merge.MOST, 10)) == "waiting: 8 (at most 10)"
    assert said(Figure("least", 95, "%", Merge.LEAST, 90)) == "least: 95 % (at least 90 %)"
    assert said(Figure("most", 6, "", Merge.MOST, None)) == "most: 6"
