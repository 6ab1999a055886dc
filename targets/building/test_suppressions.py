"""What the manifest suppresses is hidden, and counted."""

from __future__ import annotations

from p4verify.targets.building.suppressions import Suppression, Suppressor
from p4verify.verify.execution import Access, Race

FLAGS = Suppression("one writer", variable="s_state.*")
POLLS = Suppression("a hint only", function="poll", file="gui.c")


def race(variable: str, *lines: int, function: str = "f") -> Race:
    return Race(variable, *(Access("t", True, False, "gui.c", line, function) for line in lines))


def test_hidden_races_are_counted_by_pair_of_places() -> None:
    suppressor = Suppressor((FLAGS, POLLS))
    seen = race("s_other", 1, 2)
    assert suppressor.left((race("s_state.a", 1, 2), seen, race("s_state.a", 2, 1))) == (seen,)
    assert suppressor.left((race("s_state.a", 1, 3), race("s_state.b", 1, 2))) == ()
    assert suppressor.used() == ((FLAGS, 3),)
    suppressor.left((race("s_state.c", 8, 9, function="poll"), race("s_x", 8, 9, function="poll")))
    assert suppressor.used() == ((FLAGS, 4), (POLLS, 1)), "the first that covers it counts"


def test_where_races_were_not_looked_for_none_are_hidden() -> None:
    suppressor = Suppressor((FLAGS,))
    assert suppressor.left(None) is None
    assert suppressor.left(()) == ()
    assert suppressor.used() == ()


def test_a_suppression_says_what_it_hides() -> None:
    assert str(FLAGS) == "variable s_state.*"
    assert str(POLLS) == "file gui.c, function poll"
