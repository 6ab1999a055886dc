"""Plain lists for people: the criteria with their invariants, and how often a litmus file printed what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from p4verify.reports import values
from p4verify.verify.criteria import CRITERIA, INVARIANTS, JUDGED_ONCE, NOT_BUILT, select

MOST_OUTCOMES = 30


def criteria_lines(only: Iterable[str] = ()) -> Iterator[str]:
    """Each criterion, and below it what judges it or why nothing does; `only` names some, none means all."""
    chosen = set(select(only))
    for criterion in CRITERIA:
        listed = [id_ for id_ in criterion.invariants if id_ in chosen]
        if listed:
            yield f"{criterion.id:6} {criterion.title}"
        for id_ in listed:
            yield f"       {id_:24} {_about(id_)}"


def _about(invariant: str) -> str:
    if invariant in INVARIANTS:
        return INVARIANTS[invariant].title
    return JUDGED_ONCE.get(invariant) or f"not available: {NOT_BUILT[invariant]}"


def outcome_lines(outcomes: Mapping[str, int]) -> Iterator[str]:
    """One line per text that was printed, the most frequent first, with how often."""
    for text, times in list(outcomes.items())[:MOST_OUTCOMES]:
        yield f"{times:12,}  {values.printable(text.strip()) or '(nothing printed)'}"
    if len(outcomes) > MOST_OUTCOMES:
        yield f"{'':12}  and {len(outcomes) - MOST_OUTCOMES} more"
