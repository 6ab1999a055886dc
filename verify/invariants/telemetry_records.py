"""What the telemetry model publishes: tm.cells-coherent, tm.snapshot-intact, tm.no-stale-source, tm.no-time-travel,
tm.no-flash, tm.flags-kept and tm.atomic-mode-reset.

All judge what the model *published*: the records its publish calls were given and, where the bus delivered something
else of them, that. What a program publishes itself is its own business.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from p4verify.verify import tokens
from p4verify.verify.execution import Execution
from p4verify.verify.invariants.telemetry_updates import (
    COMPONENT,
    Slot,
    Snapshot,
    Updates,
    slot_name,
    slots_of,
    sources_of,
)
from p4verify.verify.remembered import remembered
from p4verify.verify.timeline import Content, Fields, Handler, Publish, View, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated

CELL_TOLERANCE = 2e-3
AVERAGE_TOLERANCE = 0.05
"""An average of 32 cells summed in float32 is off by no more."""

TOGETHER_US = 1000
"""Two records published by one task within this time were published together."""


def _updates(execution: Execution, setting: Setting) -> Updates:
    return Updates.of(View.of(execution, setting))


def cells_coherent(execution: Execution, setting: Setting) -> Judgement:
    """tm.cells-coherent: min, max, avg and delta are those of the pack's own known cells."""
    exercised = False
    updates = _updates(execution, setting)
    for snapshot in updates.snapshots if any(call.kind == "pack" for call in updates.publishes) else ():
        if snapshot.kind != "pack" or not snapshot.fields["cell_count"]:
            continue
        exercised = True
        wrong = incoherent(snapshot.fields)
        if wrong is not None:
            return violated(f"the pack {_when(snapshot)} {wrong}", snapshot.publish.start, snapshot.position)
    return HELD if exercised else NOT_EXERCISED


def _when(snapshot: Snapshot) -> str:
    verb = "published" if snapshot.position == snapshot.publish.start else "delivered of the one published"
    return f"{verb} at {at(snapshot.publish.start_us)}"


@remembered
def incoherent(fields: Fields) -> str | None:
    """What a pack's summary says that its own known cells do not, None when they agree."""
    known = [cell for cell in tokens.cells_of(fields) if cell > 0 and math.isfinite(cell)]
    low, high, mean = (min(known), max(known), math.fsum(known) / len(known)) if known else (0.0, 0.0, 0.0)
    expected = (
        ("cell_min", low, CELL_TOLERANCE),
        ("cell_max", high, CELL_TOLERANCE),
        ("cell_avg", mean, AVERAGE_TOLERANCE),
        ("cell_delta", high - low, CELL_TOLERANCE),
    )
    for name, value, tolerance in expected:
        if not abs(float(fields[name]) - value) <= tolerance:  # also refuses what is not a number
            cells = ", ".join(f"{cell:g}" for cell in known)
            return f"says {name} {float(fields[name]):g}, but its known cells [{cells}] give {value:g} mV"
    return None


def snapshot_intact(execution: Execution, setting: Setting) -> Judgement:
    """tm.snapshot-intact: a record is a state that the model had; battery and pack published together are of one."""
    updates = _updates(execution, setting)
    for snapshot in updates.snapshots:
        if not updates.explains(snapshot.slots, snapshot.until):
            return violated(
                f"the {snapshot.kind} {_when(snapshot)} is no state that the model had: {_contents(snapshot)}",
                *_sources(updates, snapshot),
                snapshot.publish.start,
            )
    for battery, pack in _together(updates):
        both = {**battery.slots, **pack.slots}
        if not updates.explains(both, pack.until):
            return violated(
                f"the battery and the pack published together at {at(battery.publish.start_us)} belong to different"
                f" states of the model: {_contents(battery)} beside {_contents(pack)}",
                battery.position,
                pack.position,
            )
    return HELD if updates.snapshots else NOT_EXERCISED


def _contents(snapshot: Snapshot) -> str:
    if snapshot.kind == "battery":
        return tokens.describe({k: v for k, v in tokens.battery_tokens(snapshot.fields).items() if k != "power"})
    return "cells [" + ", ".join(f"{cell:g}" for cell in tokens.cells_of(snapshot.fields)) + "] mV"


def _sources(updates: Updates, snapshot: Snapshot) -> list[int]:
    """Where the values came from: the last updates before it that wrote one of them."""
    written = {low for slot, value in snapshot.slots.items() for low, _ in updates.applications(slot, value)[-1:]}
    return sorted(position for position in written if 0 <= position < snapshot.position)[-4:]


def _together(updates: Updates) -> list[tuple[Snapshot, Snapshot]]:
    """Battery and pack published by one task one after the other, at one time, with no register read in between."""
    by_task: dict[str, list[Snapshot]] = {}
    for snapshot in updates.snapshots:
        if snapshot.position == snapshot.publish.start:
            by_task.setdefault(snapshot.publish.task, []).append(snapshot)
    return [
        (first, second)
        for shown in by_task.values()
        for first, second in pairwise(shown)
        if (first.kind, second.kind) == ("battery", "pack") and _one_step(updates, first.publish, second.publish)
    ]


def _one_step(updates: Updates, first: Publish, second: Publish) -> bool:
    # Early ticks are no excuse to pair more: what an execution with slack separates may belong to two rounds.
    if first.handler is not second.handler or second.start_us - first.end_us > TOGETHER_US:
        return False
    reads = (read for read in updates.view.reads if read.task == first.task)
    return not any(first.start < read.position < second.start for read in reads)


def stale_token(sources: Mapping[Slot, tokens.Source], autonomous: bool) -> tuple[Slot, tokens.Source] | None:
    """The first value that comes from the source which this mode switched off."""
    other = tokens.Source.S3 if autonomous else tokens.Source.TINYBMS
    return next(((slot, source) for slot, source in sources.items() if source is other), None)


def no_stale_source(execution: Execution, setting: Setting) -> Judgement:
    """tm.no-stale-source: no publish call after the model's mode handler returned carries the other source's tokens."""
    updates = _updates(execution, setting)
    exercised = False
    for call in updates.publishes:
        mode = _mode_before(updates, call)
        sources = sources_of(call.kind, call.fields) if mode is not None else {}
        if mode is None or not sources:
            continue
        exercised = True
        autonomous = not mode.fields.get("expected")
        stale = stale_token(sources, autonomous)
        if stale is not None:
            slot, source = stale
            return violated(
                f"the {call.kind} published at {at(call.start_us)} carries {_value_of(call, slot)} from the"
                f" {source.value}, although the model had switched to {'autonomous' if autonomous else 'connected'}"
                f" mode at {at(mode.leave_us)}",
                mode.leave,
                call.start,
            )
    return HELD if exercised else NOT_EXERCISED


def _mode_before(updates: Updates, call: Publish) -> Handler | None:
    """The model's last mode handler when it had returned before this call; None also while one is running."""
    handled = [mode for mode in updates.modes if mode.enter < call.start]
    return handled[-1] if handled and handled[-1].leave < call.start else None


def _value_of(call: Publish, slot: Slot) -> str:
    if isinstance(slot, int):
        return f"cell {slot + 1} = {tokens.cells_of(call.fields)[slot]:g} mV"
    return f"{slot} = {float(call.fields[slot]):g} (token {tokens.battery_tokens(call.fields)[slot]})"


def no_time_travel(execution: Execution, setting: Setting) -> Judgement:
    """tm.no-time-travel: nobody who was shown a value is later shown an older one of the same field.

    A value is older when every moment at which it may have been applied lies before the first at which the other may.
    """
    updates = _updates(execution, setting)
    exercised = False
    for kind in ("battery", "pack") if updates.publishes else ():
        judged: list[list[Content]] = []
        for runs in updates.view.delivered(kind).values():
            own = [run for run in runs if run.component != COMPONENT and updates.is_own(run)]
            shown = [run.content for run in own]
            if len(own) < 2 or shown in judged:
                continue
            exercised = True
            judged.append(shown)
            travelled = _travel(updates, own)
            if travelled is not None:
                return travelled
    return HELD if exercised else NOT_EXERCISED


def _travel(updates: Updates, runs: list[Handler]) -> Judgement | None:
    newest: dict[Slot, tuple[int, float, Handler]] = {}
    for run in runs:
        for slot, value in slots_of(run.kind, run.fields).items():
            spans = [span for span in updates.applications(slot, value) if span[0] < run.enter]
            floor, shown, earlier = newest.get(slot, (-1, value, run))
            fitting = [low for low, high in spans if high >= floor]
            if spans and not fitting:
                name = slot_name(slot)
                return violated(
                    f"{run.component} was shown {name} = {shown:g} at {at(earlier.enter_us)} and the older"
                    f" {name} = {value:g} at {at(run.enter_us)}",
                    earlier.enter,
                    run.enter,
                )
            if fitting:
                newest[slot] = (max(floor, min(fitting)), value, run)
    return None


BMS_OK = 1


def no_flash(execution: Execution, setting: Setting) -> Judgement:
    """tm.no-flash: no record shown as a measurement has values that no source produced, or values of both sources."""
    updates = _updates(execution, setting)
    exercised = False
    for snapshot in updates.snapshots:
        if not _measures(snapshot):
            continue
        exercised = True
        wrong = _mixture(snapshot) or _unproduced(updates, snapshot)
        if wrong is not None:
            return violated(
                f"the {snapshot.kind} {_when(snapshot)} is shown as a measurement, but {wrong}",
                snapshot.publish.start,
                snapshot.position,
            )
    return HELD if exercised else NOT_EXERCISED


def _measures(snapshot: Snapshot) -> bool:
    """A battery whose bms_ok is clear and a pack without cells say "unknown"."""
    if snapshot.kind == "battery":
        return bool(int(snapshot.fields["flags"]) & BMS_OK)
    return bool(snapshot.fields["cell_count"])


def _mixture(snapshot: Snapshot) -> str | None:
    sources = sources_of(snapshot.kind, snapshot.fields)
    if len(set(sources.values())) < 2:
        return None
    parts = [
        f"{', '.join(slot_name(slot) for slot, source in sources.items() if source is one)} from the {one.value}"
        for one in tokens.Source
    ]
    return f"mixes {' with '.join(parts)}"


def _unproduced(updates: Updates, snapshot: Snapshot) -> str | None:
    shown = {slot: value for slot, value in snapshot.slots.items() if slot != "power"}
    if snapshot.kind == "pack":
        shown = {slot: value for slot, value in shown.items() if value != 0.0} or shown
    for slot, value in shown.items():
        if not any(low >= 0 for low, _ in updates.productions(slot, value)):
            return f"no source produced its {slot_name(slot)} = {value:g}"
    return None


def flags_kept(execution: Execution, setting: Setting) -> Judgement:
    """tm.flags-kept: mqtt_ok and tinybms_ok stay what the last connection event said, across a mode change."""
    updates = _updates(execution, setting)
    exercised = False
    for call in updates.publishes if updates.modes else ():
        mode = _mode_before(updates, call) if call.kind == "battery" else None
        for kind, bit in (("mqtt", 4), ("tinybms", 8)) if mode is not None else ():
            event = _connection(updates, kind, call)
            expected = _connected(updates, event) if event is not None else None
            if mode is None or event is None or expected is None or event.leave > mode.enter:
                continue
            if _overridden(updates, event, call, bit, expected):
                continue
            exercised = True
            if bool(int(call.fields["flags"]) & bit) != expected:
                return violated(
                    f"{kind}_ok was {expected} since {at(event.leave_us)}, but the battery published at"
                    f" {at(call.start_us)}, after the mode change at {at(mode.leave_us)}, says {not expected}",
                    event.leave,
                    mode.leave,
                    call.start,
                )
    return HELD if exercised else NOT_EXERCISED


def _connection(updates: Updates, kind: str, call: Publish) -> Handler | None:
    events = [run for run in updates.view.handled(COMPONENT, kind) if run.enter < call.start]
    return events[-1] if events else None


def _connected(updates: Updates, event: Handler) -> bool | None:
    """What a connection event said. An MQTT status is known by its place in the queue, where that is certain."""
    if event.kind == "tinybms":
        return event.event == 6
    runs = updates.view.handled(COMPONENT, "mqtt")
    sent = [call for call in updates.view.publishes if call.kind == "other" and call.event == event.event]
    said = [_said(call) for call in sent]
    if len(set(said)) == 1:
        return said[0]
    in_turn = all(one.end < other.start for one, other in pairwise(sent)) and all(call.accepted for call in sent)
    index = runs.index(event)
    return said[index] if in_turn and index < len(said) else None


def _said(call: Publish) -> bool | None:
    told = call.operation is not None and call.operation.name == "bus.mqtt"
    return bool(call.operation.invocation.arguments[0]) if call.operation is not None and told else None


def _overridden(updates: Updates, event: Handler, call: Publish, bit: int, expected: bool) -> bool:
    """Whether something else than the mode change may have changed the flag.

    That is an S3 record with flags of its own, or reads that say more about the connection than the last event.
    """
    records = (run for run in updates.view.handled(COMPONENT, "battery") if event.enter < run.enter < call.start)
    if any(bool(int(run.fields.get("flags", 0)) & bit) != expected for run in records):
        return True
    reads = (read for read in updates.view.reads if event.enter < read.position < call.start)
    return bit == 8 and any(bool(read["ok"]) != expected for read in reads)


def atomic_mode_reset(execution: Execution, setting: Setting) -> Judgement:
    """tm.atomic-mode-reset: no publish call that starts after the mode handler returned shows the old pack."""
    updates = _updates(execution, setting)
    exercised = False
    for call in updates.publishes:
        mode = _mode_before(updates, call) if call.kind == "pack" else None
        if mode is None or not _had_pack(updates, mode):
            continue
        exercised = True
        old = _old_cell(updates, mode, call)
        if old is not None:
            return violated(
                f"the pack published at {at(call.start_us)} still shows {_value_of(call, old)}, which the mode change"
                f" handled by {at(mode.leave_us)} had to clear",
                mode.leave,
                call.start,
            )
    return HELD if exercised else NOT_EXERCISED


def _had_pack(updates: Updates, mode: Handler) -> bool:
    return any(isinstance(slot, int) for u in updates.updates if u.handler.enter < mode.enter for slot in u.slots)


def _old_cell(updates: Updates, mode: Handler, call: Publish) -> int | None:
    """A cell that nothing applied since the mode handler was entered can explain."""
    reset = next(update for update in updates.updates if update.handler is mode)
    autonomous = not mode.fields.get("expected")
    sources = sources_of("pack", call.fields)
    for slot, value in enumerate(tokens.cells_of(call.fields)):
        since = any(high > mode.enter for _, high in updates.productions(slot, value))
        # A mode event that changed nothing, or the first one where the mode before is unknown, need not clear the
        # pack; but cells of the source that is now switched off are old in any case.
        switched_off = slot in sources and stale_token({slot: sources[slot]}, autonomous) is not None
        if value != 0.0 and not since and (switched_off or not reset.optional):
            return slot
    return None
