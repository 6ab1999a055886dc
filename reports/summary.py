"""What `check` says at its end: a table of the criteria with verdict and evidence, the findings, the figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console
from rich.text import Text

from p4verify.reports import values
from p4verify.reports.figures import said
from p4verify.reports.wrapping import JOINT, NARROWEST, page_width, put, wrapped
from p4verify.verify.criteria import JUDGED_ONCE, LACKING, ONE_TOOL, CriterionResult, InvariantResult
from p4verify.verify.verdict import Verdict

MOST_PLACES = 8
_SYMBOLS: Final = {Verdict.OK: "✓", Verdict.VIOLATION: "✗", Verdict.UNKNOWN: "?"}
_STYLES: Final = {Verdict.OK: "green", Verdict.VIOLATION: "bold red", Verdict.UNKNOWN: "yellow"}
_DIM: Final = "bright_black"
_INDENT: Final = 20
"""Columns of id and verdict, before what stands beside them."""
_NUMBER: Final = 12
"""Columns of a number of executions or histories."""


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


@dataclass(frozen=True, slots=True)
class Hidden:
    """Races that the manifest suppresses: which, why, and how many pairs of places were hidden by it in this run."""

    what: str
    reason: str
    races: int


def show_summary(
    results: Sequence[CriterionResult], figures: Figures, console: Console, hidden: Sequence[Hidden] = ()
) -> None:
    """Prints it as wide as the console, within 60 to 120 columns."""
    for line in summary(results, figures, page_width(console), hidden):
        put(console, line)


def summary(
    results: Sequence[CriterionResult], figures: Figures, width: int, hidden: Sequence[Hidden] = ()
) -> list[Text]:
    """All lines of the summary, none wider than `width` columns (60 at least)."""
    width = max(width, NARROWEST)
    elsewhere = not_concerned(results)
    shown = [_briefly(result) if elsewhere else result for result in results if result.concerns]
    table = [line for result in shown for line in _criterion(result, width)]
    return [
        *_head(width),
        *table,
        *(wrapped(Text(f"{elsewhere} (see --list)", _DIM), width, 0, 4) if elsewhere else []),
        Text("─" * width, _DIM),
        *_findings(results, width),
        *(line for one in hidden for line in _suppressed(one, width)),
        *_totals(results, figures, width),
    ]


def counted(results: Sequence[CriterionResult]) -> str:
    """How many criteria have which verdict."""
    count = {verdict: sum(result.verdict is verdict for result in results) for verdict in Verdict}
    return f"{count[Verdict.OK]} ok, {count[Verdict.VIOLATION]} violated, {count[Verdict.UNKNOWN]} unknown"


def not_concerned(results: Sequence[CriterionResult]) -> str:
    """One sentence on the criteria of which this firmware has nothing; "" where there are none."""
    ids = [result.criterion.id for result in results if not result.concerns]
    if not ids:
        return ""
    count = "1 criterion is" if len(ids) == 1 else f"{len(ids)} criteria are"
    return f"{count} about components that this firmware does not have: {', '.join(ids)}"


def _briefly(result: CriterionResult) -> CriterionResult:
    """Of a firmware that lacks whole components nobody asks which operations and observers these would have had."""
    parts = (replace(p, summary=_NOT_HERE) if p.summary.startswith(LACKING) else p for p in result.invariants)
    return replace(result, invariants=tuple(parts))


_NOT_HERE: Final = "about components that this firmware does not have"


def least_exercised(result: CriterionResult) -> InvariantResult | None:
    """The invariant on whose executions a verdict rests, None when none was judged on executions."""
    judged = [part for part in result.invariants if part.available and part.id not in JUDGED_ONCE]
    violated = [part for part in judged if part.verdict is Verdict.VIOLATION]
    return min(violated or judged, key=lambda part: part.exercised, default=None)


def _head(width: int) -> list[Text]:
    numbers = "executions".rjust(_NUMBER) + "histories".rjust(_NUMBER)
    names = "criterion".ljust(_INDENT) + "evidence".ljust(width - _INDENT - len(numbers)) + numbers
    return [Text(names, "bold"), Text("─" * width, _DIM)]


def _criterion(result: CriterionResult, width: int) -> list[Text]:
    """Its title, beside it what it rests on, and below what was violated, measured and not judged."""
    verdict = result.verdict
    style = _STYLES[verdict] if any(part.available for part in result.invariants) else _DIM
    first, *more = wrapped(Text(result.criterion.title, "bold"), width - _INDENT - 2 * _NUMBER)
    label = Text.assemble((f"{result.criterion.id:<7}", "bold"), (f"{_SYMBOLS[verdict]} {verdict.value}", style))
    label.pad_right(_INDENT - label.cell_len)
    lines = [label + first]
    numbers = _numbers(result)
    if numbers:
        lines[0].pad_right(width - len(numbers) - lines[0].cell_len)
        lines[0].append(numbers)
    rest = Text(" ", "bold").join(more)
    lines += wrapped(rest, width, _INDENT, _INDENT) if more else []
    return lines + [line for part, hang in _evidence(result) for line in wrapped(part, width, _INDENT, _INDENT + hang)]


def _numbers(result: CriterionResult) -> str:
    least = least_exercised(result)
    if least is None:
        return ""
    return _number(least.exercised) + _number(least.distinct_histories)


def _number(count: int) -> str:
    text = f"{count:,}"
    return (text if len(text) < _NUMBER else f"{count:.3g}").rjust(_NUMBER)


def _evidence(result: CriterionResult) -> list[tuple[Text, int]]:
    """What was violated, what was measured, then what is unknown, by reason; each with the indent of its next lines."""
    violated = [Text(f"✗{JOINT}{p.id}", "bold red") for p in result.invariants if p.verdict is Verdict.VIOLATION]
    measured = [one for part in result.invariants for one in _measured(part)]
    parts = [(_JOINED.join(texts), 0) for texts in (violated, measured) if texts]
    parts += [(Text(ONE_TOOL, _DIM), 0)] * result.lacks_tools
    for (available, reason), ids in _unknown(result.invariants).items():
        mark = ("? ", "yellow") if available else ("- ", _DIM)
        unknown = Text.assemble(mark, (", ".join(ids), "" if available else _DIM), (f": {reason}", _DIM))
        parts.append((unknown, 2))
    return parts


_JOINED: Final = Text(f"{JOINT}· ", _DIM)
_VALUES: Final = re.compile(r"\d[\d,]*(?:\.\d+)?(?: (?:ms|s|%)(?!\w))?(?! Hz)")


def _measured(part: InvariantResult) -> list[Text]:
    """Figures, whose values stand out and stay with their units."""
    if part.id in JUDGED_ONCE and part.available:
        return [_standing_out(f"{part.exercised:,} places in the source")]
    return [_standing_out(values.printable(said(figure))) for figure in part.figures]


def _standing_out(text: str) -> Text:
    shown = Text("", _DIM)
    rest = 0
    for found in _VALUES.finditer(text):
        shown.append(text[rest : found.start()].replace("(at most ", f"(at{JOINT}most{JOINT}"))
        shown.append(found[0].replace(" ", JOINT), "default")
        rest = found.end()
    return shown.append(text[rest:])


def _unknown(invariants: Iterable[InvariantResult]) -> Mapping[tuple[bool, str], list[str]]:
    reasons: dict[tuple[bool, str], list[str]] = {}
    for part in invariants:
        if part.verdict is Verdict.UNKNOWN:
            reason = values.printable(part.summary) or "no reason was given"
            reasons.setdefault((part.available, reason), []).append(part.id)
    return reasons


def _suppressed(hidden: Hidden, width: int) -> list[Text]:
    races = f"{hidden.races:,} pair{'s' * (hidden.races != 1)} of places"
    said_so = f"{values.printable(hidden.what)} ({races}): {values.printable(hidden.reason)}"
    return wrapped(Text.assemble(("races suppressed: ", "yellow"), said_so), width, 0, 4)


def _findings(results: Sequence[CriterionResult], width: int) -> list[Text]:
    found: dict[str, InvariantResult] = {}
    for result in results:
        for part in result.invariants:
            if part.verdict is Verdict.VIOLATION:
                found.setdefault(part.id, part)
    lines = [Text("Findings", "bold underline")] if found else []
    for part in found.values():
        text = Text.assemble(("✗ ", "bold red"), (part.id, "bold red"), f"  {values.printable(part.summary)}")
        lines += wrapped(text, width, 0, 4)
        lines += [line for place in _places(part) for line in wrapped(Text(place, _DIM), width, 4, 8)]
        if part.counterexample:
            lines += wrapped(Text(values.printable(part.counterexample), _DIM), width, 4, 4)
    return [*lines, Text("")] if found else []


def _places(part: InvariantResult) -> list[str]:
    """Lines of the source that show it; the rest of a long list is in the JSON."""
    shown = [values.printable(place) for place in part.places[:MOST_PLACES]]
    more = len(part.places) - len(shown)
    return [*shown, f"and {more} more (all of them by --json)"] if more else shown


def _totals(results: Sequence[CriterionResult], figures: Figures, width: int) -> list[Text]:
    text = (
        f"{counted(results)}. {figures.executions:,} executions in {figures.seconds:.1f} s ({figures.rate:,.0f}/s),"
        f" {figures.distinct:,} distinct histories."
    )
    return wrapped(Text(text, "bold"), width)
