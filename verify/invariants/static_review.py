"""np.static-review: no path in the source reaches a `buffer_*` function or shared state without its lock.

It is judged once, on the source and not on executions: a path that no execution has taken counts as much as any. So it
has no executions; what stands in `exercised` is how many places were judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from p4verify.verify.static_review import Guarded, StaticReview, Unclear, Unlocked
from p4verify.verify.verdict import Verdict

STATIC_REVIEW = "np.static-review"
TITLE = "No path in the source reaches the buffer or shared state without its lock"


@dataclass(frozen=True, slots=True)
class SourceJudgement:
    """A verdict on sources: one sentence, how many places it rests on, and those that are wrong or unclear."""

    verdict: Verdict
    summary: str
    exercised: int = 0
    places: tuple[str, ...] = ()


def judge_review(review: StaticReview) -> SourceJudgement:
    """A violation wherever one is certain, else unknown where anything is unclear or nothing was there to judge."""
    if review.unlocked:
        ordered = sorted(review.unlocked, key=lambda one: (not one.does.startswith("calls "), one))
        locks = sorted({one.lock for one in ordered if one.lock})
        count = len({one.place for one in ordered})
        lines = "1 line reaches" if count == 1 else f"{count} lines reach"
        said = f"{lines} shared state without {' or '.join(locks) or 'any lock'}, {_first(ordered)}"
        return SourceJudgement(Verdict.VIOLATION, said, review.places, tuple(map(str, ordered)))
    if review.unclear:
        said = f"the source does not tell whether a lock is held, {_first(review.unclear)}"
        return SourceJudgement(Verdict.UNKNOWN, said, review.places, tuple(map(str, review.unclear)))
    if not review.places:
        return SourceJudgement(Verdict.UNKNOWN, f"no shared state of {review.component} was found in its source")
    return SourceJudgement(Verdict.OK, _held(review), review.places)


def _first(found: Sequence[Unlocked] | Sequence[Unclear]) -> str:
    return f"first at {found[0].place}" if len(found) > 1 else f"at {found[0]}"


def _held(review: StaticReview) -> str:
    guards = [f"{lock or 'no lock, and needs none'} guards {_names(review.guarded, lock)}" for lock in _locks(review)]
    calls = f"{review.buffer_calls} of them call buffer functions"
    confined = f"; one task alone touches {', '.join(review.confined)}" if review.confined else ""
    exempt = f"; {review.exempt} accesses precede every task" if review.exempt else ""
    return f"all {review.places} places hold their lock, {calls}: {'; '.join(guards)}{confined}{exempt}"


def _locks(review: StaticReview) -> list[str]:
    return sorted({one.lock for one in review.guarded})


def _names(guarded: Iterable[Guarded], lock: str) -> str:
    return ", ".join(sorted(one.variable for one in guarded if one.lock == lock))
