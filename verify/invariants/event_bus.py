"""The event bus: bus.queue-bounded, bus.payload-safe, bus.per-publisher-order, bus.dispatcher-bounded.

The bus is judged by what it was given and what it delivered. A record whose owner changes it during the publish call
is that owner's fault, so payload and order are judged on what the program itself published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.history import Operation
from p4verify.verify.limits import config, limit, tick_us
from p4verify.verify.timeline import EVENTS, NEVER, Content, Fields, Handler, Publish, View, at, metrics
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Invariant, Judgement, Setting, violated

QUEUE = "CONFIG_EVENT_BUS_QUEUE_LENGTH"


def queue_bounded(execution: Execution, setting: Setting) -> Judgement:
    """bus.queue-bounded: never more waiting than the queue holds; every refusal is counted and nothing else is lost."""
    view = View.of(execution, setting)
    reads = metrics(view, "bus.metrics")
    for read in reads:
        wrong = _overfull(read, setting) or _miscounted(view, read)
        if wrong is not None:
            return violated(f"the bus metrics read at {at(read.invoked_us)} {wrong}", read.invoked, read.returned or 0)
    lost = _lost(view)
    return lost or (HELD if reads or view.publishes else NOT_EXERCISED)


def _overfull(read: Operation, setting: Setting) -> str | None:
    results = read.results or {}
    waiting, capacity = int(results["messages_waiting"]), int(results["queue_capacity"])
    if waiting > capacity:
        return f"say that {waiting} events wait in a queue of {capacity}"
    if QUEUE in setting.config and capacity != config(setting, QUEUE):
        return f"say that the queue holds {capacity}, but it is configured for {config(setting, QUEUE)}"
    return None


def _miscounted(view: View, read: Operation) -> str | None:
    """A refusal is counted somewhere inside its publish call."""
    dropped = int((read.results or {})["dropped_events"])
    returned = NEVER if read.returned is None else read.returned
    refused = [call for call in view.publishes if not call.accepted]
    least = sum(1 for call in refused if call.end < read.invoked)
    most = sum(1 for call in refused if call.start < returned)
    if least <= dropped <= most:
        return None
    expected = f"{least}" if least == most else f"{least} to {most}"
    return f"count {dropped} dropped events, but {expected} publish calls had been refused"


def _lost(view: View) -> Judgement | None:
    """Once everything has settled, each accepted event has been delivered to each of its subscribers."""
    if view.execution.ending.outcome is not Outcome.COMPLETED or view.history.loaded is None:
        return None
    if any(handler.leave == NEVER for handler in view.handlers):
        return None  # the dispatcher is held up: sys.settles says so
    if view.history.loaded_us is None or view.history.end_us - view.history.loaded_us < tick_us(view.setting):
        return None  # it ended before the dispatcher could run dry
    loaded = view.history.loaded
    waiting = Counter(call.event for call in view.publishes if call.accepted and call.end < loaded)
    delivered = Counter(handler.subscriber for handler in view.handlers)
    for subscriber, (event, since) in view.subscribed.items():
        if event == 0 or waiting[event] <= delivered[subscriber]:
            continue  # several types share number 0
        accepted = [c for c in view.publishes if c.event == event and c.accepted and since < c.start and c.end < loaded]
        if delivered[subscriber] < len(accepted):
            return violated(
                f"{len(accepted)} events of type {event} were accepted for subscriber {subscriber}"
                f" ({view.components[subscriber]}), but only {delivered[subscriber]} were delivered: the others were"
                " dropped without a count",
                *(call.start for call in accepted[-3:]),
            )
    return None


def payload_safe(execution: Execution, setting: Setting) -> Judgement:
    """bus.payload-safe: what a subscriber is given is what the program published, each record once."""
    if execution.ending.outcome is Outcome.MEMORY and in_bus(execution.ending):
        return violated(f"memory error in the event bus: {ending_words(execution.ending)}", execution.history.end)
    view = View.of(execution, setting)
    handling = _freed_under(view)
    if handling is not None:
        return violated(
            f"{handling.component or 'a subscriber'} was handling a {handling.kind} event when it met what had been"
            f" freed: {ending_words(execution.ending)}",
            handling.enter,
            execution.history.end,
        )
    exercised = False
    for kind in EVENTS:
        deliveries = view.delivered(kind)
        published = [c for c in view.publishes if c.kind == kind and c.accepted is not False] if deliveries else []
        same: dict[Content, list[Publish]] = {}
        for call in published:
            same.setdefault(call.content, []).append(call)
        for runs in deliveries.values():
            exercised = exercised or any(not call.component for call in published)
            wrong = _unpublished(runs, published, same)
            if wrong is not None:
                return wrong
    return HELD if exercised else NOT_EXERCISED


def _freed_under(view: View) -> Handler | None:
    """The handler that was running in the task that used memory after it had been freed: its payload is such memory."""
    ending = view.execution.ending
    if ending.outcome is not Outcome.MEMORY or "use after free" not in ending.detail:
        return None
    running = (run for run in reversed(view.handlers) if run.task == ending.task and run.leave == NEVER)
    return next(running, None)


def in_bus(ending: Ending) -> bool:
    """Whether a crash happened in or through the event bus."""
    return "event_bus" in ending.where or "event_bus" in ending.detail


def ending_words(ending: Ending) -> str:
    """The ending in one line."""
    task = f" in task {ending.task}" if ending.task else ""
    where = f" at {ending.where}" if ending.where else ""
    return f"{ending.outcome.value}{task}{where}" + (f": {ending.detail}" if ending.detail else "")


def _unpublished(
    runs: list[Handler], published: list[Publish], same: Mapping[Content, list[Publish]]
) -> Judgement | None:
    """One subscriber's deliveries against what was published, all of it and by content."""
    given: Counter[Content] = Counter()
    for run in runs:
        calls = same.get(run.content)
        times = given[run.content] if calls else 0
        if calls and times < len(calls) and calls[times].start < run.enter:
            given[run.content] = times + 1
            continue
        # What a component itself published may have been changed by its owner while the bus copied it.
        if not run.fields or any(call.component for call in published if call.start < run.enter):
            continue
        again = calls and times == len(calls)
        why = "again, although it was published once" if again else "but nobody published that"
        return violated(
            f"{run.component or 'a subscriber'} was given the {run.kind} {_words(run.fields)} at {at(run.enter_us)},"
            f" {why}",
            run.enter,
        )
    return None


def _words(fields: Fields) -> str:
    shown = ((name, value) for name, value in fields.items() if name not in ("serial", "subscriber", "cells"))
    return "{" + ", ".join(f"{name}={value!r}" for name, value in shown) + "}"


def per_publisher_order(execution: Execution, setting: Setting) -> Judgement:
    """bus.per-publisher-order: what one task published arrives in the order in which that task published it."""
    view = View.of(execution, setting)
    by_task = _of_one_task(view)
    owners = {key: task for task, keys in by_task.items() for key in keys}
    by_owner: dict[str | None, list[tuple[Content, Handler]]] = {}
    for key, run in _dispatched(view):
        by_owner.setdefault(owners.get(key), []).append((key, run))
    exercised = False
    for task, keys in by_task.items():
        arrived = by_owner.get(task, [])
        exercised = exercised or len(arrived) > 1
        swapped = _out_of_order(keys, arrived)
        if swapped is not None:
            return violated(
                f"task {task} published the {swapped[0].kind} {_words(swapped[0].fields)} before the {swapped[1].kind}"
                f" {_words(swapped[1].fields)}, but they were delivered the other way round",
                swapped[1].enter,
                swapped[0].enter,
            )
    return HELD if exercised else NOT_EXERCISED


def _of_one_task(view: View) -> dict[str, list[Content]]:
    """By task, in order, what it alone published and no one changed meanwhile, nor published from a component too."""
    owners: dict[Content, str | None] = {}
    for call in view.publishes:
        alone = owners.get(call.content, call.task) == call.task and not _may_change(call)
        owners[call.content] = call.task if alone else None
    keys: dict[str, list[Content]] = {}
    for call in view.publishes:
        mine = keys.setdefault(call.task, [])
        if call.accepted is not False and not _may_change(call) and owners[call.content] is not None:
            mine.append(call.content)
    return keys


def _may_change(call: Publish) -> bool:
    """Whether a component's record may change while the bus copies it: then it cannot be told from others."""
    return bool(call.component) and call.kind in ("battery", "pack", "system", "config", "alerts")


def _dispatched(view: View) -> list[tuple[Content, Handler]]:
    """What the dispatcher took from the queue, in order: for each event type, as its first subscriber saw it."""
    first: dict[int, int] = {}
    for subscriber, (event, _) in sorted(view.subscribed.items()):
        first.setdefault(event, subscriber)
    runs = [handler for handler in view.handlers if first.get(handler.event) == handler.subscriber and handler.fields]
    return [(run.content, run) for run in runs]


def _out_of_order(published: list[Content], arrived: list[tuple[Content, Handler]]) -> tuple[Handler, Handler] | None:
    """Two deliveries in the wrong order: the arrivals are no subsequence of what was published."""
    rest = 0
    for index, (key, run) in enumerate(arrived):
        place = next((place for place in range(rest, len(published)) if published[place] == key), None)
        if place is None:
            return (run, arrived[index - 1][1]) if index and arrived[index - 1][0] != key else None
        rest = place + 1
    return None


def dispatcher_bounded(execution: Execution, setting: Setting) -> Judgement:
    """bus.dispatcher-bounded: no subscriber holds the dispatcher for longer than the budget."""
    view = View.of(execution, setting)
    budget = round(limit(setting, "dispatcher_budget_ms") * 1000) + view.margin_us
    for handler in view.handlers:
        held = min(handler.leave_us, view.history.end_us) - handler.enter_us
        if held > budget:
            return violated(
                f"{handler.component or 'a subscriber'} held the dispatcher for {held / 1000:g} ms, with the"
                f" {handler.kind} event that it was given at {at(handler.enter_us)}",
                handler.enter,
                *([handler.leave] if handler.leave != NEVER else []),
            )
    return HELD if view.handlers else NOT_EXERCISED


_PUBLISHED = frozenset(f"bus.publish.{kind}" for kind in EVENTS) | {"bus.published", "bus.subscribe", "handler.enter"}
_DELIVERED = frozenset(f"deliver.{kind}" for kind in EVENTS)

EVENT_BUS = (
    Invariant(
        "bus.queue-bounded",
        "The queue is bounded, every refusal is counted, nothing else is lost",
        queue_bounded,
        _PUBLISHED | {"bus.metrics", "handler.return"},
    ),
    Invariant(
        "bus.payload-safe",
        "Subscribers are given what was published, copied, and never after it was freed",
        payload_safe,
        _PUBLISHED | _DELIVERED,
    ),
    Invariant(
        "bus.per-publisher-order",
        "Events of one publisher arrive in the order in which it published them",
        per_publisher_order,
        _PUBLISHED | _DELIVERED,
    ),
    Invariant(
        "bus.dispatcher-bounded",
        "No subscriber holds the dispatcher beyond the budget",
        dispatcher_bounded,
        frozenset({"handler.enter", "handler.return"}),
    ),
)
