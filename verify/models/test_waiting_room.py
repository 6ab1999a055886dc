"""A bounded queue with withdrawals, step by step."""

from __future__ import annotations

import pytest

from p4verify.verify.history import Operation
from p4verify.verify.models.waiting_room import Waiting, WaitingRoom
from p4verify.verify.program import Invocation


def after(room: WaitingRoom, *steps: tuple[str, int]) -> Waiting | None:
    """The state after these steps; None where the last is impossible. `depth` shows its number."""
    state: Waiting | None = room.init()
    for name, number in steps:
        assert state is not None
        arguments, results = ((), {"waiting": number}) if name == "depth" else ((number,), {})
        operation = Operation("t", 0, Invocation(name, arguments), 0, 0, 1, 0, results)
        before, state = state, room.step(state, operation)
        assert state == before or state is None or not room.reads(operation)
    return state


TWO = (("put", 1), ("put", 2))


def test_it_serves_in_order_and_only_who_waits() -> None:
    assert after(WaitingRoom(2), *TWO, ("served", 1), ("served", 2)) == ()
    assert after(WaitingRoom(2), *TWO, ("served", 2)) is None
    assert after(WaitingRoom(2), ("served", 1)) is None


def test_it_accepts_what_fits() -> None:
    assert after(WaitingRoom(2), *TWO, ("put", 3)) is None
    assert after(WaitingRoom(3), *TWO, ("put", 3)) == (1, 2, 3)


def test_who_is_withdrawn_leaves_the_others_in_order() -> None:
    assert after(WaitingRoom(3), *TWO, ("put", 3), ("withdrawn", 2)) == (1, 3)
    assert after(WaitingRoom(3), *TWO, ("withdrawn", 3)) is None
    assert after(WaitingRoom(3), ("put", -1), ("put", -1), ("withdrawn", -1)) == (-1,)


def test_the_depth_is_how_many_wait() -> None:
    assert after(WaitingRoom(3), *TWO, ("depth", 2)) == (1, 2)
    assert after(WaitingRoom(3), *TWO, ("depth", 1)) is None


def test_it_knows_no_other_steps() -> None:
    with pytest.raises(ValueError, match="no operation 'lost'"):
        after(WaitingRoom(2), ("lost", 1))
