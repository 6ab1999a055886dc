"""The offline ring, step by step: what gives way, and what may be counted while a point is under way."""

from __future__ import annotations

import pytest

from p4verify.verify.history import Operation
from p4verify.verify.models.offline_ring import OLDEST, Offline, OfflineRing
from p4verify.verify.program import Invocation


def after(ring: OfflineRing, *steps: tuple[str, int]) -> Offline | None:
    state: Offline | None = ring.init()
    for name, point in steps:
        assert state is not None
        state = ring.step(state, Operation("t", 0, Invocation(name, (point,)), 0, 0, 1, 0, {}))
    return state


def counts(ring: OfflineRing, state: Offline | None, buffered: int, overwritten: int) -> bool:
    assert state is not None
    results = {"buffered": buffered, "overwritten": overwritten}
    read = Operation("t", 0, Invocation("count"), 0, 0, 1, 0, results)
    assert ring.reads(read)
    return ring.step(state, read) == state


BUILT = (("built", 0), ("built", 1), ("built", 2))


def test_the_oldest_gives_way_and_is_counted() -> None:
    ring = OfflineRing(2)
    assert after(ring, *BUILT) == ((1, 2), (), 1)
    assert counts(ring, after(ring, *BUILT), 2, 1)
    assert not counts(ring, after(ring, *BUILT), 2, 0)


def test_only_the_oldest_is_taken_and_only_what_was_taken_is_settled() -> None:
    ring = OfflineRing(2)
    assert after(ring, *BUILT, ("taken", 2)) is None
    assert after(ring, *BUILT, ("sent", 1)) is None
    assert after(ring, *BUILT, ("taken", 1), ("sent", 1)) == ((2,), (), 1)


def test_what_failed_is_the_oldest_again_and_gives_way_where_there_is_no_room() -> None:
    ring = OfflineRing(2)
    assert after(ring, *BUILT[:2], ("taken", 0), ("failed", 0)) == ((0, 1), (), 0)
    assert after(ring, *BUILT[:2], ("taken", 0), BUILT[2], ("failed", 0)) == ((1, 2), (), 1)


def test_the_place_of_a_point_that_is_kept_while_it_is_sent_is_not_free() -> None:
    steps = (*BUILT[:2], ("taken", 0), BUILT[2])
    assert after(OfflineRing(2), *steps) == ((1, 2), (0,), 0)
    assert after(OfflineRing(2, keeps=True), *steps) == ((2,), (0,), 1)


@pytest.mark.parametrize(("buffered", "fits"), [(0, False), (1, True), (2, True), (3, False)])
def test_a_point_under_way_may_be_counted(buffered: int, fits: bool) -> None:
    ring = OfflineRing(4)
    assert counts(ring, after(ring, *BUILT[:2], ("taken", 0)), buffered, 0) is fits


def test_it_knows_no_other_steps() -> None:
    with pytest.raises(ValueError, match="no operation 'lost'"):
        after(OfflineRing(2), *BUILT[:2], ("taken", 0), ("lost", 0))


def test_what_is_taken_unseen_is_the_oldest() -> None:
    ring = OfflineRing(2)
    assert after(ring, *BUILT, ("taken", OLDEST)) == ((2,), (1,), 1)
    assert after(ring, ("taken", OLDEST)) is None
