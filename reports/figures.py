"""Figures in words: `longest JSON callback: 0.008 ms (at most 5 ms)`, `NVS writes: 462`."""

from __future__ import annotations

from typing import Final

from p4verify.verify.measuring import Figure, Merge

_SECOND: Final = 1000
_BOUNDS: Final = {Merge.MOST: "at most", Merge.LEAST: "at least", Merge.SUM: "of"}


def said(figure: Figure) -> str:
    """One figure, with the limit it is held against."""
    bound = f" ({_BOUNDS[figure.merge]} {amount(figure.bound, figure.unit)})" if figure.bound is not None else ""
    return f"{figure.name}: {amount(figure.value, figure.unit)}{bound}"


def amount(value: float, unit: str = "") -> str:
    """A value with its unit, at most three decimals; milliseconds become seconds where there are many."""
    if unit == "ms" and abs(value) >= _SECOND:
        value, unit = value / _SECOND, "s"
    text = f"{value:,.3f}".rstrip("0").rstrip(".")
    return f"{text} {unit}".rstrip()
