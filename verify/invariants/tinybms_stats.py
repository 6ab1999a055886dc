"""The TinyBMS client's statistics: tc.stats-coherent.

A call is counted once, at some moment before it returns. Reads that the firmware makes for itself are counted too, so
how many there are at most is known only where it makes none but the test read of its start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.invariants.tinybms import (
    INVALID_ARG,
    INVALID_STATE,
    NACK,
    NEXT_US,
    OK,
    TEST_REGISTER,
    TIMEOUT,
    Request,
    Wire,
)
from p4verify.verify.limits import config
from p4verify.verify.remembered import remembered
from p4verify.verify.timeline import NEVER, Fields, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated

COUNTERS = ("reads_ok", "reads_failed", "writes_ok", "writes_failed", "crc_errors", "timeouts", "nacks", "retries")
STATS_INTERVAL = "CONFIG_TINYBMS_STATS_INTERVAL_MS"
UNCOUNTED = frozenset({INVALID_ARG, INVALID_STATE})


class Told(NamedTuple):
    """Statistics, and the interval in which they were taken: of an event, its beginning is not known."""

    fields: Fields
    task: str
    begun: int
    done: int
    time_us: int


def stats_coherent(execution: Execution, setting: Setting) -> Judgement:
    """tc.stats-coherent: counters, latency and depth, read or published, agree with what happened."""
    exercised = False
    for wire in Wire.of(execution, setting):
        read, events = list(_read(wire)), list(_events(wire))
        exercised = exercised or bool((read or events) and wire.requests)
        wrong = _first(_wrong(wire, told) for told in (*read, *events))
        wrong = wrong or _fallen(read) or _fallen_events(events) or _unpublished(wire, events)
        if wrong is not None:
            return wrong
    return HELD if exercised else NOT_EXERCISED


def _first(verdicts: Iterator[Judgement | None]) -> Judgement | None:
    return next((verdict for verdict in verdicts if verdict is not None), None)


def _read(wire: Wire) -> Iterator[Told]:
    for call in wire.view.calls("tc.stats"):
        if call.results is not None and call.returned is not None and call.returned_us is not None:
            yield Told(call.results, call.task, call.invoked, call.returned, call.returned_us)


def _events(wire: Wire) -> Iterator[Told]:
    for record in wire.view.seen("bus.publish.stats"):
        yield Told(record.fields, record.task, -1, record.position, record.time_us)


def _wrong(wire: Wire, told: Told) -> Judgement | None:
    values = _values(told.fields)
    if any(values.values()) or wire.requests:  # else nothing was counted, and there was nothing to count
        least, most = _least(wire, told.begun), _most(wire, told.done)
    else:
        least, most = {}, {}
    for name, value in values.items():
        if not least.get(name, 0) <= value <= most.get(name, NEVER):
            bounds = f"at least {least[name]}" if value < least.get(name, 0) else f"at most {most[name]}"
            return violated(
                f"the statistics of {at(told.time_us)} say {name} = {value}, but {bounds} had happened", told.done
            )
    wrong = _wrong_latency(wire, told) if "avg_latency_ms" in told.fields else None
    wrong = wrong or (_wrong_depth(told.fields) if "queue_depth_max" in told.fields else None)
    return violated(f"the statistics of {at(told.time_us)} {wrong}", told.done) if wrong else None


@remembered
def _values(fields: Fields) -> Mapping[str, int]:
    return {name: int(fields[name]) for name in COUNTERS}


def _failed(request: Request) -> bool:
    return request.result not in (OK, None) and request.result not in UNCOUNTED


def _least(wire: Wire, before: int) -> dict[str, int]:
    """What calls that had returned by then must have left in the counters."""
    counts = dict.fromkeys(("reads_ok", "reads_failed", "writes_ok", "writes_failed", "timeouts"), 0)
    for request in wire.requests:
        if request.done < before:
            kind = "writes" if request.writes else "reads"
            counts[f"{kind}_ok"] += request.result == OK
            counts[f"{kind}_failed"] += _failed(request)
            counts["timeouts"] += request.result == TIMEOUT
    return counts


def _most(wire: Wire, until: int) -> dict[str, int]:
    """What calls that had begun by then, and the wire, can have added."""
    begun = [request for request in wire.requests if request.begun < until]
    frames = [frame for frame in wire.sent if frame.position < until]
    most = {
        "nacks": sum(1 for answer in wire.answers if answer.position < until and answer["kind"] == NACK),
        "retries": len(frames),
    }
    if all(frame.kind != "write" or any(frame.serves(request) for request in begun) for frame in frames):
        most["writes_ok"] = sum(1 for r in begun if r.writes and r.result in (OK, None))
        most["writes_failed"] = sum(1 for r in begun if r.writes and (_failed(r) or r.result is None))
    known = {request.address for request in begun} | {TEST_REGISTER}
    if not polls(wire, until) and all(frame.kind != "read" or frame.address in known for frame in frames):
        most["reads_ok"] = sum(1 for r in begun if not r.writes and r.result in (OK, None)) + 1
        most["reads_failed"] = sum(1 for r in begun if not r.writes and (_failed(r) or r.result is None)) + 1
    return most


def polls(wire: Wire, until: int) -> bool:
    """Whether the firmware may read registers by itself: requests that are given up may never be sent."""
    told = (run for runs in wire.view.delivered("mode").values() for run in runs if run.enter < until)
    return any(read.position < until for read in wire.view.reads) or any(not run.fields.get("expected") for run in told)


def _wrong_latency(wire: Wire, told: Told) -> str | None:
    latency = int(told.fields["avg_latency_ms"])
    if latency * 1000 > told.time_us + 1000:
        return f"say that requests took {latency} ms on average, longer than the firmware has run"
    carried_out = int(told.fields["reads_ok"]) + int(told.fields["writes_ok"])
    least = _shortest(wire, told.done) if carried_out else None
    if carried_out and least is not None and (latency + 1) * 1000 < least:
        return f"say that requests took {latency} ms on average, but none was answered within {least / 1000:g} ms"
    return None


def _shortest(wire: Wire, until: int) -> int | None:
    """How long it took at least from a frame to the next reply, whosever it was."""
    return min((span for position, span in wire.spans if position < until), default=None)


def _wrong_depth(fields: Fields) -> str | None:
    depth, most = int(fields["queue_depth"]), int(fields["queue_depth_max"])
    return f"say that {depth} requests wait, but never more than {most} did" if depth > most else None


def _fallen(told: list[Told]) -> Judgement | None:
    """A counter that fell from one reading to a later one."""
    for later in told:
        before = [earlier for earlier in told if earlier.done < later.begun]
        verdict = _less(max(before, key=lambda one: one.done), later) if before else None
        if verdict is not None:
            return verdict
    return None


def _fallen_events(events: list[Told]) -> Judgement | None:
    """The same of events of one task; what two tasks publish may overtake."""
    by_task: dict[str, list[Told]] = {}
    for event in events:
        by_task.setdefault(event.task, []).append(event)
    return _first(_less(*pair) for published in by_task.values() for pair in pairwise(published))


def _less(earlier: Told, later: Told) -> Judgement | None:
    before, after = _values(earlier.fields), _values(later.fields)
    name = next((name for name in COUNTERS if after[name] < before[name]), None)
    if name is None:
        return None
    return violated(
        f"the statistics said {name} = {before[name]} at {at(earlier.time_us)} and {after[name]} at"
        f" {at(later.time_us)}",
        earlier.done,
        later.done,
    )


def _unpublished(wire: Wire, events: list[Told]) -> Judgement | None:
    """Calls that no published statistics account for, although there was time and nothing else to do."""
    deadline = wire.end_us - config(wire.setting, STATS_INTERVAL) * 1000 - wire.view.margin_us
    completed = wire.life.execution.ending.outcome is Outcome.COMPLETED
    done = [request for request in wire.requests if request.done_us < deadline]
    if not completed or not done or any(frame.time_us + NEXT_US > deadline for frame in wire.sent):
        return None
    least = _least(wire, max(request.done for request in done) + 1)
    if any(all(int(event.fields[name]) >= count for name, count in least.items()) for event in events):
        return None
    last = max(done, key=lambda request: request.done)
    counts = ", ".join(f"{name} = {count}" for name, count in least.items() if count)
    return violated(
        f"{last.describe()} ended at {at(last.done_us)}, but no published statistics account for it: {counts}",
        last.done,
        *(event.done for event in events[-1:]),
    )
