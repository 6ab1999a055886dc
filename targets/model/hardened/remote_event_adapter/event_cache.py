"""event_cache.c, hardened: the pending values, the task that writes them, and NVS.

Storing copies into RAM and never touches NVS. One lock guards the pending values and their schedules; it is held while
values are copied, never while NVS is called. What only its holder touches as a whole (a schedule, the last frame that
was flushed) is one word here. Nobody stops the task, so that stopping is left out; and since NVS stores a value whole
or not at all, so are version and checksum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from p4verify.targets.model.events import (
    BATTERY,
    CONFIG,
    CONFIG_BYTES,
    NO_BATTERY,
    NO_CONFIG,
    NO_PACK,
    PACK,
    TELEMETRY_BYTES,
)
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.hardened.remote_event_adapter.flush_schedule import NEVER, FlushSchedule
from p4verify.targets.model.hardened.remote_event_adapter.telemetry_frame import differs, is_plausible
from p4verify.targets.model.kernel import FOREVER, TICK_US
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.nvs import read_blob, write_blob
from p4verify.targets.model.rtos import Mutex, clock_us, notify_give, notify_take
from p4verify.targets.model.steps import Steps

NAMESPACE: Final = "hmi_cache"
TASK_PRIORITY: Final = 2
HEADER_BYTES: Final = 8
TICK_MS: Final = TICK_US // 1000


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that is kept: its key, its records in memory, and how many bytes its blob has."""

    key: str
    records: tuple[str, ...]
    bytes: int


TELEMETRY: Final = Slot("telemetry", ("battery", "pack"), HEADER_BYTES + TELEMETRY_BYTES)
CONFIGURATION: Final = Slot("config", ("config",), HEADER_BYTES + CONFIG_BYTES)


class EventCache:
    """The last telemetry and configuration, in NVS a little later. Values are their records by name."""

    def __init__(self, board: Board) -> None:
        self._kernel, self._nvs = board.kernel, board.nvs
        self._delta_mv = float(board.config["CONFIG_REMOTE_EVENT_CACHE_FLUSH_DELTA_MV"])
        self._lock = Mutex(board.kernel, "s_lock")
        schedule = FlushSchedule.of(board.config)
        self.s_cache = Memory("s_cache", telemetry=schedule, config=schedule, flushed=None, task=None)
        pending = {"battery": (BATTERY, NO_BATTERY), "pack": (PACK, NO_PACK), "config": (CONFIG, NO_CONFIG)}
        for name, (layout, zero) in pending.items():
            self.s_cache.add_record(name, layout, zero)

    def start(self) -> Steps[None]:
        """event_cache_start."""
        yield from self._lock.take()
        task = self._kernel.create("re_cache", self._flush_task(), TASK_PRIORITY)
        yield from self.s_cache.write("task", task)
        yield from self._lock.give()

    def _now_ms(self) -> Steps[int]:
        return (yield from clock_us(self._kernel)) // 1000

    # ---- pending values: the lock is held ----

    def _load(self, slot: Slot) -> Steps[Record]:
        value: Record = {}
        for record in slot.records:
            value[record] = yield from self.s_cache.load(record)
        return value

    def _store_value(self, slot: Slot, value: Mapping[str, Any]) -> Steps[None]:
        for record in slot.records:
            yield from self.s_cache.store(record, value[record])

    def _next_due(self) -> Steps[int]:
        telemetry: FlushSchedule = yield from self.s_cache.read("telemetry")
        config: FlushSchedule = yield from self.s_cache.read("config")
        return min(telemetry.due_ms, config.due_ms)

    def _store(self, slot: Slot, value: Record, now_ms: int, *, urgent: bool) -> Steps[None]:
        """What is equal needs no write. The task is woken only when it would sleep too long."""
        if (yield from self._load(slot)) == value:
            return
        yield from self._store_value(slot, value)
        due = yield from self._next_due()
        schedule: FlushSchedule = yield from self.s_cache.read(slot.key)
        yield from self.s_cache.write(slot.key, schedule.marked(now_ms, urgent=urgent))
        task = yield from self.s_cache.read("task")
        if task is not None and (yield from self._next_due()) < due:
            yield from notify_give(self._kernel, task)

    # ---- storing and restoring ----

    def store_telemetry(self, frame: Record) -> Steps[None]:
        """event_cache_store_telemetry."""
        now_ms = yield from self._now_ms()
        yield from self._lock.take()
        flushed = yield from self.s_cache.read("flushed")
        urgent = flushed is None or differs(frame, flushed, self._delta_mv)
        yield from self._store(TELEMETRY, frame, now_ms, urgent=urgent)
        yield from self._lock.give()

    def store_config(self, config: Record) -> Steps[None]:
        """event_cache_store_config."""
        now_ms = yield from self._now_ms()
        yield from self._lock.take()
        yield from self._store(CONFIGURATION, {"config": config}, now_ms, urgent=True)
        yield from self._lock.give()

    def restore_telemetry(self) -> Steps[Record | None]:
        """event_cache_restore_telemetry."""
        frame: Record | None = yield from read_blob(self._nvs, NAMESPACE, TELEMETRY.key, TELEMETRY.bytes)
        if frame is None or not is_plausible(frame):
            return None
        yield from self._lock.take()
        yield from self._store_value(TELEMETRY, frame)
        yield from self.s_cache.write("flushed", frame)
        yield from self._lock.give()
        return frame

    def restore_config(self) -> Steps[Record | None]:
        """event_cache_restore_config."""
        value: Record | None = yield from read_blob(self._nvs, NAMESPACE, CONFIGURATION.key, CONFIGURATION.bytes)
        if value is None:
            return None
        yield from self._lock.take()
        yield from self._store_value(CONFIGURATION, value)
        yield from self._lock.give()
        return dict(value["config"])

    # ---- re_cache ----

    def _flush(self, slot: Slot) -> Steps[None]:
        """What was there when the write began is written; what comes meanwhile stays dirty."""
        begun_ms = yield from self._now_ms()
        yield from self._lock.take()
        value = yield from self._load(slot)
        schedule: FlushSchedule = yield from self.s_cache.read(slot.key)
        yield from self.s_cache.write(slot.key, schedule.begun(begun_ms))
        if slot is TELEMETRY:
            yield from self.s_cache.write("flushed", value)
        yield from self._lock.give()
        written = yield from write_blob(self._nvs, NAMESPACE, slot.key, lambda: _taken(value), slot.bytes)
        ended_ms = yield from self._now_ms()
        yield from self._lock.take()
        schedule = yield from self.s_cache.read(slot.key)
        yield from self.s_cache.write(slot.key, schedule.ended(ended_ms, written=written))
        yield from self._lock.give()

    def _is_due(self, slot: Slot, now_ms: int) -> Steps[bool]:
        yield from self._lock.take()
        schedule: FlushSchedule = yield from self.s_cache.read(slot.key)
        yield from self._lock.give()
        return schedule.due_ms <= now_ms

    def _ticks_until(self, due_ms: int) -> Steps[int]:
        """At least one tick, and none too few."""
        now_ms = yield from self._now_ms()
        return FOREVER if due_ms == NEVER else max(due_ms - now_ms, 0) // TICK_MS + 1

    def _flush_task(self) -> Steps[None]:
        while True:
            yield from self._lock.take()
            due_ms = yield from self._next_due()
            yield from self._lock.give()
            yield from notify_take(self._kernel, (yield from self._ticks_until(due_ms)))
            for slot in (CONFIGURATION, TELEMETRY):
                if (yield from self._is_due(slot, (yield from self._now_ms()))):
                    yield from self._flush(slot)


def _taken(value: Record) -> Steps[Record]:
    """A copy that nobody else can see is taken in one go."""
    yield from ()
    return value
