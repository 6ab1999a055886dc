"""What callers of the TinyBMS client are told: tc.own-answer, tc.verify-kept and tc.no-zombie-write.

Registers 0x0100..0x017F answer every read with a value of its own, so an answer names the request that it belongs to.
"""

from __future__ import annotations

from p4verify.verify.execution import Execution
from p4verify.verify.history import Observation
from p4verify.verify.invariants.tinybms import (
    ACK,
    ATTEMPTS,
    FAIL,
    FRESH,
    INVALID_CRC,
    OK,
    VALUE,
    Request,
    Sent,
    Wire,
)
from p4verify.verify.timeline import at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated

ARRIVAL_US = 2000
"""The longest reply has arrived that long after it began: nine bytes at 115200 baud, and the driver's wait for more."""


def own_answer(execution: Execution, setting: Setting) -> Judgement:
    """tc.own-answer: a read is answered by a reply to its own request.

    Where replies do not name their address, one that comes late may be taken for the answer to a request that had been
    sent by then; nothing that arrived earlier may, and nothing that names another address.
    """
    exercised = False
    for wire in Wire.of(execution, setting):
        for request in wire.requests:
            if request.name != "tc.read" or request.result != OK or request.address not in FRESH:
                continue
            exercised = True
            wrong = _foreign(wire, request)
            if wrong is not None:
                return wrong
    return HELD if exercised else NOT_EXERCISED


def _foreign(wire: Wire, request: Request) -> Judgement | None:
    told = f"{request.describe()} at {at(request.begun_us)} was answered {request.answer}"
    carrying = [a for a in wire.answers if a["value"] == request.answer and a["address"] in FRESH]
    reply = next((a for a in carrying if a["kind"] == VALUE and a.position < request.done), None)
    if reply is None:
        return violated(
            f"{told}, which no intact reply had said",
            request.begun,
            *(answer.position for answer in carrying[:1]),
            request.done,
        )
    asked = wire.asked.get(int(reply["serial"]))
    if asked is not None and asked["address"] == request.address and asked.position > request.begun:
        return None
    sent = next((frame for frame in wire.during(request) if frame.serves(request)), None)
    why = _why_not_its_own(wire, request, reply, sent)
    if why is None:
        return None
    return violated(f"{told}, {why}", request.begun, reply.position, request.done)


def _why_not_its_own(wire: Wire, request: Request, reply: Observation, sent: Sent | None) -> str | None:
    """None where the client could not know better."""
    address = f"the reply to a read of {int(reply['address']):#06x}"
    if sent is None:
        return f"{address}, although its own request was never sent"
    if not _arrives_after(wire, reply, sent):
        return f"{address} that had arrived before its own request was sent at {at(sent.time_us)}"
    if sent.echo and reply["address"] != request.address:
        return f"{address}, which said so"
    return None


def verify_kept(execution: Execution, setting: Setting) -> Judgement:
    """tc.verify-kept: a write succeeds only when its read-back showed the value; failures are tried again, as often as
    configured.
    """
    exercised = False
    for wire in Wire.of(execution, setting):
        for request in wire.requests:
            if request.result is None:
                continue
            exercised = exercised or (request.writes and request.result == OK)
            wrong = _unverified(wire, request) or _wrong_attempts(wire, request)
            if wrong is not None:
                return wrong
    return HELD if exercised else NOT_EXERCISED


def _unverified(wire: Wire, request: Request) -> Judgement | None:
    if not request.writes or request.result != OK:
        return None
    told = f"{request.describe()} was said to have succeeded at {at(request.done_us)}"
    written = next((frame for frame in wire.during(request) if frame.serves(request)), None)
    if written is None:
        return violated(f"{told}, but was never sent", request.begun, request.done)
    answers = [answer for answer in wire.answers if answer.position < request.done]
    accepted = next((a for a in answers if a["kind"] == ACK and _arrives_after(wire, a, written)), None)
    if accepted is None:
        return violated(f"{told}, but the BMS had not accepted it", written.position, request.done)
    if request.name == "tc.restart":
        return None
    since = max(written.position, accepted.position)
    shown = any(a["kind"] == VALUE and a["value"] == request.value for a in answers if a.position > since)
    if not shown or request.answer != request.value:
        return violated(
            f"{told} with read-back {request.answer:#06x}, but no reply since it was accepted had shown its value",
            written.position,
            accepted.position,
            request.done,
        )
    return None


def _arrives_after(wire: Wire, answer: Observation, frame: Sent) -> bool:
    """Whether it was on the wire at some moment since: an ACK names no request, so that the client knows no better."""
    arrives_us = answer.time_us + ARRIVAL_US + wire.life.execution.slack_us
    return answer.position > frame.position or arrives_us >= frame.time_us


def _wrong_attempts(wire: Wire, request: Request) -> Judgement | None:
    """An error that the BMS caused is told after the last attempt; there are never more than configured."""
    attempts = [frame for frame in wire.during(request) if frame.serves(request)]
    verified = any(other.writes and other.address == request.address for other in wire.requests)
    if wire.is_shared(request) or (verified and not request.writes):
        return None  # reads that verify, or another caller's, look the same
    few = request.result in (FAIL, INVALID_CRC) and len(attempts) < ATTEMPTS
    if not few and len(attempts) <= ATTEMPTS:
        return None
    return violated(
        f"{request.describe()} at {at(request.begun_us)} was attempted {len(attempts)} times instead of"
        f" {'at most ' if not few else ''}{ATTEMPTS}, and ended with result {request.result}",
        *(frame.position for frame in attempts[-3:]),
        request.done,
    )


def no_zombie_write(execution: Execution, setting: Setting) -> Judgement:
    """tc.no-zombie-write: no attempt of a write begins after its caller was told the outcome."""
    exercised = False
    for wire in Wire.of(execution, setting):
        exercised = exercised or any(request.writes and request.result is not None for request in wire.requests)
        for frame in wire.sent:
            askers = [request for request in wire.requests if request.begun < frame.position and frame.serves(request)]
            if frame.kind != "write" or not askers or any(frame.position < asker.done for asker in askers):
                continue
            last = max(askers, key=lambda asker: asker.done)
            return violated(
                f"an attempt of {last.describe()} began at {at(frame.time_us)}, although the caller had been told"
                f" {'a time-out' if last.result == 0x107 else f'result {last.result}'} at {at(last.done_us)}",
                last.done,
                frame.position,
            )
    return HELD if exercised else NOT_EXERCISED
