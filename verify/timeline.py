"""One history, indexed once, for all invariants to read: handlers, publish calls, deliveries, HTTP posts, metrics.

Intervals are closed: a handler that entered at position 7 and returned at 12 may have taken effect anywhere in
between. What has not ended ends at NEVER. A `View` judges nothing; it only pairs records. Records that do not pair
(a return without its entry, in a history that was cut) are left out.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from p4verify.verify.execution import Execution
from p4verify.verify.history import Observation, Operation
from p4verify.verify.limits import limit, tick_us
from p4verify.verify.points import Point, read_point
from p4verify.verify.program import Value
from p4verify.verify.verdict import Setting

NEVER = sys.maxsize
"""Position and time of what did not end."""

KINDS = {
    1: "battery",
    2: "pack",
    3: "system",
    4: "mode",
    5: "register",
    6: "tinybms",
    7: "tinybms",
    8: "mqtt",
    9: "stats",
    10: "config",
    11: "alerts",
    12: "alerts",
}
EVENTS = {"battery": 1, "pack": 2, "system": 3, "mode": 4, "register": 5}
FURTHER_EVENTS = {"stats": 9, "config": 10, "alerts": 0}
"""Not every firmware has them. Alerts are of two types, which a publication does not tell apart."""
Fields = Mapping[str, Value]
Content = tuple[Value, ...]


def content(event: int, fields: Fields) -> Content:
    """What identifies an event's payload, seen when published or when delivered: its type, and all but the first field.

    Fields come in the order of their signature, which begins with the serial or with the subscriber.
    """
    _, *rest = fields.values()
    return (event, *rest)


class Handler:
    """One run of a subscriber's callback. `fields` is the payload it was given, empty for events without one."""

    __slots__ = (
        "component",
        "content",
        "enter",
        "enter_us",
        "event",
        "fields",
        "kind",
        "leave",
        "leave_us",
        "subscriber",
        "task",
    )

    def __init__(self, record: Observation, component: str) -> None:
        fields = record.fields
        self.subscriber = int(fields["subscriber"])
        self.event = int(fields["event"])
        self.kind = KINDS.get(self.event, "other")
        self.component = component
        self.task = record.task
        self.enter, self.enter_us = record.position, record.time_us
        self.leave = self.leave_us = NEVER
        self.fields: Fields = {}
        self.content: Content = (self.event,)


class Publish:
    """One call of event_bus_publish. `component` is who called it, "" when a `bus.` operation of the program did."""

    __slots__ = (
        "accepted",
        "component",
        "content",
        "end",
        "end_us",
        "event",
        "fields",
        "handler",
        "kind",
        "operation",
        "start",
        "start_us",
        "task",
    )

    def __init__(self, record: Observation, operation: Operation | None, handler: Handler | None) -> None:
        self.kind = record.observer[len("bus.publish.") :]
        self.fields = record.fields
        self.event = EVENTS.get(self.kind) or FURTHER_EVENTS.get(self.kind) or int(record.fields.get("event", 0))
        self.content = content(self.event, record.fields)
        self.task = record.task
        self.start, self.start_us = record.position, record.time_us
        self.end = self.end_us = NEVER
        self.accepted: bool | None = None
        self.operation, self.handler = operation, handler
        self.component = _publisher(self.kind, record.task, operation, handler)


class Post:
    """One HTTP request of the publisher. `point` is None when the body is none, and `problem` says why."""

    __slots__ = ("end", "end_us", "ok", "point", "problem", "serial", "start", "start_us", "task")

    def __init__(self, record: Observation) -> None:
        self.serial = int(record["serial"])
        self.task = record.task
        self.start, self.start_us = record.position, record.time_us
        self.end = self.end_us = NEVER
        self.ok: bool | None = None
        self.point: Point | None = None
        self.problem = ""
        try:
            self.point = read_point(str(record["body"]))
        except ValueError as error:
            self.problem = str(error)


_TASKS = {
    "net_pub": "network_publisher",
    "telemetry_poll": "telemetry_model",
    "tinybms_io": "tinybms_client",
    "tinybms_rx": "tinybms_client",
}
BOOT_TASK = "main"
_CALLED = {"re": "remote_event_adapter", "tc": "tinybms_client"}
_RESTORED = frozenset({"battery", "pack", "config", "system", "alerts"})


def _publisher(kind: str, task: str, operation: Operation | None, handler: Handler | None) -> str:
    """Whose publish call it is: the program's, of the component that it called, a subscriber's, or of a task's owner.

    While the firmware boots, the gateway's adapter publishes what it restores, and the TinyBMS client that it is there.
    """
    if operation is not None:
        return _CALLED.get(operation.name.partition(".")[0], "")
    if handler is not None:
        return handler.component
    if task == BOOT_TASK:
        return "remote_event_adapter" if kind in _RESTORED else "tinybms_client"
    return _TASKS.get(task, "telemetry_model")


_DELIVERIES = tuple(f"deliver.{kind}" for kind in (*EVENTS, *FURTHER_EVENTS))
_PUBLICATIONS = tuple(f"bus.publish.{kind}" for kind in (*EVENTS, *FURTHER_EVENTS, "other"))


KEPT_VIEWS = 4
"""An execution with power cuts has one for each of its boots."""


class View:
    """The index of one execution. Lists are in the order of their records."""

    _recent: ClassVar[tuple[View, ...]] = ()

    def __init__(self, execution: Execution, setting: Setting) -> None:
        self.execution = execution
        self.setting = setting
        self.history = execution.history
        self.components: dict[int, str] = {}
        self.subscribed: dict[int, tuple[int, int]] = {}
        """Subscriber -> (event, position of the subscription)."""
        self.handlers: list[Handler] = []
        self.publishes: list[Publish] = []
        self.posts: list[Post] = []
        self.builds: list[Observation] = []
        self.reads: list[Observation] = []
        """Register reads of the TinyBMS double (tm.read)."""
        self._open: dict[str, list[Handler]] = {}
        self._calls: dict[int, Publish] = {}
        self._requests: dict[int, Post] = {}
        self._operations = self._by_task()
        actions = self._actions()
        for record in self.history.observations:
            action = actions.get(record.observer)
            if action is not None:
                action(record)

    @classmethod
    def of(cls, execution: Execution, setting: Setting) -> View:
        """The view of this execution; the last ones are kept, so that all invariants share them."""
        for view in cls._recent:
            if view.execution is execution and view.setting is setting:
                return view
        view = cls(execution, setting)
        cls._recent = (view, *cls._recent[: KEPT_VIEWS - 1])
        return view

    def _actions(self) -> dict[str, Callable[[Observation], None]]:
        return {
            "bus.subscribe": self._subscribe,
            "handler.enter": self._enter,
            "handler.return": self._return,
            "bus.published": self._published,
            "http.request": self._request,
            "http.response": self._response,
            "np.built": self.builds.append,
            "tm.read": self.reads.append,
            **dict.fromkeys(_DELIVERIES, self._deliver),
            **dict.fromkeys(_PUBLICATIONS, self._publish),
        }

    def _by_task(self) -> dict[str, list[Operation]]:
        operations: dict[str, list[Operation]] = {}
        for operation in reversed(self.history.operations):
            operations.setdefault(operation.task, []).append(operation)
        return operations

    def operation_at(self, task: str, position: int) -> Operation | None:
        """The program's operation that this task is performing. Positions must be asked in ascending order."""
        waiting = self._operations.get(task)
        while waiting and waiting[-1].returned is not None and waiting[-1].returned < position:
            waiting.pop()
        return waiting[-1] if waiting and waiting[-1].invoked <= position else None

    def _subscribe(self, record: Observation) -> None:
        fields = record.fields
        subscriber = int(fields["subscriber"])
        self.components[subscriber] = str(fields["component"])
        self.subscribed[subscriber] = (int(fields["event"]), record.position)

    def _enter(self, record: Observation) -> None:
        handler = Handler(record, self.components.get(int(record.fields["subscriber"]), ""))
        self.handlers.append(handler)
        self._open.setdefault(record.task, []).append(handler)

    def _deliver(self, record: Observation) -> None:
        running = self._open.get(record.task)
        if running:
            handler = running[-1]
            handler.fields = record.fields
            handler.content = content(handler.event, record.fields)

    def _return(self, record: Observation) -> None:
        running = self._open.get(record.task)
        if running and running[-1].subscriber == record.fields["subscriber"]:
            handler = running.pop()
            handler.leave, handler.leave_us = record.position, record.time_us

    def _publish(self, record: Observation) -> None:
        running = self._open.get(record.task)
        operation = self.operation_at(record.task, record.position)
        call = Publish(record, operation, running[-1] if running else None)
        self.publishes.append(call)
        self._calls[int(record["serial"])] = call

    def _published(self, record: Observation) -> None:
        call = self._calls.pop(int(record["serial"]), None)
        if call is not None:
            call.end, call.end_us, call.accepted = record.position, record.time_us, bool(record["accepted"])

    def _request(self, record: Observation) -> None:
        post = Post(record)
        self.posts.append(post)
        self._requests[post.serial] = post

    def _response(self, record: Observation) -> None:
        post = self._requests.pop(int(record["serial"]), None)
        if post is not None:
            post.end, post.end_us, post.ok = record.position, record.time_us, bool(record["ok"])

    @cached_property
    def margin_us(self) -> int:
        """What any timing judgement allows: one tick, and the time that passed early."""
        return tick_us(self.setting) + self.execution.slack_us

    @cached_property
    def moments(self) -> tuple[list[int], list[int]]:
        """Times and positions of all records, both ascending."""
        moments = [(record.position, record.time_us) for record in self.history.observations]
        for operation in self.history.operations:
            moments.append((operation.invoked, operation.invoked_us))
            if operation.returned is not None and operation.returned_us is not None:
                moments.append((operation.returned, operation.returned_us))
        moments.sort()
        return [time for _, time in moments], [position for position, _ in moments]

    def last_before(self, time_us: int) -> int:
        """The last position before this time, -1 when there is none."""
        times, positions = self.moments
        index = bisect_left(times, time_us)
        return positions[index - 1] if index else -1

    def first_after(self, time_us: int) -> int:
        """The first position after this time, NEVER when there is none."""
        times, positions = self.moments
        index = bisect_right(times, time_us)
        return positions[index] if index < len(positions) else NEVER

    @cached_property
    def rest_us(self) -> int:
        """A task that was not seen to do anything for longer has blocked."""
        return round(limit(self.setting, "rest_ms") * 1000) + self.execution.slack_us

    @cached_property
    def post_at(self) -> dict[int, Post]:
        """The posts by the position at which they started."""
        return {post.start: post for post in self.posts}

    @cached_property
    def _by_observer(self) -> dict[str, list[Observation]]:
        records: dict[str, list[Observation]] = {}
        for record in self.history.observations:
            records.setdefault(record.observer, []).append(record)
        return records

    def seen(self, *observers: str) -> list[Observation]:
        """The observations of these observers, in order."""
        if len(observers) == 1:
            return self._by_observer.get(observers[0], [])
        records = [record for observer in observers for record in self._by_observer.get(observer, [])]
        return sorted(records, key=lambda record: record.position)

    @cached_property
    def activity(self) -> dict[str, list[tuple[int, int]]]:
        """Per task, the (position, time) of what it was seen to do."""
        activity: dict[str, list[tuple[int, int]]] = {}
        for record in self.history.observations:
            activity.setdefault(record.task, []).append((record.position, record.time_us))
        return activity

    @cached_property
    def _by_component(self) -> dict[tuple[str, str], list[Handler]]:
        runs: dict[tuple[str, str], list[Handler]] = {}
        for handler in self.handlers:
            runs.setdefault((handler.component, handler.kind), []).append(handler)
        return runs

    def handled(self, component: str, *kinds: str) -> list[Handler]:
        """The runs of a component's handlers for these kinds of event, in order."""
        if len(kinds) == 1:
            return self._by_component.get((component, kinds[0]), [])
        runs = [run for kind in kinds for run in self._by_component.get((component, kind), [])]
        return sorted(runs, key=lambda run: run.enter)

    def published(self, component: str, *kinds: str) -> list[Publish]:
        """The publish calls of a component."""
        return [call for call in self.publishes if call.component == component and call.kind in kinds]

    @cached_property
    def _by_subscriber(self) -> dict[str, dict[int, list[Handler]]]:
        runs: dict[str, dict[int, list[Handler]]] = {}
        for handler in self.handlers:
            runs.setdefault(handler.kind, {}).setdefault(handler.subscriber, []).append(handler)
        return runs

    def delivered(self, kind: str) -> dict[int, list[Handler]]:
        """Per subscriber of a kind, what it was given, in order."""
        return self._by_subscriber.get(kind, {})

    @cached_property
    def _by_content(self) -> dict[Content, list[Publish]]:
        calls: dict[Content, list[Publish]] = {}
        for call in self.publishes:
            calls.setdefault(call.content, []).append(call)
        return calls

    def origins(self, run: Handler) -> list[Publish]:
        """The publish calls, begun before this delivery, whose record was exactly what was delivered."""
        return [call for call in self._by_content.get(run.content, ()) if call.start < run.enter]


def at(time_us: int) -> str:
    """A time for people."""
    return f"{time_us / 1_000_000:.3f} s"


def metrics(view: View, name: str) -> Sequence[Operation]:
    """The reads of a metrics operation that returned, by invocation."""
    return [operation for operation in view.history.calls(name) if operation.results is not None]
