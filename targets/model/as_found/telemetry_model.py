"""telemetry_model.c as found: the polling task and the dispatch task merge registers into one `s_state`, unlocked.

Each update works out the pack anew and hands the bus the shared state itself, so that the bus copies what others are
changing; the mode's flag changes, and nothing is forgotten.
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.doubles import Reads
from p4verify.targets.model.events import BATTERY, CELLS, NO_BATTERY, NO_PACK, PACK, Event, Place, address_of, single
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.memory import Memory
from p4verify.targets.model.rtos import delay_ms
from p4verify.targets.model.steps import Steps
from p4verify.verify.tokens import REGISTER_KEYS, register_slot

TASK_PRIORITY: Final = 5
POLL_PERIOD_MS, POLL_GAP_MS = 500, 20


class TelemetryModel:
    """The component."""

    def __init__(self, board: Board, bms: Reads) -> None:
        self._board, self._bms = board, bms
        self.s_state = Memory("s_state", telemetry_expected=True)
        self.s_state.add_record("battery", BATTERY, NO_BATTERY)
        self.s_state.add_record("pack", PACK, NO_PACK)

    def boot(self) -> Steps[None]:
        """telemetry_model_init and telemetry_model_start."""
        bus = self._board.bus
        yield from bus.subscribe("telemetry_model", "register", self._on_register_updated)
        yield from bus.subscribe("telemetry_model", "mode", self._on_operation_mode)
        yield from bus.subscribe("telemetry_model", "mqtt", self._on_mqtt_status)
        yield from bus.subscribe("telemetry_model", "connected", self._on_tinybms_link)
        yield from bus.subscribe("telemetry_model", "disconnected", self._on_tinybms_link)
        self._board.kernel.create("telemetry_poll", self._poll_task(), TASK_PRIORITY)

    # ---- merging and publishing ----

    def _publish_updates(self) -> Steps[None]:
        yield from self._board.bus.publish(Event("battery", Place(self.s_state, "battery")))
        if (yield from self.s_state.read("pack.cell_count")) > 0:
            yield from self._board.bus.publish(Event("pack", Place(self.s_state, "pack")))

    def _recalculate_cells(self) -> Steps[None]:
        """Cells at 0 mV have not been reported yet."""
        s = self.s_state
        total, known = 0.0, 0
        yield from s.write("pack.cell_min", 0.0)
        yield from s.write("pack.cell_max", 0.0)
        for index in range((yield from s.read("pack.cell_count"))):
            cell = yield from s.read(f"pack.{CELLS[index]}")
            if cell > 0.0:
                if known == 0 or cell < (yield from s.read("pack.cell_min")):
                    yield from s.write("pack.cell_min", cell)
                if cell > (yield from s.read("pack.cell_max")):
                    yield from s.write("pack.cell_max", cell)
                total, known = single(total + cell), known + 1
        delta = (yield from s.read("pack.cell_max")) - (yield from s.read("pack.cell_min"))
        yield from s.write("pack.cell_delta", delta)
        yield from s.write("pack.cell_avg", single(total / known) if known else 0.0)

    def _apply_cell(self, index: int, millivolts: float) -> Steps[None]:
        yield from self.s_state.write(f"pack.{CELLS[index]}", millivolts)
        if index >= (yield from self.s_state.read("pack.cell_count")):
            yield from self.s_state.write("pack.cell_count", index + 1)

    def _apply_battery(self, field: str, value: float) -> Steps[None]:
        s = self.s_state
        yield from s.write(f"battery.{field}", value)
        power = (yield from s.read("battery.voltage")) * (yield from s.read("battery.current"))
        yield from s.write("battery.power", single(power))
        yield from s.write("battery.bms_ok", True)

    def _apply_register_update(self, key: str, value: float) -> Steps[None]:
        slot = register_slot(key)
        if slot is None:
            return
        field, divisor = slot
        if isinstance(field, int):
            yield from self._apply_cell(field, value)
        else:
            yield from self._apply_battery(field, single(value / divisor))
        yield from self._recalculate_cells()
        yield from self._publish_updates()

    # ---- telemetry_poll ----

    def _poll_task(self) -> Steps[None]:
        kernel = self._board.kernel
        while True:
            if not (yield from self.s_state.read("telemetry_expected")):
                for register, key in enumerate(REGISTER_KEYS):
                    value = yield from self._bms.read(address_of(register))
                    if value is not None:
                        yield from self._apply_register_update(key, value)
                    yield from delay_ms(kernel, POLL_GAP_MS)
            yield from delay_ms(kernel, POLL_PERIOD_MS)

    # ---- subscriptions: the dispatch task ----

    def _on_register_updated(self, event: Event) -> Steps[None]:
        update = event.seen()
        if not (yield from self.s_state.read("telemetry_expected")):
            yield from self._apply_register_update(update["key"], update["value"])

    def _on_operation_mode(self, event: Event) -> Steps[None]:
        yield from self.s_state.write("telemetry_expected", event.seen()["expected"])

    def _publish_flags(self) -> Steps[None]:
        if not (yield from self.s_state.read("telemetry_expected")):
            yield from self._publish_updates()

    def _on_mqtt_status(self, event: Event) -> Steps[None]:
        yield from self.s_state.write("battery.mqtt_ok", event.seen()["connected"])
        yield from self._publish_flags()

    def _on_tinybms_link(self, event: Event) -> Steps[None]:
        connected = event.kind == "connected"
        yield from self.s_state.write("battery.tinybms_ok", connected)
        if not connected:
            yield from self.s_state.write("battery.bms_ok", False)
        yield from self._publish_flags()
