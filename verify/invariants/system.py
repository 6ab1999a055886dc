"""The firmware as a whole: sys.one-source, sys.no-deadlock, sys.settles."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from p4verify.verify import tokens
from p4verify.verify.boots import each_boot, lives
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.history import Operation
from p4verify.verify.invariants.event_bus import ending_words, in_bus
from p4verify.verify.invariants.gateway import COMPONENT as GATEWAY
from p4verify.verify.invariants.telemetry_records import stale_token
from p4verify.verify.invariants.telemetry_updates import Slot, slot_name, sources_of
from p4verify.verify.limits import limit
from p4verify.verify.timeline import NEVER, View, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Invariant, Judgement, Setting, violated

STUCK = frozenset({Outcome.DEADLOCK, Outcome.LIVELOCK, Outcome.HANG})
BROKEN = frozenset({Outcome.CRASH, Outcome.MEMORY, Outcome.ASSERTION, Outcome.MISUSE, Outcome.RESTART, Outcome.EXIT})


def one_source(execution: Execution, setting: Setting) -> Judgement:
    """sys.one-source: after a component's own mode handler returned, nothing it publishes comes from the other source.

    Of the publisher that holds for points built after it: buffered ones carry the stamp of their time.
    """
    view = View.of(execution, setting)
    exercised = False
    modes = {component: _modes(view, component) for component in ("telemetry_model", "network_publisher", GATEWAY)}
    for component, start, start_us, sources in _published(view) if any(modes.values()) else ():
        mode = _mode_of(view, modes.get(component, []), component, start=start, start_us=start_us)
        if mode is None or not sources:
            continue
        exercised = True
        stale = stale_token(sources, mode.autonomous)
        if stale is not None:
            return violated(
                f"{component} published {slot_name(stale[0])} from the {stale[1].value} at {at(start_us)}, after it had"
                f" switched to {'autonomous' if mode.autonomous else 'connected'} mode at {at(mode.leave_us)}",
                mode.leave,
                start,
            )
    return HELD if exercised else NOT_EXERCISED


def _published(view: View) -> list[tuple[str, int, int, Mapping[Slot, tokens.Source]]]:
    """Who published what, when: component, position, time at which it was built, and the sources of its values."""
    records: list[tuple[str, int, int, Mapping[Slot, tokens.Source]]] = [
        (call.component, call.start, call.start_us, sources_of(call.kind, call.fields))
        for call in view.publishes
        if call.component and call.kind in ("battery", "pack")
    ]
    for post in view.posts:
        if post.point is not None:
            sources = _sources(post.point.battery)
            records.append(("network_publisher", post.start, round(post.point.stamp_ms * 1000), sources))
    return records


@lru_cache(maxsize=1 << 12)
def _sources(battery: tuple[tuple[str, float], ...]) -> Mapping[Slot, tokens.Source]:
    """The sources that a point's battery tells."""
    shown = dict(battery)
    return {
        name: tokens.source_of(token)
        for name, token in tokens.battery_tokens(shown).items()
        if token and name in _TELLING and not tokens.is_ambiguous(name, shown[name])
    }


_TELLING = frozenset({"soc", "soh", "voltage", "current", "temperature"})


class _Mode(NamedTuple):
    """That a component is told a mode, from entry to return."""

    enter: int
    leave: int
    leave_us: int
    autonomous: bool


def _modes(view: View, component: str) -> list[_Mode]:
    """In the order in which they were told: by events, and the gateway's adapter also by a call."""
    events = view.handled(component, "mode")
    told = [_Mode(run.enter, run.leave, run.leave_us, not run.fields.get("expected")) for run in events]
    if component == GATEWAY:
        told += [_told(operation) for operation in view.calls("re.mode")]
    return sorted(told)


def _told(operation: Operation) -> _Mode:
    returned = (operation.returned, operation.returned_us)
    leave, leave_us = (NEVER if moment is None else moment for moment in returned)
    return _Mode(operation.invoked, leave, leave_us, bool(operation.invocation.arguments[0]))


def _mode_of(view: View, modes: list[_Mode], component: str, *, start: int, start_us: int) -> _Mode | None:
    """The component's mode when it built the record, None while unknown: before it was told one, and meanwhile."""
    told = [mode for mode in modes if mode.enter < start]
    margin = view.margin_us if component == "network_publisher" else 0
    settled = [mode for mode in told if mode.leave < start and mode.leave_us + margin <= start_us]
    if not settled or len(settled) < len(told):
        return None
    overlapping = len(settled) > 1 and settled[-2].leave > settled[-1].enter
    return None if overlapping else settled[-1]


def no_deadlock(execution: Execution, setting: Setting) -> Judgement:
    """sys.no-deadlock: no deadlock, no lost wake-up, no livelock."""
    ending = execution.ending
    if ending.outcome in STUCK:
        return violated(f"the firmware got stuck: {ending_words(ending)}", execution.history.end)
    ran = ending.outcome is Outcome.COMPLETED and any(task.invocations for task in setting.program.tasks)
    return HELD if ran else NOT_EXERCISED


def settles(execution: Execution, setting: Setting) -> Judgement:
    """sys.settles: the run ends by itself, and what the load left behind is done within `settle_ms`.

    Of an execution with power cuts that is the last boot.
    """
    execution, setting, _ = lives(execution, setting)[-1]
    ending = execution.ending
    if ending.outcome in BROKEN and not (ending.outcome is Outcome.MEMORY and in_bus(ending)):
        return violated(f"the run did not end by itself: {ending_words(ending)}", execution.history.end)
    loaded_us, loaded = execution.history.loaded_us, execution.history.loaded
    if ending.outcome is not Outcome.COMPLETED or loaded_us is None or loaded is None:
        return NOT_EXERCISED
    view = View.of(execution, setting)
    pending = next((operation for operation in view.history.operations if operation.returned is None), None)
    if pending is not None:
        return violated(f"{pending.name} of task {pending.task} never returned", pending.invoked)
    deadline = loaded_us + round(limit(setting, "settle_ms") * 1000) + view.margin_us
    if view.history.end_us < deadline - view.margin_us:
        return NOT_EXERCISED  # the program did not wait that long
    return _left_over(view, loaded, deadline) or HELD


def _left_over(view: View, loaded: int, deadline: int) -> Judgement | None:
    """An event published under load whose handlers had not returned by the deadline."""
    if not any(run.leave_us > deadline for run in view.handlers):
        return None
    for subscriber, (event, since) in view.subscribed.items():
        sent = sum(1 for c in view.publishes if c.event == event and c.accepted and since < c.start and c.end < loaded)
        runs = [handler for handler in view.handlers if handler.subscriber == subscriber][:sent]
        late = next((run for run in runs if run.leave_us > deadline), None)
        if late is not None:
            ended = "never" if late.leave == NEVER else f"only at {at(late.leave_us)}"
            return violated(
                f"the {late.kind} event given to {late.component or 'a subscriber'} at {at(late.enter_us)} was done"
                f" {ended}, later than the load's end and the settling time ({at(deadline)})",
                late.enter,
            )
    return None


_BUS = frozenset({"bus.subscribe", "handler.enter", "handler.return", "bus.published"})

SYSTEM = (
    Invariant(
        "sys.one-source",
        "After its own mode handler returned, a component publishes nothing from the other source",
        each_boot(one_source),
        _BUS | {"deliver.mode", "bus.publish.battery", "bus.publish.pack"},
    ),
    Invariant("sys.no-deadlock", "No deadlock, no lost wake-up, no livelock", no_deadlock, of_ending=True),
    Invariant("sys.settles", "Everything settles once the load has ended", settles),
)
