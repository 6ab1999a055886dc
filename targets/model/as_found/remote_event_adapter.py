"""remote_event_adapter.c as found: callbacks that write into shared state without a lock, publish it, and save it.

Any task may call them. Each one parses its text, writes member by member what it finds, has the bus copy the shared
records, and writes telemetry or configuration to NVS before it returns.
"""

from __future__ import annotations

from typing import Any, Final

from p4verify.targets.model import gateway_json as gateway
from p4verify.targets.model.events import (
    BATTERY,
    CELLS,
    CONFIG,
    CONFIG_BYTES,
    CONFIG_TEXTS,
    MAX_CELLS,
    NO_BATTERY,
    NO_CONFIG,
    NO_PACK,
    NO_SYSTEM,
    PACK,
    SYSTEM,
    TELEMETRY_BYTES,
    Event,
    Place,
)
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.gateway_json import ABSENT, member, text_of, to_int, to_single
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.nvs import read_blob, write_blob
from p4verify.targets.model.steps import Steps

NAMESPACE: Final = "hmi_cache"
NETWORK_ERROR, NETWORK_ACTIVE = 2, 3
MOST_ALERTS: Final = 32
BATTERY_MEMBERS: Final = (
    ("pack_voltage_v", "voltage"), ("pack_current_a", "current"), ("state_of_charge_pct", "soc"),
    ("state_of_health_pct", "soh"), ("average_temperature_c", "temperature"),
)  # fmt: skip
SYSTEM_FLAGS: Final = (
    ("wifi_connected", "wifi"), ("server_reachable", "server"), ("storage_ok", "storage"), ("has_error", "error"),
)  # fmt: skip
ALERT_NUMBERS: Final = ("id", "code", "severity", "timestamp_ms")


class RemoteEventAdapter:
    """The component."""

    def __init__(self, board: Board) -> None:
        self._bus, self._nvs = board.bus, board.nvs
        self.s_state = Memory("s_state", running=False)
        for name, layout, zero in (
            ("battery", BATTERY, NO_BATTERY), ("pack", PACK, NO_PACK), ("system", SYSTEM, NO_SYSTEM),
            ("config", CONFIG, NO_CONFIG), ("alerts", ("entries", "count"), {"entries": (), "count": 0}),
        ):  # fmt: skip
            self.s_state.add_record(name, layout, zero)

    def boot(self) -> Steps[None]:
        """remote_event_adapter_init and remote_event_adapter_start."""
        s, nvs = self.s_state, self._nvs
        yield from s.write("system.storage", True)
        yield from s.write("system.expected", True)
        config = yield from read_blob(nvs, NAMESPACE, "config", CONFIG_BYTES)
        if config is not None:
            yield from s.store("config", config)
            yield from self._publish("config", "config")
        telemetry = yield from read_blob(nvs, NAMESPACE, "telemetry", TELEMETRY_BYTES)
        if telemetry is not None:
            yield from s.store("battery", telemetry["battery"])
            yield from s.store("pack", telemetry["pack"])
            yield from self._publish_telemetry()
        yield from s.write("running", True)

    # ---- publishing: the bus copies the state itself ----

    def _publish(self, kind: str, record: str) -> Steps[None]:
        yield from self._bus.publish(Event(kind, Place(self.s_state, record)))

    def _publish_telemetry(self) -> Steps[None]:
        yield from self._publish("battery", "battery")
        if (yield from self.s_state.read("pack.cell_count")) > 0:
            yield from self._publish("pack", "pack")

    def _publish_system(self) -> Steps[None]:
        s = self.s_state
        online = (yield from s.read("system.wifi")) and (yield from s.read("system.server"))
        yield from s.write("system.network", NETWORK_ACTIVE if online else NETWORK_ERROR)
        yield from self._publish("system", "system")

    # ---- the cache in NVS: flash takes the state itself ----

    def _copied_telemetry(self) -> Steps[Record]:
        battery = yield from self.s_state.load("battery")
        return {"battery": battery, "pack": (yield from self.s_state.load("pack"))}

    def _copied_config(self) -> Steps[Record]:
        return (yield from self.s_state.load("config"))

    # ---- members ----

    def _read_number(self, value: Any, name: str, field: str) -> Steps[None]:
        number = member(value, name)
        if gateway.is_number(number):
            yield from self.s_state.write(field, to_single(number))

    def _read_integer(self, value: Any, name: str, field: str) -> Steps[None]:
        number = member(value, name)
        if gateway.is_number(number):
            yield from self.s_state.write(field, to_int(number))

    def _read_flag(self, value: Any, name: str, field: str) -> Steps[None]:
        flag = member(value, name)
        if isinstance(flag, bool):
            yield from self.s_state.write(field, flag)

    # ---- telemetry ----

    def _read_battery(self, value: Any) -> Steps[None]:
        s = self.s_state
        for name, field in BATTERY_MEMBERS:
            yield from self._read_number(value, name, f"battery.{field}")
        voltage, current = (yield from s.read("battery.voltage")), (yield from s.read("battery.current"))
        yield from s.write("battery.power", to_single(voltage * current))
        yield from s.write("battery.bms_ok", True)
        yield from s.write("battery.can_ok", True)

    def _summarize_cells(self) -> Steps[None]:
        s, total, index = self.s_state, 0.0, 0
        first = yield from s.read("pack.cells[0]")
        yield from s.write("pack.cell_min", first)
        yield from s.write("pack.cell_max", first)
        while index < (yield from s.read("pack.cell_count")):
            cell = yield from s.read(f"pack.{CELLS[index]}")
            if cell < (yield from s.read("pack.cell_min")):
                yield from s.write("pack.cell_min", cell)
            if cell > (yield from s.read("pack.cell_max")):
                yield from s.write("pack.cell_max", cell)
            total, index = to_single(total + cell), index + 1
        count = yield from s.read("pack.cell_count")
        yield from s.write("pack.cell_avg", to_single(total / count) if count > 0 else 0.0)

    def _read_cells(self, cells: list[Any]) -> Steps[None]:
        s = self.s_state
        yield from s.write("pack.cell_count", 0)
        for field, cell in zip(CELLS, cells[:MAX_CELLS], strict=False):
            yield from s.write(f"pack.{field}", to_single(cell) if gateway.is_number(cell) else 0.0)
            yield from s.add("pack.cell_count", 1)
        yield from self._summarize_cells()

    def _read_balancing(self, flags: Any) -> Steps[None]:
        if isinstance(flags, list) and flags:
            bits = yield from self.s_state.read("pack.balancing")
            for index, flag in enumerate(flags[:MAX_CELLS]):
                on = flag is True or (gateway.is_number(flag) and to_int(flag) != 0)
                bits = bits & ~(1 << index) | on << index
            yield from self.s_state.write("pack.balancing", bits)

    def _read_pack(self, value: Any) -> Steps[None]:
        s = self.s_state
        cells = member(value, "cell_voltage_mv")
        if isinstance(cells, list):
            yield from self._read_cells(cells)
        yield from self._read_balancing(member(value, "cell_balancing"))
        yield from self._read_number(value, "min_cell_mv", "pack.cell_min")
        yield from self._read_number(value, "max_cell_mv", "pack.cell_max")
        high, low = (yield from s.read("pack.cell_max")), (yield from s.read("pack.cell_min"))
        yield from s.write("pack.cell_delta", high - low)

    def on_telemetry_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_telemetry_json."""
        root = _parsed(text)
        if root is ABSENT or not (yield from self.s_state.read("running")):
            return
        battery = member(root, "battery")
        value = battery if isinstance(battery, dict) else root
        yield from self._read_battery(value)
        yield from self._read_pack(value)
        yield from self._publish_telemetry()
        yield from write_blob(self._nvs, NAMESPACE, "telemetry", self._copied_telemetry, TELEMETRY_BYTES)

    # ---- states ----

    def on_event_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_event_json."""
        root = _parsed(text)
        if root is not ABSENT:
            for name, field in SYSTEM_FLAGS:
                yield from self._read_flag(root, name, f"system.{field}")
            yield from self._publish_system()

    def on_mqtt_status_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_mqtt_status_json."""
        root = _parsed(text)
        if root is not ABSENT:
            connected = member(root, "enabled") is True and member(root, "connected") is True
            yield from self.s_state.write("battery.mqtt_ok", connected)
            yield from self._bus.publish(Event("mqtt", {"connected": connected}))

    def on_network_online(self) -> Steps[None]:
        """remote_event_adapter_on_network_online."""
        for field, value in (("wifi", True), ("server", True), ("error", False)):
            yield from self.s_state.write(f"system.{field}", value)
        yield from self._publish_system()

    def set_operation_mode(self, mode: int, *, expected: bool) -> Steps[None]:
        """remote_event_adapter_set_operation_mode."""
        yield from self.s_state.write("system.mode", mode)
        yield from self.s_state.write("system.expected", expected)
        yield from self._publish_system()

    # ---- alerts ----

    def _publish_alerts(self, kind: str, alerts: Any) -> Steps[None]:
        """Of an alert only its numbers are kept here, since nobody sees more than how many there are."""
        s = self.s_state
        if not isinstance(alerts, list):
            return
        yield from s.write("alerts.count", 0)
        for alert in alerts[:MOST_ALERTS]:
            numbers = tuple(member(alert, name) for name in ALERT_NUMBERS)
            count = yield from s.read("alerts.count")
            entries = yield from s.read("alerts.entries")
            yield from s.write("alerts.entries", (*entries[:count], numbers))
            yield from s.add("alerts.count", 1)
        yield from self._publish(kind, "alerts")

    def on_alerts_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_alerts_json."""
        root = _parsed(text)
        yield from self._publish_alerts("alerts_active", member(root, "active"))
        yield from self._publish_alerts("alerts_history", member(root, "history"))

    # ---- answers ----

    def _take_config(self, body: str) -> Steps[None]:
        root = _parsed(body)
        if root is ABSENT:
            return
        for name, size in CONFIG_TEXTS.items():
            text = member(root, name)
            if isinstance(text, str):
                yield from self.s_state.write(f"config.{name}", text_of(text, size))
        for name in ("can_bitrate", "uart_baudrate"):
            yield from self._read_integer(root, name, f"config.{name}")
        yield from self._publish("config", "config")
        yield from write_blob(self._nvs, NAMESPACE, "config", self._copied_config, CONFIG_BYTES)

    def on_http_response(self, path: str, status: int, body: str | None) -> Steps[None]:
        """remote_event_adapter_on_http_response; of the history nobody here hears."""
        if status != 200 or body is None:
            return
        if path == "/api/config":
            yield from self._take_config(body)
        elif path in ("/api/alerts", "/api/alerts/history"):
            yield from self.on_alerts_json(body)
        elif path == "/api/mqtt/status":
            yield from self.on_mqtt_status_json(body)


def _parsed(text: str) -> Any:
    """cJSON_Parse: a C string ends at its NUL."""
    return gateway.parse(text.split("\0", maxsplit=1)[0])
