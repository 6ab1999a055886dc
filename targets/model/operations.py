"""The operations that a program may call, and what observers report: the signatures of the C adapters, by name.

Names and fields are those of targets/firmware/adapters, so that the same programs run on the model and the same
invariants judge it; a test compares them with what the simulator says of itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from p4verify.targets.model.bms_codes import COUNTERS, LATENCY_FIELDS, Outcome
from p4verify.targets.model.event_bus import EventBus
from p4verify.targets.model.events import (
    BATTERY_SIGNATURE,
    PACK_SIGNATURE,
    SHOWN,
    Event,
    battery_of,
    pack_of,
    register_number,
    update_of,
)
from p4verify.targets.model.memory import Record
from p4verify.targets.model.steps import Steps
from p4verify.targets.protocol.description import Description, ObserverKind, OperationKind
from p4verify.targets.protocol.signature import Signature
from p4verify.verify.program import Value
from p4verify.verify.tokens import FIRST_CELL, REGISTER_KEYS

HISTORY_CAPACITY = 1 << 20


class Publisher(Protocol):
    """What operations call of the network publisher."""

    def metrics(self) -> Steps[Record]: ...


class Firmware(Protocol):
    """A firmware that has booted, as operations see it."""

    @property
    def bus(self) -> EventBus: ...

    @property
    def publisher(self) -> Publisher: ...

    @property
    def client(self) -> Client: ...

    @property
    def gateway(self) -> Gateway: ...

    @property
    def frames(self) -> Frames: ...


class Client(Protocol):
    """What operations call of the TinyBMS client."""

    def read(self, address: int) -> Steps[Outcome]: ...

    def write(self, address: int, value: int) -> Steps[Outcome]: ...

    def restart(self) -> Steps[Outcome]: ...

    def state(self) -> Steps[int]: ...

    def stats(self) -> Steps[Record]: ...


class Gateway(Protocol):
    """What operations call of the remote event adapter."""

    def on_telemetry_json(self, text: str) -> Steps[None]: ...

    def on_event_json(self, text: str) -> Steps[None]: ...

    def on_alerts_json(self, text: str) -> Steps[None]: ...

    def on_mqtt_status_json(self, text: str) -> Steps[None]: ...

    def on_http_response(self, path: str, status: int, body: str | None) -> Steps[None]: ...

    def on_network_online(self) -> Steps[None]: ...

    def set_operation_mode(self, mode: int, *, expected: bool) -> Steps[None]: ...


class Frames(Protocol):
    """Who sees a frame before the firmware does, and after it."""

    def comes(self, token: int, variant: int, *, whole: bool) -> None: ...

    def taken(self, *, whole: bool) -> None: ...


Call = Callable[[Firmware, tuple[Value, ...]], Steps[Record]]


@dataclass(frozen=True, slots=True)
class OperationRow:
    """An operation with its signatures, as an adapter declares it."""

    name: str
    arguments: str
    results: str
    call: Call


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a firmware of the model offers."""

    operations: tuple[OperationRow, ...]
    observers: tuple[tuple[str, str], ...]

    def description(self, firmware: str, identity: str) -> Description:
        """As a target's HELLO."""
        operations = (
            OperationKind(number, row.name, Signature.parse(row.arguments), Signature.parse(row.results))
            for number, row in enumerate(self.operations)
        )
        observers = (
            ObserverKind(number, name, Signature.parse(fields)) for number, (name, fields) in enumerate(self.observers)
        )
        return Description(firmware, identity, 0, 0, HISTORY_CAPACITY, tuple(operations), tuple(observers))

    def calls(self) -> dict[str, Call]:
        """The operations by name."""
        return {row.name: row.call for row in self.operations}


# ---- the agent's own ----


def _idle(_firmware: Firmware, _arguments: tuple[Value, ...]) -> Steps[Record]:
    """Only waits, by its delay."""
    yield from ()
    return {}


AGENT_OPERATIONS = (OperationRow("agent.idle", "", "", _idle),)


# ---- event_bus ----


def _publish(firmware: Firmware, kind: str, payload: Record | None = None) -> Steps[Record]:
    return {"accepted": (yield from firmware.bus.publish(Event(kind, payload)))}


def _battery(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (token,) = arguments
    return (yield from _publish(firmware, "battery", battery_of(int(token))))


def _pack(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    token, cells = arguments
    return (yield from _publish(firmware, "pack", pack_of(int(token), int(cells))))


def _system(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (reachable,) = arguments
    status = {"wifi": reachable, "server": reachable, "mode": 0, "expected": True}
    return (yield from _publish(firmware, "system", status))


def _mode(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (autonomous,) = arguments
    return (yield from _publish(firmware, "mode", {"mode": int(autonomous), "expected": not autonomous}))


def _register(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    """A number that no register has is not accepted, and reaches nobody."""
    register, token = (int(argument) for argument in arguments)
    known = register < len(REGISTER_KEYS) or register_number(register - FIRST_CELL) is not None
    if not known or len(REGISTER_KEYS) <= register < FIRST_CELL:
        return {"accepted": False}
    return (yield from _publish(firmware, "register", update_of(register, token)))


def _tinybms(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (connected,) = arguments
    return (yield from _publish(firmware, "connected" if connected else "disconnected"))


def _mqtt(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (connected,) = arguments
    return (yield from _publish(firmware, "mqtt", {"connected": connected}))


def _bus_metrics(firmware: Firmware, _arguments: tuple[Value, ...]) -> Steps[Record]:
    return (yield from firmware.bus.metrics())


_ACCEPTED = "accepted:bool"
BUS_OPERATIONS = (
    OperationRow("bus.battery", "token:u32", _ACCEPTED, _battery),
    OperationRow("bus.pack", "token:u32,cells:u8", _ACCEPTED, _pack),
    OperationRow("bus.system", "reachable:bool", _ACCEPTED, _system),
    OperationRow("bus.mode", "autonomous:bool", _ACCEPTED, _mode),
    OperationRow("bus.register", "register:u8,token:u32", _ACCEPTED, _register),
    OperationRow("bus.tinybms", "connected:bool", _ACCEPTED, _tinybms),
    OperationRow("bus.mqtt", "connected:bool", _ACCEPTED, _mqtt),
    OperationRow(
        "bus.metrics", "",
        "subscribers:u32,published_total:u32,queue_capacity:u32,messages_waiting:u32,dropped_events:u32", _bus_metrics,
    ),
)  # fmt: skip
_SHOWN = tuple(shown for shown in SHOWN.values() if shown.signature)
BUS_OBSERVERS = (
    *((f"bus.publish.{shown.observer}", f"serial:u32,{shown.signature}") for shown in _SHOWN),
    *((f"deliver.{shown.observer}", f"subscriber:u8,{shown.signature}") for shown in _SHOWN),
    ("bus.publish.other", "serial:u32,event:u8,type:u32"),
    ("bus.published", "serial:u32,accepted:bool"),
    ("bus.subscribe", "subscriber:u8,event:u8,component:str"),
    ("handler.enter", "subscriber:u8,event:u8,digest:u32"),
    ("handler.return", "subscriber:u8,event:u8"),
    ("gui.battery", BATTERY_SIGNATURE),
    ("gui.pack", PACK_SIGNATURE),
    ("tm.read", "address:u16,ok:bool,token:u32"),
)


# ---- network_publisher ----

_METRICS = (
    "last_sync_ms:u64,buffered_points:u32,buffer_capacity:u32,publish_errors:u32,published_points:u32,"
    "last_duration_ms:u32"
)


def _np_metrics(firmware: Firmware, _arguments: tuple[Value, ...]) -> Steps[Record]:
    return (yield from firmware.publisher.metrics())


def publisher_operation(*, overwritten: bool) -> OperationRow:
    """np.metrics; with the counter of overwritten points where the firmware has one."""
    return OperationRow("np.metrics", "", _METRICS + (",overwritten:u32" if overwritten else ""), _np_metrics)


PUBLISHER_OBSERVERS = (
    ("http.request", "serial:u32,body:str"),
    ("http.response", "serial:u32,ok:bool"),
    ("np.built", ""),
)


# ---- tinybms_client ----


def _tc_read(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (address,) = arguments
    result, value = yield from firmware.client.read(int(address))
    return {"result": result, "value": value}


def _tc_write(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    address, value = arguments
    result, verified = yield from firmware.client.write(int(address), int(value))
    return {"result": result, "verified": verified}


def _tc_restart(firmware: Firmware, _arguments: tuple[Value, ...]) -> Steps[Record]:
    result, _ = yield from firmware.client.restart()
    return {"result": result}


def _tc_stats(firmware: Firmware, _arguments: tuple[Value, ...]) -> Steps[Record]:
    return (yield from firmware.client.stats())


def _tc_state(firmware: Firmware, _arguments: tuple[Value, ...]) -> Steps[Record]:
    return {"state": (yield from firmware.client.state())}


def stats_signature(*, latency: bool) -> str:
    """The statistics' fields; with latency and depth where the firmware has them."""
    return ",".join(f"{name}:u32" for name in (*COUNTERS, *(LATENCY_FIELDS if latency else ())))


def client_operations(*, latency: bool) -> tuple[OperationRow, ...]:
    """tc.*; results are 0, or an esp_err_t."""
    return (
        OperationRow("tc.read", "address:u16", "result:i32,value:u16", _tc_read),
        OperationRow("tc.write", "address:u16,value:u16", "result:i32,verified:u16", _tc_write),
        OperationRow("tc.restart", "", "result:i32", _tc_restart),
        OperationRow("tc.stats", "", stats_signature(latency=latency), _tc_stats),
        OperationRow("tc.state", "", "state:u8", _tc_state),
    )


def client_observers(*, latency: bool) -> tuple[tuple[str, str], ...]:
    """Of the wire, and of the event with the statistics."""
    signature = stats_signature(latency=latency)
    return (
        ("uart.tx", "bytes:bytes"),
        ("bms.request", "serial:u32,kind:u8,address:u16,value:u16"),
        ("bms.answer", "serial:u32,kind:u8,address:u16,value:u16"),
        ("bus.publish.stats", f"serial:u32,{signature}"),
        ("deliver.stats", f"subscriber:u8,{signature}"),
    )
