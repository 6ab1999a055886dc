"""network_publisher.c, hardened: three tasks with one job each, and `s_state` behind one lock.

- The callbacks (in the dispatch task) store what they were told and never send.
- net_sample builds one point a period and pushes it; it never waits for the network, so that the cadence is kept.
- net_pub alone takes points out and sends them, in the order in which they were built; it is woken once a period,
  which is also the retry, and by a status that reports a connection.
- What takes time (the post) works on a copy, outside the lock. A failed post changes no flag, so that no late failure
  undoes a newer reconnection.
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.events import BATTERY, NO_BATTERY, NO_PACK, PACK, Event
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.kernel import TICK_US
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.rtos import Mux, clock_us, delay_until, notify_give, notify_take, tick_count
from p4verify.targets.model.steps import Steps
from p4verify.targets.model.telemetry_point import CELL_NUMBERS, FIELDS, NO_POINT, NUMBERS, to_json

PUBLISHER_PRIORITY, SAMPLER_PRIORITY = 4, 5
COUNTERS: Final = ("last_sync_ms", "publish_errors", "published_points", "last_duration_ms", "overwritten")


class NetworkPublisher:
    """The component."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._depth = board.number("CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH")
        self._period = board.number("CONFIG_NETWORK_TELEMETRY_PERIOD_MS") * 1000 // TICK_US
        self._lock = Mux(board.kernel, "s_state_lock")
        self.s_state = Memory(
            "s_state", has_batt=False, has_pack=False, online=False, oldest=0, count=0, **dict.fromkeys(COUNTERS, 0)
        )
        self.s_state.add_record("last_batt", BATTERY, NO_BATTERY)
        self.s_state.add_record("last_pack", PACK, NO_PACK)
        for slot in range(self._depth):
            self.s_state.add_record(f"buffer[{slot}]", FIELDS, NO_POINT)

    def boot(self) -> Steps[None]:
        """network_publisher_init and network_publisher_start."""
        bus, kernel = self._board.bus, self._board.kernel
        yield from bus.subscribe("network_publisher", "battery", self._on_battery_status)
        yield from bus.subscribe("network_publisher", "pack", self._on_pack_stats)
        yield from bus.subscribe("network_publisher", "system", self._on_system_status)
        self._publisher = kernel.create("net_pub", self._publisher_task(), PUBLISHER_PRIORITY)
        kernel.create("net_sample", self._sampler_task(), SAMPLER_PRIORITY)

    # ---- the ring and the point: the lock is held ----

    def _drop_oldest(self) -> Steps[None]:
        s = self.s_state
        oldest = yield from s.read("oldest")
        yield from s.write("oldest", (oldest + 1) % self._depth)
        yield from s.add("count", -1)
        yield from s.add("overwritten", 1)

    def _push(self, point: Record) -> Steps[None]:
        s = self.s_state
        if (yield from s.read("count")) == self._depth:
            yield from self._drop_oldest()
        oldest, count = (yield from s.read("oldest")), (yield from s.read("count"))
        yield from s.store(f"buffer[{(oldest + count) % self._depth}]", point)
        yield from s.add("count", 1)

    def _pop(self) -> Steps[Record]:
        s = self.s_state
        oldest = yield from s.read("oldest")
        point = yield from s.load(f"buffer[{oldest}]")
        yield from s.write("oldest", (oldest + 1) % self._depth)
        yield from s.add("count", -1)
        return point

    def _put_back(self, point: Record) -> Steps[None]:
        """Where it was taken from. When newer points have filled the ring meanwhile, it is the one to give way."""
        s = self.s_state
        if (yield from s.read("count")) == self._depth:
            yield from s.add("overwritten", 1)
            return
        oldest = ((yield from s.read("oldest")) + self._depth - 1) % self._depth
        yield from s.write("oldest", oldest)
        yield from s.store(f"buffer[{oldest}]", point)
        yield from s.add("count", 1)

    def _build_point(self) -> Steps[Record]:
        """Stamp and values of one instant: those of the latest events whose callbacks have returned."""
        s = self.s_state
        self._board.recorder.observe("np.built", {})
        point = dict(NO_POINT)
        point["ts_ms"] = (yield from clock_us(self._board.kernel)) // 1000
        for _, field, _ in NUMBERS:
            point[field] = yield from s.read(f"last_batt.{field}")
        for _, field, _ in CELL_NUMBERS:
            point[field] = yield from s.read(f"last_pack.{field}")
        point["has_cells"] = yield from s.read("has_pack")
        return point

    # ---- net_sample ----

    def _push_sample(self) -> Steps[None]:
        """Nothing is sampled until a battery status is known."""
        yield from self._lock.enter()
        if (yield from self.s_state.read("has_batt")):
            point = yield from self._build_point()
            yield from self._push(point)
        yield from self._lock.exit()

    def _sampler_task(self) -> Steps[None]:
        """Keeps to the grid; periods that were missed altogether are not made up for."""
        kernel = self._board.kernel
        wake = yield from tick_count(kernel)
        while True:
            late = (yield from tick_count(kernel)) - wake
            wake += late - late % self._period + self._period
            yield from delay_until(kernel, wake)
            yield from self._push_sample()
            yield from notify_give(kernel, self._publisher)

    # ---- net_pub ----

    def _take_out(self) -> Steps[Record | None]:
        """The point to send next; None when there is none or the gateway cannot be reached."""
        point = None
        yield from self._lock.enter()
        if (yield from self.s_state.read("online")) and (yield from self.s_state.read("count")) > 0:
            point = yield from self._pop()
        yield from self._lock.exit()
        return point

    def _settle(self, point: Record, sent: bool, begun_us: int, ended_us: int) -> Steps[None]:
        """The outcome, the counters and the ring change in one critical section."""
        s = self.s_state
        yield from self._lock.enter()
        yield from s.write("last_duration_ms", (ended_us - begun_us) // 1000)
        if sent:
            yield from s.add("published_points", 1)
            yield from s.write("last_sync_ms", ended_us // 1000)
        else:
            yield from s.add("publish_errors", 1)
            yield from self._put_back(point)
        yield from self._lock.exit()

    def _send(self, point: Record) -> Steps[bool]:
        begun_us = yield from clock_us(self._board.kernel)
        sent = yield from self._board.http.post(to_json(point))
        ended_us = yield from clock_us(self._board.kernel)
        yield from self._settle(point, sent, begun_us, ended_us)
        return sent

    def _publisher_task(self) -> Steps[None]:
        while True:
            yield from notify_take(self._board.kernel)
            while (point := (yield from self._take_out())) is not None and (yield from self._send(point)):
                pass

    # ---- subscriptions: the dispatch task ----

    def _on_battery_status(self, event: Event) -> Steps[None]:
        yield from self._lock.enter()
        yield from self.s_state.store("last_batt", event.seen())
        yield from self.s_state.write("has_batt", True)
        yield from self._lock.exit()

    def _on_pack_stats(self, event: Event) -> Steps[None]:
        stats = event.seen()
        yield from self._lock.enter()
        yield from self.s_state.store("last_pack", stats)
        yield from self.s_state.write("has_pack", stats["cell_count"] > 0)
        yield from self._lock.exit()

    def _on_system_status(self, event: Event) -> Steps[None]:
        status = event.seen()
        online = bool(status["wifi"] and status["server"])
        yield from self._lock.enter()
        yield from self.s_state.write("online", online)
        yield from self._lock.exit()
        if online:
            yield from notify_give(self._board.kernel, self._publisher)

    # ---- the component's interface ----

    def metrics(self) -> Steps[Record]:
        """network_publisher_get_metrics: one snapshot under the lock."""
        metrics: Record = {}
        yield from self._lock.enter()
        for counter in COUNTERS:
            metrics[counter] = yield from self.s_state.read(counter)
        metrics["buffered_points"] = yield from self.s_state.read("count")
        yield from self._lock.exit()
        return {**metrics, "buffer_capacity": self._depth}
