"""What is measured where an invariant was exercised: the figures that a report shows beside its verdict.

They are read from the same indexes as the judgements, and decide nothing. Where the moment of something is not known,
or an injected failure explains it, it is left out rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from p4verify.verify import tokens
from p4verify.verify.boots import lives
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.invariants.gateway import CONFIG, NO_DATA, TELEMETRY, Frame, Gateway, record_token
from p4verify.verify.invariants.gateway_callbacks import callbacks, steady_runs
from p4verify.verify.invariants.publisher_metrics import snapshots
from p4verify.verify.invariants.publisher_timing import judged_gap, starts_of
from p4verify.verify.invariants.reaction_times import REACTIONS
from p4verify.verify.invariants.telemetry_updates import Updates
from p4verify.verify.invariants.tinybms import OK, QUEUE_LENGTH, Wire
from p4verify.verify.limits import config, limit, tick_us
from p4verify.verify.measuring import Gauge, Measure, Merge, Reading
from p4verify.verify.timeline import NEVER, Fields, View, metrics
from p4verify.verify.verdict import Setting

MILLISECONDS = "ms"


def _limit(key: str, factor: float = 1.0) -> Callable[[Setting], float]:
    return lambda setting: limit(setting, key) * factor


def _config(key: str) -> Callable[[Setting], float]:
    return lambda setting: config(setting, key)


def _tolerance_ms(setting: Setting) -> float:
    return limit(setting, "cadence_tolerance") * tick_us(setting) / 1000


def _interval_ms(setting: Setting) -> float:
    """With the tick that all timing tolerates."""
    return limit(setting, "flush_interval_ms") + tick_us(setting) / 1000


def _most(values: Iterable[float]) -> float | None:
    return max(values, default=None)


def _most_ms(times_us: Iterable[int]) -> float | None:
    longest = max(times_us, default=None)
    return None if longest is None else longest / 1000


def _views(execution: Execution, setting: Setting) -> Iterator[View]:
    return (View.of(life.execution, life.setting) for life in lives(execution, setting))


# ---- the publisher


def _cadence(execution: Execution, setting: Setting) -> Reading:
    off: list[int] = []
    count = 0
    for view in _views(execution, setting):
        starts = starts_of(view)
        count += len(starts)
        off += _off_the_period(view, starts)
    return count, _most_ms(off)


def _off_the_period(view: View, starts: list[tuple[int, int, str]]) -> Iterator[int]:
    """How far gaps are from the period, but for those that long posts explain."""
    period = config(view.setting, "CONFIG_NETWORK_TELEMETRY_PERIOD_MS") * 1000
    behind = False
    for earlier, later in pairwise(starts):
        verdict = judged_gap(view, earlier, later, since_first=later[0] - starts[0][0], behind=behind)
        if verdict is None or not (verdict or behind):
            yield abs(later[0] - earlier[0] - period)
        behind = bool(verdict)


def _published_points(execution: Execution, setting: Setting) -> Reading:
    reads = [read for view in _views(execution, setting) for read in snapshots(view)]
    return len(reads), _most(read.published for read in reads)


def _collisions(execution: Execution, setting: Setting) -> Reading:
    """The last count of each boot."""
    counts = [[read.overwritten or 0 for read in snapshots(view)] for view in _views(execution, setting)]
    return (sum(max(count, default=0) for count in counts),)


def _points(execution: Execution, setting: Setting) -> Reading:
    return (sum(1 for view in _views(execution, setting) for post in view.posts if post.point is not None),)


# ---- the gateway's adapter


def _callback_time(execution: Execution, setting: Setting) -> Reading:
    times = [
        min(done_us, gateway.end_us) - given_us
        for gateway in Gateway.of(execution, setting)
        for _, _, given_us, _, done_us in callbacks(gateway)
    ]
    return len(times), _most_ms(times)


def _writes(execution: Execution, setting: Setting) -> Reading:
    """Frames, writes and the least reduction: of runs whose changes stay below the threshold, and of the others."""
    read: list[float | None] = [None] * 6
    for gateway in Gateway.of(execution, setting):
        stored = [r.position for r in gateway.view.seen("nvs.stored") if r["key"] != CONFIG]
        for run in steady_runs(gateway):
            first = 0 if _is_steady(run) else 3
            count = sum(run[0].given < position < run[-1].given for position in stored)
            reduced = round(100 * (1 - count / len(run)), 1)
            least = read[first + 2]
            read[first : first + 3] = [
                (read[first] or 0) + len(run),
                (read[first + 1] or 0) + count,
                reduced if least is None else min(least, reduced),
            ]
    return read


def _is_steady(run: list[Frame]) -> bool:
    used = {frame.token for frame in run}
    return len(used) == 1 or all(map(tokens.is_fine, used))


def _restore_age(execution: Execution, setting: Setting) -> Reading:
    """How long before the cut the first frame came that it lost, less what one write may cost."""
    boots = Gateway.of(execution, setting)
    if any(boot.foreign(execution.history.end) for boot in boots):
        return None, None
    lost = [lost for before, after in pairwise(boots) if (lost := _lost_us(before, after)) is not None]
    return len(lost), _most_ms(lost)


def _lost_us(before: Gateway, after: Gateway) -> int | None:
    """None where a failed write explains it, or what was restored does not tell."""
    token = _restored_token(after)
    if token is None or before.failures(TELEMETRY):
        return None
    return max(0, _age_us(before, token) - before.write_us)


NOTHING = -1
"""No frame has this token."""


def _restored_token(boot: Gateway) -> int | None:
    """None where it cannot be told: of a mixture, or when the boot was too short to restore anything."""
    shown = boot.restored("battery")
    whole = boot.cut is None and boot.view.execution.ending.outcome is Outcome.COMPLETED
    if shown and any(float(shown[0].fields[name]) for name in tokens.BATTERY):
        return record_token(shown[0])
    return NOTHING if whole else None


def _age_us(boot: Gateway, token: int) -> int:
    """From the first change that came after what was restored, which need not be a change; 0 when there is none."""
    restored = max((arrival.given for arrival in boot.arrivals if arrival.token == token), default=-1)
    later = (change for change in boot.changes if change.given > restored and change.done_us < boot.end_us)
    lost = next(later, None)
    return 0 if lost is None else boot.end_us - lost.done_us


def _restored(execution: Execution, setting: Setting) -> Reading:
    boots = Gateway.of(execution, setting)
    return (sum(len(boot.restored("battery", "pack")) for boot in boots[1:]),)


def _failed_writes(execution: Execution, setting: Setting) -> Reading:
    boots = Gateway.of(execution, setting)
    return (sum(len(boot.failures(key)) for boot in boots for key in (TELEMETRY, CONFIG)),)


def _refused_frames(execution: Execution, setting: Setting) -> Reading:
    frames = (frame for gateway in Gateway.of(execution, setting) for frame in gateway.frames)
    return (sum(frame.variant in NO_DATA for frame in frames),)


# ---- the telemetry model


def _packs(execution: Execution, setting: Setting) -> Reading:
    return (sum(call.kind == "pack" for view in _views(execution, setting) for call in view.publishes),)


def _mode_changes(execution: Execution, setting: Setting) -> Reading:
    return (sum(len(Updates.of(view).modes) for view in _views(execution, setting)),)


def _publications(execution: Execution, setting: Setting) -> Reading:
    found = [Updates.of(view) for view in _views(execution, setting)]
    registers = sum(update.handler.kind == "register" for one in found for update in one.updates)
    return registers, sum(len(one.publishes) for one in found)


# ---- the TinyBMS client


def _waits(execution: Execution, setting: Setting) -> Reading:
    """The longest wait of reads and of writes, those that were given up or never returned included."""
    waits: dict[bool, list[int]] = {False: [], True: []}
    for wire in Wire.of(execution, setting):
        for request in wire.requests:
            waits[request.writes].append(wire.until_us(request) - request.begun_us)
    return _most_ms(waits[False]), _most_ms(waits[True])


def _frames_sent(execution: Execution, setting: Setting) -> Reading:
    wires = Wire.of(execution, setting)
    return sum(len(wire.requests) for wire in wires), sum(len(wire.sent) for wire in wires)


def _depths(execution: Execution, setting: Setting) -> Reading:
    told = [int(fields["queue_depth_max"]) for fields in _stats(execution, setting) if "queue_depth_max" in fields]
    return (_most(told),)


def _latency(execution: Execution, setting: Setting) -> Reading:
    """What calls took that were answered, and the highest average that the firmware told."""
    answered = [
        request.done_us - request.begun_us
        for wire in Wire.of(execution, setting)
        for request in wire.requests
        if request.result == OK
    ]
    told = [int(fields["avg_latency_ms"]) for fields in _stats(execution, setting) if "avg_latency_ms" in fields]
    return _most_ms(answered), _most(told)


def _stats(execution: Execution, setting: Setting) -> Iterator[Fields]:
    for wire in Wire.of(execution, setting):
        yield from (call.results for call in wire.history.calls("tc.stats") if call.results)
        yield from (record.fields for record in wire.view.seen("bus.publish.stats"))


def _answers(execution: Execution, setting: Setting) -> Reading:
    requests = [request for wire in Wire.of(execution, setting) for request in wire.requests]
    return (sum(request.result == OK for request in requests),)


# ---- the event bus and the system


def _queue(execution: Execution, setting: Setting) -> Reading:
    waiting: list[int] = []
    refused = 0
    for view in _views(execution, setting):
        waiting += [int((read.results or {})["messages_waiting"]) for read in metrics(view, "bus.metrics")]
        refused += sum(call.accepted is False for call in view.publishes)
    return _most(waiting), refused


def _held(execution: Execution, setting: Setting) -> Reading:
    return (
        _most_ms(
            min(handler.leave_us, view.history.end_us) - handler.enter_us
            for view in _views(execution, setting)
            for handler in view.handlers
        ),
    )


def _settling(execution: Execution, setting: Setting) -> Reading:
    """From the end of the load to the end of the last handler of an event that was published under load."""
    view = list(_views(execution, setting))[-1]
    loaded, loaded_us = view.history.loaded, view.history.loaded_us
    if loaded is None or loaded_us is None:
        return (None,)
    left = (h.leave_us - loaded_us for h in view.handlers if h.enter < loaded and h.leave != NEVER)
    return (_most_ms(max(0, time) for time in left),)


def _count(name: str) -> Gauge:
    return Gauge(name, merge=Merge.SUM)


def _longest(name: str, bound: Callable[[Setting], float] | None = None) -> Gauge:
    return Gauge(name, MILLISECONDS, Merge.MOST, bound)


MEASURES: dict[str, Measure] = {
    id_: Measure(tuple(gauges), read)
    for id_, read, *gauges in (
        ("np.cadence", _cadence, _count("periodic publications"), _longest("furthest from the period", _tolerance_ms)),
        ("np.monotone", _published_points, _count("metrics reads"), Gauge("most points counted as published")),
        ("np.collisions-counted", _collisions, _count("points overwritten, and counted")),
        ("np.point-intact", _points, _count("points posted")),
        (
            "re.callback-time",
            _callback_time,
            _count("JSON callbacks"),
            _longest("longest JSON callback", _limit("callback_budget_ms")),
        ),
        (
            "re.write-reduction",
            _writes,
            _count("frames at 2 Hz, changes below the threshold"),
            _count("NVS writes for these"),
            Gauge("least reduction of writes for these", "%", Merge.LEAST),
            _count("frames at 2 Hz, changes beyond the threshold"),
            _count("NVS writes for those"),
            Gauge("least reduction of writes for those", "%", Merge.LEAST),
        ),
        (
            "re.restore-age",
            _restore_age,
            _count("power cuts"),
            _longest("longest loss at a power cut, where no write had failed", _interval_ms),
        ),
        ("re.restore-intact", _restored, _count("records restored")),
        ("re.no-lost-dirty", _failed_writes, _count("NVS writes that were made to fail")),
        ("re.partial-frame", _refused_frames, _count("frames without telemetry, or damaged")),
        ("tm.cells-coherent", _packs, _count("packs published")),
        ("tm.no-stale-source", _mode_changes, _count("mode changes")),
        ("tm.delta-publish", _publications, _count("register updates"), _count("records published")),
        (
            "tc.bounded-wait",
            _waits,
            _longest("longest wait of tinybms_read_register", _limit("read_wait_ms")),
            _longest("longest wait of a write", _limit("write_wait_ms")),
        ),
        ("tc.no-overrun", _frames_sent, _count("requests"), _count("frames on the wire")),
        ("tc.queue-bounded", _depths, Gauge("most requests waiting", bound=lambda _: QUEUE_LENGTH)),
        (
            "tc.stats-coherent",
            _latency,
            _longest("longest answered request"),
            _longest("highest average latency published"),
        ),
        ("tc.own-answer", _answers, _count("requests answered")),
        (
            "bus.queue-bounded",
            _queue,
            Gauge("most events seen waiting", bound=_config("CONFIG_EVENT_BUS_QUEUE_LENGTH")),
            _count("events refused, and counted"),
        ),
        (
            "bus.dispatcher-bounded",
            _held,
            _longest("longest a subscriber held the dispatcher", _limit("dispatcher_budget_ms")),
        ),
        ("sys.settles", _settling, _longest("longest until the load had settled", _limit("settle_ms"))),
    )
} | REACTIONS
"""By invariant. Sums count each distinct history once."""
