"""How long the TinyBMS client takes, and in which order: tc.bounded-wait, tc.no-overrun, tc.queue-bounded, tc.progress
and tc.serialised.
"""

from __future__ import annotations

from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.invariants.event_bus import ending_words
from p4verify.verify.invariants.tinybms import (
    NEXT_US,
    NO_MEMORY,
    QUEUE_LENGTH,
    REFUSED,
    TIMEOUT,
    TIMEOUT_US,
    Request,
    Wire,
)
from p4verify.verify.invariants.tinybms_queue import overfull, passed_over
from p4verify.verify.timeline import NEVER, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated

FRAMES_OF_ALL = (QUEUE_LENGTH + 1) * 6
"""What goes out before a request that finds the queue full of writes, each attempted three times."""
STUCK = frozenset({Outcome.DEADLOCK, Outcome.LIVELOCK, Outcome.HANG})


def bounded_wait(execution: Execution, setting: Setting) -> Judgement:
    """tc.bounded-wait: no call blocks longer than configured; a millisecond is allowed for reading clocks."""
    exercised = False
    for wire in Wire.of(execution, setting):
        for request in wire.requests:
            exercised = True
            took = wire.until_us(request) - request.begun_us
            if took > wire.wait_us(request) + wire.view.rest_us:
                return violated(
                    f"{request.describe()} at {at(request.begun_us)} blocked for {took / 1000:g} ms, longer than"
                    f" {wire.wait_us(request) / 1000:g} ms",
                    request.begun,
                    *([request.done] if request.done != NEVER else []),
                )
    return HELD if exercised else NOT_EXERCISED


def no_overrun(execution: Execution, setting: Setting) -> Judgement:
    """tc.no-overrun: an attempt ends within its time-out: the next frame, or the caller's return, is not later."""
    exercised = False
    for wire in Wire.of(execution, setting):
        for request in wire.requests:
            if request.result in REFUSED or not wire.sent or _finds_it_idle(wire, request):
                continue
            exercised = True
            late = _late(wire, request)
            if late is not None:
                begun, position, end_us = late
                return violated(
                    f"while {request.describe()} was pending, nothing followed the frame sent at {at(begun)} until"
                    f" {at(end_us)}: the attempt took longer than {TIMEOUT_US // 1000} ms",
                    position,
                    request.begun,
                    *([request.done] if request.done != NEVER else []),
                )
    return HELD if exercised else NOT_EXERCISED


def _finds_it_idle(wire: Wire, request: Request) -> bool:
    """Whether nothing can have been under way when this was asked for, nor gone out since."""
    return not wire.during(request) and _is_idle(wire, request)


def _is_idle(wire: Wire, request: Request) -> bool:
    before = [frame for frame in wire.sent if frame.position < request.begun]
    ended = not before or before[-1].time_us + NEXT_US + wire.view.margin_us < request.begun_us
    return ended and not any(other.begun < request.begun < other.done for other in wire.requests)


def _late(wire: Wire, request: Request) -> tuple[int, int, int] | None:
    """Time and position of a frame that nothing followed in time, and until when."""
    before = [frame for frame in wire.sent if frame.position < request.begun]
    last = before[-1] if before else None
    deadline = request.begun_us if last is None else max(request.begun_us, last.time_us + NEXT_US)
    for frame in wire.during(request):
        if last is not None and frame.time_us > deadline + wire.view.margin_us:
            return last.time_us, last.position, frame.time_us
        last, deadline = frame, frame.time_us + NEXT_US
    end = wire.until_us(request)
    return (last.time_us, last.position, end) if last is not None and end > deadline + wire.view.margin_us else None


def progress(execution: Execution, setting: Setting) -> Judgement:
    """tc.progress: every request is answered or timed out, and one that finds nobody at work is worked on at once."""
    exercised = False
    for wire in Wire.of(execution, setting):
        for request in wire.requests:
            if request.result in REFUSED:
                continue
            exercised = exercised or request.result is not None
            wrong = _unanswered(wire, request) or _unserved(wire, request)
            if wrong is not None:
                return violated(f"{request.describe()} at {at(request.begun_us)} {wrong}", request.begun)
        overtaken = passed_over(wire)
        if overtaken is not None:
            return overtaken
    return HELD if exercised else NOT_EXERCISED


def _unanswered(wire: Wire, request: Request) -> str | None:
    ending = wire.life.execution.ending
    if request.result is None and ending.outcome in STUCK:
        return f"was never answered: {ending_words(ending)}"
    return None


def _unserved(wire: Wire, request: Request) -> str | None:
    frames = wire.during(request)
    waited = wire.until_us(request) - request.begun_us
    if any(frame.serves(request) for frame in frames):
        return None
    if request.result == TIMEOUT and not frames and _is_idle(wire, request) and waited > wire.view.margin_us:
        return f"waited for {waited / 1000:g} ms and was given up, but nothing was sent although nothing was under way"
    if len(frames) > FRAMES_OF_ALL:
        return f"was passed over while {len(frames)} frames of others went out"
    return None


def queue_bounded(execution: Execution, setting: Setting) -> Judgement:
    """tc.queue-bounded: no more wait than the queue holds, and who finds it full is told so at once."""
    exercised = False
    for wire in Wire.of(execution, setting):
        for request in wire.requests:
            waited = wire.until_us(request) - request.begun_us
            if request.result == NO_MEMORY and waited > wire.view.rest_us:
                return violated(
                    f"{request.describe()} was told after {waited / 1000:g} ms only that the queue is full",
                    request.begun,
                    request.done,
                )
        met = any(one.overlaps(other) for one in wire.requests for other in wire.requests if one is not other)
        for position, depths in _depths(wire):
            exercised = exercised or met
            if max(depths) > QUEUE_LENGTH:
                return violated(f"{max(depths)} requests waited in a queue of {QUEUE_LENGTH}", position)
        unexplained = overfull(wire)
        if unexplained is not None:
            return unexplained
    return HELD if exercised else NOT_EXERCISED


def _depths(wire: Wire) -> list[tuple[int, tuple[int, ...]]]:
    """Where the depth was told, and the values."""
    names = ("queue_depth", "queue_depth_max")
    calls = ((o.returned or 0, o.results or {}) for o in wire.view.calls("tc.stats") if o.results)
    events = ((record.position, record.fields) for record in wire.view.seen("bus.publish.stats"))
    return [(p, tuple(int(f[name]) for name in names)) for p, f in (*calls, *events) if names[1] in f]


def serialised(execution: Execution, setting: Setting) -> Judgement:
    """tc.serialised: no frame goes out while the one before it may still be answered, and has not been."""
    exercised = False
    for wire in Wire.of(execution, setting):
        met = any(one.overlaps(other) for one in wire.requests for other in wire.requests if one is not other)
        exercised = exercised or (met and len(wire.sent) > 1)
        for earlier, later in zip(wire.sent, wire.sent[1:], strict=False):
            answered = any(earlier.position < answer.position < later.position for answer in wire.answers)
            if not answered and later.time_us - earlier.time_us < TIMEOUT_US - wire.view.margin_us:
                return violated(
                    f"task {later.task} sent a frame at {at(later.time_us)}, although the one that task"
                    f" {earlier.task} had sent at {at(earlier.time_us)} was neither answered nor timed out",
                    earlier.position,
                    later.position,
                )
    return HELD if exercised else NOT_EXERCISED
