"""What a review of the source amounts to: each verdict, and how it is said."""

from __future__ import annotations

from p4verify.verify.invariants.static_review import judge_review
from p4verify.verify.static_review import Guarded, Place, StaticReview, Unclear, Unlocked
from p4verify.verify.verdict import Verdict

RING = Guarded("s_state.count", "s_lock", 4, 4, ("task net_pub", "the event dispatcher"))


def unlocked(line: int) -> Unlocked:
    return Unlocked(Place("np.c", line), "calls buffer_push", "task net_pub", ("net_pub", "buffer_push"), "s_lock")


def test_a_place_without_its_lock_is_a_violation_even_where_others_are_unclear() -> None:
    doubt = (Unclear(Place("np.c", 3), "its source is not at hand"),)
    judged = judge_review(StaticReview("np", ("np.c",), (RING,), (unlocked(12),), doubt, places=5))
    assert judged.verdict is Verdict.VIOLATION
    assert judged.summary == (
        "1 line reaches shared state without s_lock, at np.c:12: calls buffer_push (net_pub > buffer_push)"
    )
    assert judged.exercised == 5


def test_the_sentence_names_the_first_call_and_the_result_has_all_places() -> None:
    reads = Unlocked(Place("np.c", 3), "reads s_state.count", "the event dispatcher", ("on_status",), "")
    found = (reads, *(unlocked(line) for line in range(10, 20)))
    judged = judge_review(StaticReview("np", ("np.c",), (RING,), found, places=12))
    assert judged.summary == "11 lines reach shared state without s_lock, first at np.c:10"
    assert len(judged.places) == 11
    assert judged.places[-1] == "np.c:3: reads s_state.count (on_status; the event dispatcher)"


def test_what_is_unclear_is_unknown_with_its_place() -> None:
    doubt = (Unclear(Place("np.c", 3), "its source is not at hand"),)
    judged = judge_review(StaticReview("np", ("np.c",), (RING,), (), doubt, places=5))
    assert (judged.verdict, judged.places) == (Verdict.UNKNOWN, ("np.c:3: its source is not at hand",))


def test_nothing_to_review_is_unknown() -> None:
    assert judge_review(StaticReview("np", ("np.c",))).verdict is Verdict.UNKNOWN


def test_when_all_is_held_the_sentence_says_which_lock_guards_what() -> None:
    review = StaticReview("np", ("np.c",), (RING,), places=5, buffer_calls=2, exempt=1, confined=("s_head (task a)",))
    judged = judge_review(review)
    assert judged.verdict is Verdict.OK
    assert judged.summary == (
        "all 5 places hold their lock, 2 of them call buffer functions: s_lock guards s_state.count; "
        "one task alone touches s_head (task a); 1 accesses precede every task"
    )
