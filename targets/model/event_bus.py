"""The event bus, the same in both firmwares: one queue of copied payloads and the task that calls the subscribers.

The spinlock covers the counters and the growth of the subscriber table. What is observed at publishing and at every
callback is what the adapter sees by wrapping both (adapters/event_bus.c).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from p4verify.targets.model.events import SHOWN, Event, Place, shown_fields
from p4verify.targets.model.kernel import Kernel
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.rtos import Mux, Queue
from p4verify.targets.model.steps import Steps

DISPATCH_PRIORITY: Final = 6
MOST_SUBSCRIBERS: Final = 32
Callback = Callable[[Event], Steps[None]]


class EventBus:
    """One bus; `init` is called once at boot."""

    def __init__(self, kernel: Kernel, recorder: Recorder, queue_length: int) -> None:
        self._kernel, self._recorder = kernel, recorder
        self._capacity = queue_length
        self._queue = Queue(kernel, queue_length)
        self._lock = Mux(kernel, "bus->lock")
        self._state = Memory("bus", subscriber_count=0, published_total=0, dropped_events=0)
        self._subscribers: list[tuple[str, Callback]] = []
        """Slots below the count never change again, so that they are read without the lock and take no steps."""
        self._publications = 0

    # ---- subscribing ----

    def subscribe(self, component: str, kind: str, callback: Callback) -> Steps[None]:
        """Has `callback` called in the dispatch task for every event of a kind."""
        number = len(self._subscribers)
        assert number < MOST_SUBSCRIBERS, "nobody in this tree subscribes that often"
        event = SHOWN[kind].number
        self._recorder.observe("bus.subscribe", {"subscriber": number, "event": event, "component": component})
        yield from self._lock.enter()
        self._subscribers.append((kind, callback))
        yield from self._state.add("subscriber_count", 1)
        yield from self._lock.exit()

    # ---- publishing ----

    def publish(self, event: Event) -> Steps[bool]:
        """Copies the event into the queue; False when that is full."""
        self._publications += 1
        serial = self._publications
        self._observe_publish(serial, event)
        accepted = yield from self._put(event)
        self._recorder.observe("bus.published", {"serial": serial, "accepted": accepted})
        return accepted

    def _put(self, event: Event) -> Steps[bool]:
        copy = yield from self._copied(event)
        accepted = yield from self._queue.send(copy)
        yield from self._lock.enter()
        yield from self._state.add("published_total" if accepted else "dropped_events", 1)
        yield from self._lock.exit()
        return accepted

    def _copied(self, event: Event) -> Steps[Event]:
        """Memory that others may be writing is copied word by word."""
        payload = event.payload
        if isinstance(payload, Place):
            payload = yield from payload.memory.load(payload.name)
        return Event(event.kind, payload)

    def _observe_publish(self, serial: int, event: Event) -> None:
        shown, fields = SHOWN[event.kind], shown_fields(event)
        if fields is None:
            other = {"serial": serial, "event": shown.number, "type": shown.type}
            self._recorder.observe("bus.publish.other", other)
        else:
            self._recorder.observe(f"bus.publish.{shown.observer}", {"serial": serial, **fields})

    # ---- dispatching ----

    def dispatch_task(self) -> Steps[None]:
        """The task that calls the subscribers."""
        while True:
            event = yield from self._queue.receive()
            yield from self._deliver(event)

    def _deliver(self, event: Event) -> Steps[None]:
        yield from self._lock.enter()
        count = yield from self._state.read("subscriber_count")
        yield from self._lock.exit()
        for number in range(count):
            kind, callback = self._subscribers[number]
            if kind == event.kind:
                yield from self._observed(number, event, callback)

    def _observed(self, number: int, event: Event, callback: Callback) -> Steps[None]:
        shown, fields = SHOWN[event.kind], shown_fields(event)
        digest = 0 if fields is None else zlib.crc32(repr(fields).encode())
        self._recorder.observe("handler.enter", {"subscriber": number, "event": shown.number, "digest": digest})
        if fields is not None:
            self._recorder.observe(f"deliver.{shown.observer}", {"subscriber": number, **fields})
        yield from callback(event)
        self._recorder.observe("handler.return", {"subscriber": number, "event": shown.number})

    # ---- metrics ----

    def metrics(self) -> Steps[Record]:
        """Both functions for metrics, one after the other."""
        state = self._state
        yield from self._lock.enter()
        subscribers = yield from state.read("subscriber_count")
        total = yield from state.read("published_total")
        yield from self._lock.exit()
        waiting = yield from self._queue.waiting()
        yield from self._lock.enter()
        dropped = yield from state.read("dropped_events")
        yield from self._lock.exit()
        return {"subscribers": subscribers, "published_total": total, "queue_capacity": self._capacity,
                "messages_waiting": waiting, "dropped_events": dropped}  # fmt: skip
