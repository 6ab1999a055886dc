"""What components do inside, put as operations: judged to hold and not to hold."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.judging import between, check_execution, judgement
from p4verify.verify.linearizability.result import Budget
from p4verify.verify.linearizability.search import search
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.models.ring import Ring
from p4verify.verify.timeline import NEVER
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement


def offline(buffered: int, overwritten: int) -> list[Operation]:
    """Three points are built, each pushed at some moment before the next; one is sent while the third is pushed."""
    return [
        between("push", 1, 3, (100,)),
        between("push", 4, 6, (200,)),
        between("push", 7, 12, (300,)),
        between("pop", 8, 9, results={"taken": True, "value": 100}),
        between("count", 20, 21, results={"buffered": buffered, "capacity": 2, "overwritten": overwritten}),
    ]


def test_an_offline_ring_holds_what_was_not_sent() -> None:
    assert judgement(check_execution(Ring(2), offline(2, 0))) == HELD


@pytest.mark.parametrize(("buffered", "overwritten"), [(3, 0), (1, 0), (2, 1), (1, 1)])
def test_points_that_vanish_or_multiply_are_found(buffered: int, overwritten: int) -> None:
    told = judgement(check_execution(Ring(2), offline(buffered, overwritten)))
    assert told.violation is not None
    assert told.violation.positions == (20, 21)
    assert f"buffered={buffered}" in told.violation.summary


def requests(third: bool, order: Sequence[int]) -> Judgement:
    """Two callers put a request each into a queue of two, a third is refused or not; the worker takes what it may."""
    history = [
        between("enqueue", 1, 4, (1,), {"accepted": True}, task="poll"),
        between("enqueue", 2, 5, (2,), {"accepted": True}, task="gui"),
        between("enqueue", 6, 7, (3,), {"accepted": third}, task="mqtt"),
        *(between("dequeue", 8 + 2 * n, 9 + 2 * n, results={"taken": True, "value": v}) for n, v in enumerate(order)),
    ]
    return judgement(check_execution(RequestQueue(2), history))


def test_a_full_request_queue_refuses_and_serves_in_order() -> None:
    assert requests(False, (1, 2)) == requests(False, (2, 1)) == HELD


@pytest.mark.parametrize(("third", "order"), [(True, (1, 2)), (False, (1, 3)), (False, (1, 1)), (False, (1, 2, 3))])
def test_a_request_that_is_lost_doubled_or_squeezed_in_is_found(third: bool, order: Sequence[int]) -> None:
    assert requests(third, order).violation is not None


def test_what_may_be_still_to_come_may_not_have_happened() -> None:
    for buffered in (0, 1):
        count = between("count", 5, 6, results={"buffered": buffered})
        assert judgement(check_execution(Ring(2), [between("push", 1, NEVER, (1,)), count])) == HELD


def test_what_was_not_decided_was_not_put_to_the_test() -> None:
    assert judgement(search(Ring(2), offline(2, 0), Budget(3))) == NOT_EXERCISED
