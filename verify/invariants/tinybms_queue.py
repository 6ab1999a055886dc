"""The TinyBMS client's request queue, judged by linearizability: requests go in, and come out as frames on the wire.

A request is *told apart* when its first frame can be no other's: nobody else asks for the same, and the firmware does
not by itself. What cannot be told apart is left out of the order, and may leave the bounded queue at any moment. A
firmware that tells of no queue promises no order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from p4verify.verify.history import Operation
from p4verify.verify.invariants.tinybms import (
    QUEUE_LENGTH,
    REFUSED,
    TEST_REGISTER,
    TIMEOUT,
    Request,
    Sent,
    Wire,
)
from p4verify.verify.invariants.tinybms_stats import polls
from p4verify.verify.linearizability.check import linearizable
from p4verify.verify.linearizability.judging import between, check_execution
from p4verify.verify.linearizability.result import Budget
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.models.waiting_room import WaitingRoom
from p4verify.verify.timeline import NEVER, at
from p4verify.verify.verdict import Judgement, Verdict, violated

BUDGET = Budget(steps=2000)
"""A dozen callers of one moment have more orders than the answer is worth; usually there are fifty steps."""
TELEMETRY = range(0x0100)
"""Registers that the firmware reads by itself."""


def passed_over(wire: Wire) -> Judgement | None:
    """The violation where the frames of requests went out in no order of a queue."""
    apart = _told_apart(wire) if len(wire.requests) > 1 and _has_queue(wire) else []
    served = [(request, first) for request in apart if (first := _first_frame(wire, request)) is not None]
    if len(served) < 2:
        return None
    put = [between("enqueue", r.begun, _put_by(wire, r, f), (number,)) for number, (r, f) in enumerate(served)]
    taken = [
        between("dequeue", frame.position, frame.position, results={"taken": True, "value": number})
        for number, (_, frame) in enumerate(served)
    ]
    result = check_execution(RequestQueue(), [*put, *taken])
    if result.blocked is None or result.blocked.results is None:
        return None
    late, frame = served[int(result.blocked.results["value"])]
    return violated(
        f"{late.describe()} at {at(late.begun_us)} was sent before one that had been asked for earlier, and was"
        " still in the queue",
        late.begun,
        frame.position,
    )


def _has_queue(wire: Wire) -> bool:
    """Whether the firmware tells of a queue; callers that wait for a mutex have no order of their own."""
    told = (call.results or {} for call in wire.view.calls("tc.stats"))
    return any("queue_depth" in fields for fields in told)


def _put_by(wire: Wire, request: Request, frame: Sent | None) -> int:
    """A request waits in the queue by then: it was sent, its caller was told, or its caller surely waits for it."""
    waits_us = request.begun_us + wire.view.rest_us + 1
    waits = wire.view.last_before(waits_us) if waits_us < wire.end_us else NEVER
    return min(request.done, NEVER if frame is None else frame.position, max(waits, request.begun))


def overfull(wire: Wire) -> Judgement | None:
    """The violation where no order of a queue of its length explains what was accepted and which depths were told.

    A request may be refused for other reasons than a full queue.
    """
    operations = _room(wire)
    if not operations:
        return None
    result = linearizable(WaitingRoom(QUEUE_LENGTH), operations, BUDGET)
    if result.verdict is not Verdict.VIOLATION or result.blocked is None:
        return None
    blocked, end = result.blocked, result.blocked.returned
    shown = (blocked.results or {}).get("waiting")
    what = "a request was accepted" if shown is None else f"the statistics said that {shown!r} requests wait"
    return violated(
        f"{what}, which no order of a queue of {QUEUE_LENGTH} explains ({len(result.prefix)} steps before it can be"
        " put in one)",
        blocked.invoked,
        blocked.invoked if end is None else end,
    )


def _wanted(request: Request) -> tuple[bool, int, int]:
    return request.writes, request.address, request.value


def _told_apart(wire: Wire) -> list[Request]:
    times = Counter(map(_wanted, wire.requests))
    written = {request.address for request in wire.requests if request.writes}
    return [
        request
        for request in wire.requests
        if times[_wanted(request)] == 1
        and request.result not in REFUSED
        and (request.writes or not (request.address in TELEMETRY or request.address in (TEST_REGISTER, *written)))
    ]


def _first_frame(wire: Wire, request: Request) -> Sent | None:
    return next((frame for frame in wire.sent if frame.position > request.begun and frame.serves(request)), None)


def _room(wire: Wire) -> list[Operation]:
    """The steps of every request and the depths that were read; none where the firmware may ask by itself."""
    shown = [call for call in wire.view.calls("tc.stats") if "queue_depth" in (call.results or {})]
    if not wire.requests or not (shown or len(wire.requests) > QUEUE_LENGTH) or polls(wire, NEVER):
        return []
    apart = set(map(id, _told_apart(wire)))
    steps = _test_read(wire)
    for number, request in enumerate(wire.requests):
        if request.result not in REFUSED:
            steps += _steps(wire, number if id(request) in apart else ALIKE, request)
    depths = ((call, {"waiting": int((call.results or {})["queue_depth"])}) for call in shown)
    return steps + [between("depth", c.invoked, c.returned or NEVER, results=depth) for c, depth in depths]


ALIKE, TEST = -1, -2
"""The numbers of requests that cannot be told apart, and of what a client asks for when it starts."""


def _test_read(wire: Wire) -> list[Operation]:
    """What a client that starts may ask for waits until its frame goes out, or was never asked for."""
    end = next((frame.position for frame in wire.sent if frame.address == TEST_REGISTER), NEVER)
    return [between("put", 0, end, (TEST,)), between("served", 0, end, (TEST,))]


def _steps(wire: Wire, number: int, request: Request) -> Iterator[Operation]:
    """A request is put, and leaves the queue: after the frame before its own, or before its caller is answered."""
    frame = _first_frame(wire, request) if number != ALIKE else None
    yield between("put", request.begun, _put_by(wire, request, frame), (number,))
    if frame is not None:
        before = max((sent.position for sent in wire.sent if sent.position < frame.position), default=0)
        yield between("served", max(before, request.begun), frame.position, (number,))
    else:
        left = NEVER if request.result in (None, TIMEOUT) else request.done
        yield between("withdrawn", request.begun, left, (number,))
