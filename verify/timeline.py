"""One history, indexed once, for all invariants to read: handlers, publish calls, deliveries, HTTP posts, metrics.

A `View` judges nothing; it only pairs records. Records that do not pair (a return without its entry, in a history that
was cut) are left out. What is paired, and how intervals are to be read, is in `paired.py`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from p4verify.verify.execution import Execution
from p4verify.verify.history import Observation, Operation
from p4verify.verify.limits import limit, tick_us
from p4verify.verify.paired import (
    BOOT_TASK,
    EVENTS,
    FURTHER_EVENTS,
    KINDS,
    NEVER,
    Content,
    Fields,
    Handler,
    Post,
    Publish,
    content,
)
from p4verify.verify.verdict import Setting

__all__ = [
    "BOOT_TASK", "EVENTS", "INDEXED", "KINDS", "NEVER", "Content", "Fields", "Handler", "Post", "Publish", "View", "at",
    "metrics",
]  # fmt: skip

_DELIVERIES = tuple(f"deliver.{kind}" for kind in (*EVENTS, *FURTHER_EVENTS))
_PUBLICATIONS = tuple(f"bus.publish.{kind}" for kind in (*EVENTS, *FURTHER_EVENTS, "other"))
KEPT_VIEWS = 4
"""An execution with power cuts has one for each of its boots."""


class View:
    """The index of one execution. Lists are in the order of their records."""

    _recent: ClassVar[tuple[View, ...]] = ()
    _latest: ClassVar[View | None] = None

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
        self._seen: defaultdict[str, list[Observation]] = defaultdict(list)
        self._open: dict[str, list[Handler]] = {}
        self._calls: dict[int, Publish] = {}
        self._requests: dict[int, Post] = {}
        self._operations = self._by_task()
        actions = self._ACTIONS
        seen = self._seen
        for record in self.history.observations:
            observer = record.observer
            seen[observer].append(record)
            action = actions.get(observer)
            if action is not None:
                action(self, record)

    @classmethod
    def of(cls, execution: Execution, setting: Setting) -> View:
        """The view of this execution; the last ones are kept, so that all invariants share them."""
        latest = cls._latest
        if latest is not None and latest.execution is execution and latest.setting is setting:
            return latest
        cls._latest = view = cls._kept(execution, setting)
        return view

    @classmethod
    def _kept(cls, execution: Execution, setting: Setting) -> View:
        for view in cls._recent:
            if view.execution is execution and view.setting is setting:
                return view
        view = cls(execution, setting)
        cls._recent = (view, *cls._recent[: KEPT_VIEWS - 1])
        return view

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
        handler = Handler(record, self.components)
        self.handlers.append(handler)
        running = self._open.get(record.task)
        if running is None:
            self._open[record.task] = [handler]
        else:
            running.append(handler)

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

    def seen(self, *observers: str) -> list[Observation]:
        """The observations of these observers, in order."""
        if len(observers) == 1:
            return self._seen.get(observers[0], [])
        records = [record for observer in observers for record in self._seen.get(observer, ())]
        return sorted(records, key=lambda record: record.position)

    @cached_property
    def _by_name(self) -> dict[str, list[Operation]]:
        operations: defaultdict[str, list[Operation]] = defaultdict(list)
        for operation in self.history.operations:
            operations[operation.invocation.operation].append(operation)
        return dict(operations)

    def calls(self, *names: str) -> list[Operation]:
        """The operations of these names, by invocation."""
        if len(names) == 1:
            return self._by_name.get(names[0], [])
        operations = [operation for name in names for operation in self._by_name.get(name, [])]
        return sorted(operations, key=lambda operation: operation.invoked)

    @cached_property
    def activity(self) -> dict[str, list[tuple[int, int]]]:
        """Per task, the (position, time) of what it was seen to do."""
        activity: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for record in self.history.observations:
            activity[record.task].append((record.position, record.time_us))
        return dict(activity)

    @cached_property
    def _by_component(self) -> dict[tuple[str, str], list[Handler]]:
        runs: defaultdict[tuple[str, str], list[Handler]] = defaultdict(list)
        for handler in self.handlers:
            runs[handler.component, handler.kind].append(handler)
        return dict(runs)

    @cached_property
    def _by_runner(self) -> dict[str, list[Handler]]:
        runs: defaultdict[str, list[Handler]] = defaultdict(list)
        for handler in self.handlers:
            runs[handler.task].append(handler)
        return dict(runs)

    def ran(self, task: str) -> list[Handler]:
        """The handlers that this task ran, in order."""
        return self._by_runner.get(task, [])

    def handled(self, component: str, *kinds: str) -> list[Handler]:
        """The runs of a component's handlers for these kinds of event, in order."""
        if len(kinds) == 1:
            return self._by_component.get((component, kinds[0]), [])
        runs = [run for kind in kinds for run in self._by_component.get((component, kind), [])]
        return sorted(runs, key=lambda run: run.enter)

    def published(self, component: str, *kinds: str) -> list[Publish]:
        """The publish calls of a component."""
        calls = self._published_by.get(component, ())
        return [call for call in calls if call.kind in kinds]

    @cached_property
    def _published_by(self) -> dict[str, list[Publish]]:
        calls: defaultdict[str, list[Publish]] = defaultdict(list)
        for call in self.publishes:
            calls[call.component].append(call)
        return dict(calls)

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


    def _build(self, record: Observation) -> None:
        self.builds.append(record)

    def _read(self, record: Observation) -> None:
        self.reads.append(record)

    _ACTIONS: ClassVar[Mapping[str, Callable[[View, Observation], None]]] = {
        "bus.subscribe": _subscribe,
        "handler.enter": _enter,
        "handler.return": _return,
        "bus.published": _published,
        "http.request": _request,
        "http.response": _response,
        "np.built": _build,
        "tm.read": _read,
        **dict.fromkeys(_DELIVERIES, _deliver),
        **dict.fromkeys(_PUBLICATIONS, _publish),
    }


INDEXED = frozenset(View._ACTIONS)  # noqa: SLF001 (of this module)
"""The observers whose fields every view reads."""


def at(time_us: int) -> str:
    """A time for people."""
    return f"{time_us / 1_000_000:.3f} s"


def metrics(view: View, name: str) -> Sequence[Operation]:
    """The reads of a metrics operation that returned, by invocation."""
    return [operation for operation in view.calls(name) if operation.results is not None]
