"""network_publisher.c as found: the publisher's task and the dispatch task share `s_state` without a lock.

Any step of one can come between any two steps of the other: a point is built from half of an old and half of a new
event, two tasks drain one ring, counters are read while they change.
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.events import BATTERY, NO_BATTERY, NO_PACK, PACK, Event
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.rtos import clock_us, delay_ms
from p4verify.targets.model.steps import Steps
from p4verify.targets.model.telemetry_point import CELL_NUMBERS, FIELDS, NO_POINT, NUMBERS, to_json

TASK_PRIORITY: Final = 4


class NetworkPublisher:
    """The component."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._depth = board.number("CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH")
        self._period_ms = board.number("CONFIG_NETWORK_TELEMETRY_PERIOD_MS")
        self.s_state = Memory(
            "s_state", has_batt=False, has_pack=False, wifi_connected=False, server_reachable=False, head=0, tail=0,
            count=0, last_sync_ms=0, publish_errors=0, published_points=0, last_duration_ms=0,
        )  # fmt: skip
        self.s_state.add_record("last_batt", BATTERY, NO_BATTERY)
        self.s_state.add_record("last_pack", PACK, NO_PACK)
        for slot in range(self._depth):
            self.s_state.add_record(f"buffer[{slot}]", FIELDS, NO_POINT)

    def boot(self) -> Steps[None]:
        """network_publisher_init and network_publisher_start."""
        bus = self._board.bus
        yield from bus.subscribe("network_publisher", "battery", self._on_battery_status)
        yield from bus.subscribe("network_publisher", "pack", self._on_pack_stats)
        yield from bus.subscribe("network_publisher", "system", self._on_system_status)
        self._board.kernel.create("net_pub", self._publisher_task(), TASK_PRIORITY)

    # ---- the ring ----

    def _is_online(self) -> Steps[bool]:
        wifi = yield from self.s_state.read("wifi_connected")
        return bool(wifi and (yield from self.s_state.read("server_reachable")))

    def _buffer_push(self, point: Record) -> Steps[None]:
        """The oldest point gives way when the ring is full."""
        s = self.s_state
        if (yield from s.read("count")) == self._depth:
            yield from self._advance("tail")
            yield from s.add("count", -1)
        head = yield from s.read("head")
        yield from s.store(f"buffer[{head}]", point)
        yield from self._advance("head")
        yield from s.add("count", 1)

    def _buffer_peek(self) -> Steps[Record | None]:
        if (yield from self.s_state.read("count")) == 0:
            return None
        tail = yield from self.s_state.read("tail")
        return (yield from self.s_state.load(f"buffer[{tail}]"))

    def _buffer_pop(self) -> Steps[None]:
        if (yield from self.s_state.read("count")) == 0:
            return
        yield from self._advance("tail")
        yield from self.s_state.add("count", -1)

    def _advance(self, index: str) -> Steps[None]:
        value = yield from self.s_state.read(index)
        yield from self.s_state.write(index, (value + 1) % self._depth)

    # ---- points ----

    def _build_point(self) -> Steps[Record]:
        """Field by field, while both events may be changing."""
        s = self.s_state
        self._board.recorder.observe("np.built", {})
        point = dict(NO_POINT)
        point["ts_ms"] = (yield from clock_us(self._board.kernel)) // 1000
        for _, field, _ in NUMBERS:
            point[field] = yield from s.read(f"last_batt.{field}")
        point["has_cells"] = yield from s.read("has_pack")
        for _, field, _ in CELL_NUMBERS:
            point[field] = yield from s.read(f"last_pack.{field}")
        return point

    def _publish_point(self, point: Record) -> Steps[bool]:
        s, kernel = self.s_state, self._board.kernel
        start_us = yield from clock_us(kernel)
        sent = yield from self._board.http.post(to_json(point))
        end_us = yield from clock_us(kernel)
        yield from s.write("last_duration_ms", (end_us - start_us) // 1000)
        if sent:
            yield from s.add("published_points", 1)
            yield from s.write("last_sync_ms", end_us // 1000)
        else:
            yield from s.add("publish_errors", 1)
        return sent

    def _flush_buffer_if_online(self) -> Steps[None]:
        while (yield from self._is_online()):
            point = yield from self._buffer_peek()
            if point is None or not (yield from self._publish_point(point)):
                break
            yield from self._buffer_pop()

    def _publish_or_keep(self) -> Steps[None]:
        point = yield from self._build_point()
        yield from self._flush_buffer_if_online()
        online = yield from self._is_online()
        if not online or (yield from self.s_state.read("count")) > 0 or not (yield from self._publish_point(point)):
            yield from self._buffer_push(point)

    # ---- tasks ----

    def _publisher_task(self) -> Steps[None]:
        while True:
            yield from delay_ms(self._board.kernel, self._period_ms)
            if (yield from self.s_state.read("has_batt")):
                yield from self._publish_or_keep()

    def _on_battery_status(self, event: Event) -> Steps[None]:
        yield from self.s_state.store("last_batt", event.seen())
        yield from self.s_state.write("has_batt", True)

    def _on_pack_stats(self, event: Event) -> Steps[None]:
        yield from self.s_state.store("last_pack", event.seen())
        count = yield from self.s_state.read("last_pack.cell_count")
        yield from self.s_state.write("has_pack", count > 0)

    def _on_system_status(self, event: Event) -> Steps[None]:
        status = event.seen()
        yield from self.s_state.write("wifi_connected", status["wifi"])
        yield from self.s_state.write("server_reachable", status["server"])
        yield from self._flush_buffer_if_online()

    # ---- the component's interface ----

    def metrics(self) -> Steps[Record]:
        """network_publisher_get_metrics: one counter after the other."""
        s = self.s_state
        metrics: Record = {"last_sync_ms": (yield from s.read("last_sync_ms"))}
        metrics["buffered_points"] = yield from s.read("count")
        metrics["buffer_capacity"] = self._depth
        for counter in ("publish_errors", "published_points", "last_duration_ms"):
            metrics[counter] = yield from s.read(counter)
        return metrics
