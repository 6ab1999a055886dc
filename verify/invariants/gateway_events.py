"""What the gateway's adapter publishes: re.events-intact, re.cells-coherent and re.partial-frame.

Judged are the records that its publish calls were given and, where the bus delivered something else of them, that: the
bus copies during the call. Power is derived from voltage and current, since no frame has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from p4verify.verify import tokens
from p4verify.verify.execution import Execution
from p4verify.verify.invariants.gateway import (
    COMPONENT,
    NO_DATA,
    WHOLE_BATTERY,
    Frame,
    Gateway,
    Variant,
    battery_token,
    pack_token,
)
from p4verify.verify.invariants.telemetry_records import incoherent
from p4verify.verify.remembered import remembered
from p4verify.verify.timeline import NEVER, Fields, Handler, Publish, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated


class Shown(NamedTuple):
    """A record as it was published or delivered."""

    kind: str
    fields: Fields
    position: int
    time_us: int
    publish: Publish | None

    def describe(self) -> str:
        """Its tokens, or its cells."""
        if self.kind == "pack":
            return "cells [" + ", ".join(f"{cell:g}" for cell in tokens.cells_of(self.fields)) + "] mV"
        return tokens.describe({k: v for k, v in tokens.battery_tokens(self.fields).items() if k != "power"})


def _shown(gateway: Gateway) -> Iterator[Shown]:
    """The adapter's records, and what the bus delivered that nobody had published so."""
    for call in gateway.published:
        yield Shown(call.kind, call.fields, call.start, call.start_us, call)
    for kind in {call.kind for call in gateway.published}:
        deliveries = gateway.view.delivered(kind)
        for run in deliveries[min(deliveries)] if deliveries else ():
            if run.fields and not gateway.view.origins(run) and _is_ours(gateway, run):
                yield Shown(kind, run.fields, run.enter, run.enter_us, None)


def _is_ours(gateway: Gateway, run: Handler) -> bool:
    """Whether nobody else than the program had published such a record before."""
    calls = (call for call in gateway.view.publishes if call.kind == run.kind and call.start < run.enter)
    return {call.component for call in calls} - {""} == {COMPONENT}


def events_intact(execution: Execution, setting: Setting) -> Judgement:
    """re.events-intact: a battery or pack carries the token of one frame, and both of one callback that of the same."""
    exercised = False
    restored: set[int] = set()
    for gateway in Gateway.of(execution, setting):
        if gateway.foreign(gateway.history.end):
            return HELD if exercised else NOT_EXERCISED
        for shown in _shown(gateway):
            if _is_nothing(shown):
                continue
            exercised = True
            wrong = _torn(gateway, shown, restored)
            if wrong is not None:
                return wrong
        pair = _mismatched(gateway)
        if pair is not None:
            return pair
        restored.update(frame.token for frame in gateway.frames if frame.variant in WHOLE_BATTERY)
    return HELD if exercised else NOT_EXERCISED


def _is_nothing(shown: Shown) -> bool:
    if shown.kind == "pack":
        return not shown.fields["cell_count"]
    return not int(shown.fields["flags"]) & 1 and not any(float(shown.fields[name]) for name in tokens.BATTERY)


def _token(shown: Shown) -> int | None:
    if shown.kind == "pack":
        return pack_token(shown.fields)
    return battery_token(shown.fields) if _power_fits(shown.fields) else None


@remembered
def _power_fits(fields: Fields) -> bool:
    derived = float(fields["voltage"]) * float(fields["current"])
    power = float(fields["power"])
    return abs(power - derived) <= 0.01 + 1e-5 * abs(power)


def _torn(gateway: Gateway, shown: Shown, restored: set[int]) -> Judgement | None:
    token = _token(shown)
    if token is not None and (token in restored or _came_before(gateway, token, shown.position)):
        return None
    frames = [frame for frame in gateway.frames if frame.given < shown.position and frame.variant in WHOLE_BATTERY]
    what = "published" if shown.publish is not None else "delivered"
    power = "" if shown.kind == "pack" or _power_fits(shown.fields) else " and a power that is not theirs"
    parts = [frame.given for frame in frames if frame.token in _parts(shown)]
    return violated(
        f"the {shown.kind} {what} at {at(shown.time_us)} is of no frame that had arrived: {shown.describe()}{power}",
        *parts[-3:],
        shown.position,
    )


def _came_before(gateway: Gateway, token: int, position: int) -> bool:
    first = gateway.first_given.get(token)
    return first is not None and first < position


def _parts(shown: Shown) -> set[int | None]:
    if shown.kind == "battery":
        return set(tokens.battery_tokens(shown.fields).values())
    return {tokens.cells_token([cell]) for cell in tokens.cells_of(shown.fields)[::2]}


def _mismatched(gateway: Gateway) -> Judgement | None:
    """A battery and a pack of one callback that are of two frames."""
    for frame in gateway.whole:
        calls = gateway.published_within(frame)
        of = {call.kind: call for call in calls}
        if len(of) == 2:
            battery, pack = battery_token(of["battery"].fields), pack_token(of["pack"].fields)
            if battery != pack:
                return violated(
                    f"the callback of the frame of token {frame.token} at {at(frame.given_us)} published a battery of"
                    f" token {battery} beside a pack of token {pack}",
                    frame.given,
                    of["battery"].start,
                    of["pack"].start,
                )
    return None


def cells_coherent(execution: Execution, setting: Setting) -> Judgement:
    """re.cells-coherent: min, max, avg and delta are those of the pack's own cells, whatever the frame claims."""
    exercised = False
    for gateway in Gateway.of(execution, setting):
        for shown in _shown(gateway):
            if shown.kind != "pack" or not shown.fields["cell_count"]:
                continue
            exercised = True
            wrong = incoherent(shown.fields)
            if wrong is not None:
                return violated(f"the gateway's pack at {at(shown.time_us)} {wrong}", shown.position)
    return HELD if exercised else NOT_EXERCISED


def partial_frame(execution: Execution, setting: Setting) -> Judgement:
    """re.partial-frame: a frame without the data, or no telemetry at all, leaves the last good state alone.

    Its callback publishes nothing, or what had been published before. Of a frame without cells, that is the pack.
    """
    exercised = False
    for gateway in Gateway.of(execution, setting):
        if gateway.foreign(gateway.history.end):
            continue
        for frame in gateway.frames:
            if frame.variant not in NO_DATA | {Variant.WITHOUT_CELLS} or not _is_alone(gateway, frame):
                continue
            exercised = exercised or any(good.done < frame.given for good in gateway.whole)
            changed = _changed(gateway, frame)
            if changed is not None:
                return violated(
                    f"the frame of {_KINDS[Variant(frame.variant)]} at {at(frame.given_us)} changed the {changed.kind}"
                    f" that the adapter publishes to {Shown(changed.kind, changed.fields, 0, 0, changed).describe()}",
                    frame.given,
                    changed.start,
                )
    return HELD if exercised else NOT_EXERCISED


_KINDS = {
    Variant.WITHOUT_CELLS: "no cells",
    Variant.SOME_FIELDS: "some fields",
    Variant.FOREIGN: "another kind",
    Variant.CUT: "half its text",
    Variant.ABSURD: "absurd numbers",
    Variant.EMPTY: "no text",
    Variant.ENERGY_ONLY: "energy only",
}


def _is_alone(gateway: Gateway, frame: Frame) -> bool:
    others = (f for f in gateway.frames if f is not frame)
    texts = ((t.invoked, NEVER if t.returned is None else t.returned) for t in gateway.texts)
    return not any(other.overlaps(frame.given, frame.done) for other in others) and not any(
        first <= frame.done and frame.given <= last for first, last in texts
    )


def _changed(gateway: Gateway, frame: Frame) -> Publish | None:
    """What its callback published that is not what had been published last of its kind."""
    for call in gateway.published_within(frame):
        if frame.variant == Variant.WITHOUT_CELLS and call.kind == "battery":
            continue
        before = [c for c in gateway.published if c.kind == call.kind and c.start < frame.given]
        if not before or _measured(before[-1]) != _measured(call):
            return call
    return None


def _measured(call: Publish) -> tuple[object, ...]:
    names = tuple(tokens.BATTERY) if call.kind == "battery" else ("cell_min", "cell_max", "cell_delta", "cells")
    return tuple(call.fields[name] for name in names)
