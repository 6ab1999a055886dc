"""Records that belong together: a handler's entry and return, a publish call, an HTTP request with its response.

Intervals are closed: a handler that entered at position 7 and returned at 12 may have taken effect anywhere in
between. What has not ended ends at NEVER. Nothing here judges.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from p4verify.verify.history import Observation, Operation
from p4verify.verify.points import Point, read_point
from p4verify.verify.program import Value
from p4verify.verify.remembered import remembered

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
_NUMBERS = EVENTS | FURTHER_EVENTS
Fields = Mapping[str, Value]
Content = tuple[Value, ...]


def content(event: int, fields: Fields) -> Content:
    """What identifies an event's payload, seen when published or when delivered: its type, and all but the first field.

    Fields come in the order of their signature, which begins with the serial or with the subscriber.
    """
    return (event, *_contents(fields))


@remembered
def _contents(fields: Fields) -> Content:
    return tuple(fields.values())[1:]


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

    def __init__(self, record: Observation, components: Mapping[int, str]) -> None:
        self.subscriber, self.event, self.kind, self.content = _entered(record.fields)
        self.component = components.get(self.subscriber, "")
        self.task = record.task
        self.enter, self.enter_us = record.position, record.time_us
        self.leave = self.leave_us = NEVER
        self.fields: Fields = _NO_FIELDS


_NO_FIELDS: Fields = {}


@remembered
def _entered(fields: Fields) -> tuple[int, int, str, Content]:
    """Subscriber, event, kind, and the content of an event without payload."""
    event = int(fields["event"])
    return int(fields["subscriber"]), event, KINDS.get(event, "other"), (event,)


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
        self.event = _NUMBERS.get(self.kind) or int(record.fields.get("event", 0))
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
