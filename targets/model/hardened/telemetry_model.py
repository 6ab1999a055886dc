"""telemetry_model.c, hardened: one writer, one lock, and publications of what changed significantly.

- The callbacks (in the dispatch task) are the only writers of measurements; telemetry_poll only asks for reads.
- What is published is decided, copied and handed to the bus under one mutex, so that the bus sees states in the order
  in which they existed, and nothing of an old mode after the mode's callback has returned.
- The first significant change is published at once; those that follow within the interval are merged, and a timer
  publishes them even when nothing else happens.
- A measurement that no register has delivered is never shown.
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.doubles import Reads
from p4verify.targets.model.esp_timer import EspTimer
from p4verify.targets.model.events import BATTERY, FLAGS, NO_BATTERY, NO_PACK, PACK, Event, address_of
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.hardened.telemetry_fields import (
    ALL_KNOWN,
    FIELDS,
    Significance,
    apply_battery_register,
    set_cell,
)
from p4verify.targets.model.memory import Memory
from p4verify.targets.model.rtos import Mutex, clock_us, delay_ms
from p4verify.targets.model.steps import Steps
from p4verify.verify.tokens import register_slot

TASK_PRIORITY: Final = 5
POLL_PERIOD_MS, POLL_GAP_MS = 500, 20
SCHEDULING_MARGIN_MS: Final = 10


class TelemetryModel:
    """The component. Steps between `take` and `give` touch state that nobody else touches meanwhile."""

    def __init__(self, board: Board, bms: Reads) -> None:
        self._board, self._bms = board, bms
        self._lock = Mutex(board.kernel, "s_state_lock")
        self._timer = EspTimer(board.timers, board.kernel, self._on_publish_timer)
        self._significance = Significance(board.config)
        self._interval_us = (board.number("CONFIG_TELEMETRY_MODEL_MIN_PUBLISH_MS") - SCHEDULING_MARGIN_MS) * 1000
        self.s_state = Memory(
            "s_state", timer_armed=False, next_publish_us=0, telemetry_expected=True, battery_known=0,
            battery_shown=False, dirty_battery=False, dirty_pack=False,
        )  # fmt: skip
        for name, layout, zero in (("battery", BATTERY, NO_BATTERY), ("pack", PACK, NO_PACK)):
            self.s_state.add_record(name, layout, zero)
            self.s_state.add_record(f"shown_{name}", layout, zero)

    def boot(self) -> Steps[None]:
        """telemetry_model_init and telemetry_model_start."""
        bus = self._board.bus
        yield from bus.subscribe("telemetry_model", "register", self._on_register_updated)
        yield from bus.subscribe("telemetry_model", "mode", self._on_operation_mode)
        yield from bus.subscribe("telemetry_model", "mqtt", self._on_mqtt_status)
        yield from bus.subscribe("telemetry_model", "connected", self._on_tinybms_link)
        yield from bus.subscribe("telemetry_model", "disconnected", self._on_tinybms_link)
        self._board.kernel.create("telemetry_poll", self._poll_task(), TASK_PRIORITY)

    # ---- deciding and publishing: the lock is held ----

    def _update_dirty(self) -> Steps[None]:
        s, differs = self.s_state, self._significance
        battery_dirty = pack_dirty = False
        if not (yield from s.read("telemetry_expected")):
            if (yield from s.read("battery_known")) == ALL_KNOWN:
                battery, shown = (yield from s.load("battery")), (yield from s.load("shown_battery"))
                unseen = not (yield from s.read("battery_shown"))
                battery_dirty = unseen or differs.battery_differs(battery, shown)
            pack, shown = (yield from s.load("pack")), (yield from s.load("shown_pack"))
            pack_dirty = differs.pack_differs(pack, shown)
        yield from s.write("dirty_battery", battery_dirty)
        yield from s.write("dirty_pack", pack_dirty)

    def _publish(self, name: str) -> Steps[None]:
        """What the bus refuses stays dirty."""
        s = self.s_state
        record = yield from s.load(name)
        if (yield from self._board.bus.publish(Event(name, record))):
            yield from s.store(f"shown_{name}", record)
            if name == "battery":
                yield from s.write("battery_shown", True)
            yield from s.write(f"dirty_{name}", False)

    def _is_dirty(self) -> Steps[bool]:
        battery = yield from self.s_state.read("dirty_battery")
        return bool(battery or (yield from self.s_state.read("dirty_pack")))

    def _publish_updates(self) -> Steps[None]:
        """Publishes now what is due, and has the timer publish the rest."""
        s = self.s_state
        yield from self._update_dirty()
        if not (yield from self._is_dirty()):
            return
        now_us = yield from clock_us(self._board.kernel)
        if now_us >= (yield from s.read("next_publish_us")):
            for name in ("battery", "pack"):
                if (yield from s.read(f"dirty_{name}")):
                    yield from self._publish(name)
            yield from s.write("next_publish_us", now_us + self._interval_us)
        if (yield from self._is_dirty()) and not (yield from s.read("timer_armed")):
            wait_us = (yield from s.read("next_publish_us")) - now_us
            yield from self._timer.start_once(wait_us)
            yield from s.write("timer_armed", True)

    def _on_publish_timer(self) -> Steps[None]:
        yield from self._lock.take()
        yield from self.s_state.write("timer_armed", False)
        yield from self._publish_updates()
        yield from self._lock.give()

    # ---- applying: the lock is held ----

    def _apply_register_update(self, key: str, value: float) -> Steps[None]:
        s = self.s_state
        slot = register_slot(key)
        if slot is None:
            return
        if isinstance(slot[0], int):
            pack = yield from s.load("pack")
            set_cell(pack, slot[0], value)
            yield from s.store("pack", pack)
        else:
            battery, known = (yield from s.load("battery")), (yield from s.read("battery_known"))
            known = apply_battery_register(battery, known, key, value)
            yield from s.store("battery", battery)
            yield from s.write("battery_known", known)

    def _forget_measurements(self) -> Steps[None]:
        """The flags describe connections, not the source of the telemetry: they outlive its change."""
        s = self.s_state
        flags = yield from s.load("battery")
        yield from s.store("battery", {**NO_BATTERY, **{flag: flags[flag] for flag in FLAGS}})
        yield from s.write("battery_known", 0)
        yield from s.write("battery_shown", False)
        yield from s.store("pack", NO_PACK)
        yield from s.store("shown_pack", NO_PACK)
        yield from s.write("dirty_battery", False)
        yield from s.write("dirty_pack", False)

    # ---- telemetry_poll ----

    def _is_autonomous(self) -> Steps[bool]:
        yield from self._lock.take()
        expected = yield from self.s_state.read("telemetry_expected")
        yield from self._lock.give()
        return not expected

    def _poll_task(self) -> Steps[None]:
        """The value itself arrives as a register update; a failed read is tried again in the next cycle."""
        kernel = self._board.kernel
        while True:
            for register in range(len(FIELDS)):
                if not (yield from self._is_autonomous()):
                    break
                yield from self._bms.read(address_of(register))
                yield from delay_ms(kernel, POLL_GAP_MS)
            yield from delay_ms(kernel, POLL_PERIOD_MS)

    # ---- subscriptions: the dispatch task ----

    def _on_register_updated(self, event: Event) -> Steps[None]:
        update = event.seen()
        yield from self._lock.take()
        if not (yield from self.s_state.read("telemetry_expected")):
            yield from self._apply_register_update(update["key"], update["value"])
            yield from self._publish_updates()
        yield from self._lock.give()

    def _on_operation_mode(self, event: Event) -> Steps[None]:
        expected = event.seen()["expected"]
        yield from self._lock.take()
        if expected != (yield from self.s_state.read("telemetry_expected")):
            yield from self.s_state.write("telemetry_expected", expected)
            yield from self._forget_measurements()
        yield from self._lock.give()

    def _on_mqtt_status(self, event: Event) -> Steps[None]:
        yield from self._lock.take()
        yield from self.s_state.write("battery.mqtt_ok", event.seen()["connected"])
        yield from self._publish_updates()
        yield from self._lock.give()

    def _on_tinybms_link(self, event: Event) -> Steps[None]:
        connected = event.kind == "connected"
        yield from self._lock.take()
        yield from self.s_state.write("battery.tinybms_ok", connected)
        if not connected:
            yield from self.s_state.write("battery.bms_ok", False)
        yield from self._publish_updates()
        yield from self._lock.give()
