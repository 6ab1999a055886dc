"""remote_event_adapter.c, hardened: the gateway's callbacks, the state they share, and the events they publish.

- A callback parses without the lock, then changes the state, stores into the cache and publishes under s_state_lock:
  cache and bus see values in one order, battery and pack of a frame are published side by side, and nothing that was
  the network's to tell is published after a mode change was taken note of.
- The dispatch task brings mode changes and the TinyBMS's link, and changes the state only.
- NVS is the cache's business, in a task of its own.
"""

from __future__ import annotations

from typing import Any, Final

from p4verify.targets.model.events import CONFIG, NO_CONFIG, NO_SYSTEM, SYSTEM, Event
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.gateway_json import member
from p4verify.targets.model.hardened.remote_event_adapter.event_cache import EventCache
from p4verify.targets.model.hardened.remote_event_adapter.gateway_records import (
    alerts_of,
    configured,
    inner,
    mqtt_of,
    parse_object,
    system_flags,
)
from p4verify.targets.model.hardened.remote_event_adapter.telemetry_frame import parse_frame
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.rtos import Mutex
from p4verify.targets.model.steps import Steps

NETWORK_CONNECTING, NETWORK_ERROR, NETWORK_ACTIVE = 1, 2, 3
ONLINE: Final = {"wifi": True, "server": True, "error": False}


class RemoteEventAdapter:
    """The component. Steps between `take` and `give` touch state that nobody else touches meanwhile."""

    def __init__(self, board: Board) -> None:
        self._bus = board.bus
        self._cache = EventCache(board)
        self._lock = Mutex(board.kernel, "s_state_lock")
        self.s_state = Memory("s_state", mqtt_ok=False, tinybms_ok=False)
        self.s_state.add_record("system", SYSTEM, {**NO_SYSTEM, "storage": True, "expected": True})
        self.s_state.add_record("config", CONFIG, NO_CONFIG)

    def boot(self) -> Steps[None]:
        """remote_event_adapter_init and remote_event_adapter_start."""
        yield from self._bus.subscribe("remote_event_adapter", "mode", self._on_operation_mode)
        yield from self._bus.subscribe("remote_event_adapter", "connected", self._on_tinybms_link)
        yield from self._bus.subscribe("remote_event_adapter", "disconnected", self._on_tinybms_link)
        yield from self._restore_config()
        yield from self._restore_telemetry()
        yield from self._cache.start()

    # ---- publishing: the lock is held ----

    def _publish_system(self) -> Steps[None]:
        s = self.s_state
        wifi = yield from s.read("system.wifi")
        online = wifi and (yield from s.read("system.server"))
        state = NETWORK_ACTIVE if online else NETWORK_CONNECTING if wifi else NETWORK_ERROR
        yield from s.write("system.network", state)
        yield from self._bus.publish(Event("system", (yield from s.load("system"))))

    def _publish_frame(self, frame: Record) -> Steps[None]:
        battery = dict(frame["battery"])
        for flag in ("mqtt_ok", "tinybms_ok"):
            battery[flag] = yield from self.s_state.read(flag)
        yield from self._bus.publish(Event("battery", battery))
        yield from self._bus.publish(Event("pack", frame["pack"]))

    # ---- telemetry ----

    def on_telemetry_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_telemetry_json."""
        frame = parse_frame(text)
        if frame is None:
            return
        yield from self._lock.take()
        yield from self._cache.store_telemetry(frame)
        if (yield from self.s_state.read("system.expected")):
            yield from self._publish_frame(frame)
        yield from self._lock.give()

    # ---- states ----

    def _write_system(self, **fields: Any) -> Steps[None]:
        for field, value in fields.items():
            yield from self.s_state.write(f"system.{field}", value)

    def on_event_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_event_json."""
        flags = system_flags(parse_object(text))
        yield from self._lock.take()
        if flags:
            yield from self._write_system(**flags)
            yield from self._publish_system()
        yield from self._lock.give()

    def on_mqtt_status_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_mqtt_status_json."""
        connected = mqtt_of(parse_object(text))
        if connected is None:
            return
        yield from self._lock.take()
        yield from self.s_state.write("mqtt_ok", connected)
        yield from self._bus.publish(Event("mqtt", {"connected": connected}))
        yield from self._lock.give()

    def on_network_online(self) -> Steps[None]:
        """remote_event_adapter_on_network_online."""
        yield from self._lock.take()
        yield from self._write_system(**ONLINE)
        yield from self._publish_system()
        yield from self._lock.give()

    def set_operation_mode(self, mode: int, *, expected: bool) -> Steps[None]:
        """remote_event_adapter_set_operation_mode."""
        yield from self._lock.take()
        yield from self._write_system(mode=mode, expected=expected)
        yield from self._publish_system()
        yield from self._lock.give()

    # ---- alerts ----

    def _publish_alerts(self, kind: str, alerts: Any) -> Steps[None]:
        record = alerts_of(alerts)
        if record is not None:
            yield from self._lock.take()
            yield from self._bus.publish(Event(kind, record))
            yield from self._lock.give()

    def on_alerts_json(self, text: str) -> Steps[None]:
        """remote_event_adapter_on_alerts_json."""
        root = parse_object(text)
        yield from self._publish_alerts("alerts_active", member(root, "active"))
        yield from self._publish_alerts("alerts_history", member(root, "history"))

    # ---- answers ----

    def _take_config(self, body: str) -> Steps[None]:
        value = inner(parse_object(body), "config")
        yield from self._lock.take()
        config = configured(value, (yield from self.s_state.load("config")))
        if config is not None:
            yield from self.s_state.store("config", config)
            yield from self._cache.store_config(config)
            yield from self._bus.publish(Event("config", config))
        yield from self._lock.give()

    def on_http_response(self, path: str, status: int, body: str | None) -> Steps[None]:
        """remote_event_adapter_on_http_response; of the history nobody here hears. A path may carry a query."""
        if body is None or not 200 <= status < 300:
            return
        resource = path.partition("?")[0]
        if resource == "/api/config":
            yield from self._take_config(body)
        elif resource == "/api/alerts":
            yield from self._publish_alerts("alerts_active", member(parse_object(body), "active"))
        elif resource == "/api/alerts/history":
            yield from self._publish_alerts("alerts_history", member(parse_object(body), "history"))
        elif resource == "/api/mqtt/status":
            yield from self.on_mqtt_status_json(body)

    # ---- subscriptions: the dispatch task ----

    def _on_operation_mode(self, event: Event) -> Steps[None]:
        change = event.seen()
        yield from self._lock.take()
        yield from self._write_system(mode=change["mode"], expected=change["expected"])
        yield from self._lock.give()

    def _on_tinybms_link(self, event: Event) -> Steps[None]:
        yield from self._lock.take()
        yield from self.s_state.write("tinybms_ok", event.kind == "connected")
        yield from self._lock.give()

    # ---- restoring ----

    def _restore_telemetry(self) -> Steps[None]:
        """Nobody has measured it since the boot: its flags say so."""
        frame = yield from self._cache.restore_telemetry()
        if frame is not None:
            battery = {**frame["battery"], "bms_ok": False, "can_ok": False}
            yield from self._lock.take()
            yield from self._publish_frame({**frame, "battery": battery})
            yield from self._lock.give()

    def _restore_config(self) -> Steps[None]:
        config = yield from self._cache.restore_config()
        if config is not None:
            yield from self._lock.take()
            yield from self.s_state.store("config", config)
            yield from self._bus.publish(Event("config", config))
            yield from self._lock.give()
