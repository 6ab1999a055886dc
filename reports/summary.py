"""What `check` says at its end: one line per criterion, what is unknown and why, the findings, the figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from p4verify.reports import values
from p4verify.reports.wrapping import JOINT, put, wrapped
from p4verify.verify.criteria import JUDGED_ONCE, CriterionResult, InvariantResult
from p4verify.verify.verdict import Verdict

NARROWEST, WIDEST = 80, 100
MOST_PLACES = 8
_SYMBOLS: Final = {Verdict.OK: "✓", Verdict.VIOLATION: "✗", Verdict.UNKNOWN: "?"}
_STYLES: Final = {Verdict.OK: "green", Verdict.VIOLATION: "bold red", Verdict.UNKNOWN: "yellow"}
_DIM: Final = "bright_black"
_INDENT: Final = 20
"""Columns of id and verdict, before the invariants."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a whole run: executions, how many histories were distinct, and the seconds of exploring."""

    executions: int
    distinct: int
    seconds: float

    @property
    def rate(self) -> float:
        """Executions (schedules) per second."""
        return self.executions / self.seconds if self.seconds > 0 else 0.0


def show_summary(results: Sequence[CriterionResult], figures: Figures, console: Console) -> None:
    """Prints it as wide as the console, within 80 to 100 columns."""
    for line in summary(results, figures, min(max(console.width, NARROWEST), WIDEST)):
        put(console, line)


def summary(results: Sequence[CriterionResult], figures: Figures, width: int) -> list[Text]:
    """All lines of the summary, none wider than `width` columns (80 at least)."""
    width = max(width, NARROWEST)
    lines = [line for result in results for line in _criterion(result, width)]
    return [*lines, *_findings(results, width), Text(""), *_totals(results, figures, width)]


def _criterion(result: CriterionResult, width: int) -> list[Text]:
    verdict = result.verdict
    label = f"{_SYMBOLS[verdict]} {result.criterion.id:<6} {verdict.value}".ljust(_INDENT).replace(" ", JOINT)
    style = _STYLES[verdict] if any(part.available for part in result.invariants) else _DIM
    first, *others = _parts(result.invariants)
    head = Text.assemble((label, style), first)
    lines = wrapped(head, width, 0, _INDENT)
    return lines + [line for part in others for line in wrapped(part, width, _INDENT, _INDENT + 2)]


def _parts(invariants: Sequence[InvariantResult]) -> list[Text]:
    """The judged ones in one line with how often they were exercised, then those unknown, by reason."""
    judged = [part for part in invariants if part.verdict is not Verdict.UNKNOWN]
    parts = [Text.assemble((" · ", _DIM)).join(_judged(part) for part in judged)] if judged else []
    for reason, ids in _unknown(invariants).items():
        parts.append(Text.assemble(("? ", "yellow"), ", ".join(ids), (f": {reason}", _DIM)))
    return parts or [Text("no invariant", _DIM)]


def _judged(part: InvariantResult) -> Text:
    style = _STYLES[part.verdict]
    mark = "✗ " if part.verdict is Verdict.VIOLATION else ""
    count = f"{part.exercised:,}{f'{JOINT}places' if part.id in JUDGED_ONCE else ''}"
    return Text.assemble((mark.replace(" ", JOINT) + part.id, style), (f"{JOINT}{count}", _DIM))


def _unknown(invariants: Iterable[InvariantResult]) -> Mapping[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for part in invariants:
        if part.verdict is Verdict.UNKNOWN:
            reason = values.printable(part.summary) or "no reason was given"
            reasons.setdefault(reason, []).append(part.id)
    return reasons


def _findings(results: Sequence[CriterionResult], width: int) -> list[Text]:
    found: dict[str, InvariantResult] = {}
    for result in results:
        for part in result.invariants:
            if part.verdict is Verdict.VIOLATION:
                found.setdefault(part.id, part)
    lines = [Text(""), Text("Findings", "bold underline")] if found else []
    for part in found.values():
        text = Text.assemble(("✗ ", "bold red"), (part.id, "bold red"), f"  {values.printable(part.summary)}")
        lines += wrapped(text, width, 0, 4)
        lines += [line for place in _places(part) for line in wrapped(Text(place, _DIM), width, 4, 8)]
        if part.counterexample:
            lines += wrapped(Text(values.printable(part.counterexample), _DIM), width, 4, 4)
    return lines


def _places(part: InvariantResult) -> list[str]:
    """Lines of the source that show it; the rest of a long list is in the JSON."""
    shown = [values.printable(place) for place in part.places[:MOST_PLACES]]
    more = len(part.places) - len(shown)
    return [*shown, f"and {more} more (all of them by --json)"] if more else shown


def _totals(results: Sequence[CriterionResult], figures: Figures, width: int) -> list[Text]:
    count = {verdict: sum(result.verdict is verdict for result in results) for verdict in Verdict}
    verdicts = f"{count[Verdict.OK]} ok, {count[Verdict.VIOLATION]} violated, {count[Verdict.UNKNOWN]} unknown"
    text = (
        f"{verdicts}. {figures.executions:,} executions in {figures.seconds:.1f} s ({figures.rate:,.0f}/s),"
        f" {figures.distinct:,} distinct histories."
    )
    return wrapped(Text(text, "bold"), width)
