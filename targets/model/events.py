"""What travels on the event bus: records, events, and what observers show of them.

A payload is either a record of its own (plain values) or a place in memory that others may be writing: publishing
copies it, and the copy of the latter can tear.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from p4verify.targets.model.memory import Memory, Record
from p4verify.verify import tokens

MAX_CELLS: Final = 32
BATTERY_FIELDS: Final = ("soc", "soh", "voltage", "current", "power", "temperature")
FLAGS: Final = ("bms_ok", "can_ok", "mqtt_ok", "tinybms_ok")
CELLS: Final = tuple(f"cells[{index}]" for index in range(MAX_CELLS))

BATTERY: Final = (*BATTERY_FIELDS, "+".join(FLAGS))
"""battery_status_t, word by word."""
APART: Final = 8
PACK: Final = (
    "cell_count", "cell_min", "cell_max", "cell_delta", "cell_avg", *CELLS[:APART], "+".join(CELLS[APART:]),
    "balancing", "bal_start", "bal_stop",
)  # fmt: skip
"""pack_stats_t. The cells after the eighth are one step, and so are the balancing flags: programs hardly use them, and
copying them one by one would double the time of every execution."""
SYSTEM: Final = ("wifi+server+storage+error", "network", "mode", "expected")
"""system_status_t. Its flags are bytes of one word, and so copied together."""
CONFIG_TEXTS: Final = {
    "wifi_ssid": 32, "wifi_password": 64, "static_ip": 16, "mqtt_broker": 64, "mqtt_topic_pub": 64,
    "mqtt_topic_sub": 64, "uart_parity": 2,
}  # fmt: skip
"""The texts of hmi_config_t with their sizes; each is one step, though its copy may tear in C."""
CONFIG: Final = (*list(CONFIG_TEXTS)[:-1], "can_bitrate", "uart_baudrate", "uart_parity")
"""hmi_config_t."""
TELEMETRY_BYTES, CONFIG_BYTES = 216, 316
"""sizeof of battery_status_t and pack_stats_t together, and of hmi_config_t."""
NO_SYSTEM: Final[Record] = {
    **dict.fromkeys(("wifi", "server", "storage", "error"), False), "network": 0, "mode": 0, "expected": False,
}  # fmt: skip
NO_CONFIG: Final[Record] = {**dict.fromkeys(CONFIG, ""), "can_bitrate": 0, "uart_baudrate": 0}
NO_BATTERY: Final[Record] = {**dict.fromkeys(BATTERY_FIELDS, 0.0), **dict.fromkeys(FLAGS, False)}
NO_PACK: Final[Record] = {
    "cell_count": 0, **dict.fromkeys(("cell_min", "cell_max", "cell_delta", "cell_avg", *CELLS), 0.0),
    "balancing": 0, "bal_start": 0.0, "bal_stop": 0.0,
}  # fmt: skip


def single(value: float) -> float:
    """The nearest float32."""
    (nearest,) = struct.unpack("<f", struct.pack("<f", value))
    return float(nearest)


@dataclass(frozen=True, slots=True)
class Place:
    """A record in memory that tasks share."""

    memory: Memory
    name: str


Payload = Record | Place | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of some kind: "battery", "pack", "system", "mode", "register", "connected", "disconnected", "mqtt",
    "stats", "config", "alerts_active", "alerts_history".
    """

    kind: str
    payload: Payload = None

    def seen(self) -> Record:
        """What a probe sees of the payload in this moment."""
        if isinstance(self.payload, Place):
            return self.payload.memory.seen(self.payload.name)
        return self.payload or {}


# ---- records of tokens ----


def battery_of(token: int) -> Record:
    """The battery of a token, as the S3 gateway sends it."""
    fields = tokens.battery(token)
    return {**{name: fields[name] for name in BATTERY_FIELDS}, **dict.fromkeys(FLAGS, False), "bms_ok": True,
            "can_ok": True}  # fmt: skip


def pack_of(token: int, cells: int) -> Record:
    """The pack of a token."""
    fields = tokens.pack(token, cells)
    values = tokens.cells_of(fields)
    known = {name: value for name, value in fields.items() if name in NO_PACK}
    return {**NO_PACK, **known, **dict(zip(CELLS, values, strict=False))}


_ADDRESSES: Final = (36, 38, 46, 45, 48)
"""Of registers 0 to 4; cell i is at address i."""


def address_of(register: int) -> int:
    """Where register number `register` of the catalogue lies."""
    return _ADDRESSES[register] if register < len(_ADDRESSES) else register - tokens.FIRST_CELL


def register_number(address: int) -> int | None:
    """The inverse; None where no register of telemetry lies."""
    if address in _ADDRESSES:
        return _ADDRESSES.index(address)
    return address + tokens.FIRST_CELL if 0 <= address < MAX_CELLS else None


_RAW: Final = ((4000, 25), (-5000, 25), (0, 25), (10000, -25), (-2000, 25))
"""Of registers 0 to 4 in the device's units: 10 mV, 10 mA, a tenth of a permille, 0.01 degrees; cells are in mV."""


def raw_of(register: int, token: int) -> int:
    """What a register holds for a token, as 16 bits."""
    offset, scale = _RAW[register] if register < len(_RAW) else (3000, 1)
    return (offset + scale * token) & 0xFFFF


def token_of(register: int, value: float) -> int:
    """The token of a register's user value, 0 when it is none's."""
    return next(
        (token for token in range(1, tokens.LAST + 1) if abs(tokens.register_value(register, token) - value) < SAME), 0
    )


SAME: Final = 1e-3


def update_of(register: int, token: int) -> Record:
    """The update of a register to the value of a token."""
    value = tokens.register_value(register, token)
    raw = int(value) & 0xFFFF
    return {"address": address_of(register), "raw": raw, "value": value, "key": tokens.register_key(register)}


# ---- what observers show ----


def _show_battery(record: Record) -> Record:
    flags = sum(bool(record[flag]) << bit for bit, flag in enumerate(FLAGS))
    return {**{name: record[name] for name in BATTERY_FIELDS}, "flags": flags}


def _show_pack(record: Record) -> Record:
    cells = [record[name] for name in CELLS[: record["cell_count"]]]
    shown = {name: record[name] for name in ("cell_count", "cell_min", "cell_max", "cell_delta", "cell_avg")}
    rest = {name: record[name] for name in ("bal_start", "bal_stop", "balancing")}
    return {**shown, **rest, "cells": tokens.pack_cells(cells)}


def _show_config(record: Record) -> Record:
    """Only what no secret can be in."""
    rates = {name: record[name] & 0xFFFFFFFF for name in ("can_bitrate", "uart_baudrate")}
    return {**rates, "topic": record["mqtt_topic_pub"]}


def _show(*names: str) -> Callable[[Record], Record]:
    return lambda record: {name: record[name] for name in names}


@dataclass(frozen=True, slots=True)
class Shown:
    """How an event is told: its number, and what is shown of its payload (None: nothing)."""

    number: int
    type: int
    """Of event_type_t."""
    observer: str = ""
    signature: str = ""
    show: Callable[[Record], Record] | None = None


BATTERY_SIGNATURE: Final = "soc:f32,soh:f32,voltage:f32,current:f32,power:f32,temperature:f32,flags:u8"
PACK_SIGNATURE: Final = (
    "cell_count:u8,cell_min:f32,cell_max:f32,cell_delta:f32,cell_avg:f32,bal_start:f32,bal_stop:f32,balancing:u32,"
    "cells:bytes"
)
SHOWN: Final[dict[str, Shown]] = {
    "battery": Shown(1, 0, "battery", BATTERY_SIGNATURE, _show_battery),
    "pack": Shown(2, 1, "pack", PACK_SIGNATURE, _show_pack),
    "system": Shown(
        3, 2, "system", "wifi:bool,server:bool,mode:u8,expected:bool", _show("wifi", "server", "mode", "expected")
    ),
    "mode": Shown(4, 3, "mode", "mode:u8,expected:bool", _show("mode", "expected")),
    "register": Shown(
        5, 7, "register", "address:u16,raw:u16,value:f32,key:str", _show("address", "raw", "value", "key")
    ),
    "connected": Shown(6, 5),
    "disconnected": Shown(7, 6),
    "mqtt": Shown(8, 4),
    "stats": Shown(9, 9, "stats", show=dict),  # its fields are the firmware's: see operations.stats_signature
    "config": Shown(10, 11, "config", "can_bitrate:u32,uart_baudrate:u32,topic:str", _show_config),
    "alerts_active": Shown(11, 12, "alerts", "count:u8", _show("count")),
    "alerts_history": Shown(12, 13, "alerts", show=_show("count")),
}


def shown_fields(event: Event) -> dict[str, Any] | None:
    """What observers show of an event now; None where its payload is not shown."""
    shown = SHOWN[event.kind]
    return None if shown.show is None else shown.show(event.seen())
