"""Self-certifying data: every field of a record is an injective function of the record's token.

A token is an integer in 2..398; odd ones come from the S3 gateway, even ones from the TinyBMS. Every field is exact in
float32 and after the decimals of the JSON, so a record either decodes to one token (intact) or to several (torn), and
then the fields say which event each came from. Fine tokens, 400..407, are the gateway's too: any two of them are closer
together than a change that is worth an early write to flash. Nothing here knows a history; it only encodes and decodes.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterable, Mapping
from functools import lru_cache

from p4verify.verify.program import Value

FIRST, LAST = 2, 398
TOLERANCE = 1e-3
"""How far a field may be from the exact value, in its own unit."""

BATTERY = {
    "soc": (0.0, 0.25),
    "soh": (100.0, -0.25),
    "voltage": (40.0, 0.25),
    "current": (-50.0, 0.25),
    "power": (0.0, 0.5),
    "temperature": (-20.0, 0.25),
}
"""Battery fields as (offset, scale): value = offset + scale * token. Percent, volt, ampere, watt, degree Celsius."""

PACK = {
    "cell_min": (3000.0, 1.0),
    "cell_max": (3000.0, 3.0),
    "cell_delta": (0.0, 2.0),
    "cell_avg": (3000.0, 2.0),
    "bal_start": (3000.0, 1.0),
    "bal_stop": (2900.0, 1.0),
}
"""Pack fields in millivolt, in the same way. Cells with an odd index are 3000 + 3t, the others 3000 + t."""

FIRST_FINE, LAST_FINE = 400, 407
FINE_BATTERY = {
    "soc": (0.0, 0.125),
    "soh": (140.0, -0.125),
    "voltage": (51.21875, 0.001953125),
    "current": (-40.0, 0.125),
    "power": (420.0, 0.25),
    "temperature": (-25.0, 0.125),
}
"""The same of fine tokens: 50 % and 90 %, 52 V, 10 A, 520 W and 25 degrees at token 400."""

FINE_PACK = {
    "cell_min": (3100.0, 1.0),
    "cell_max": (3110.0, 1.0),
    "cell_avg": (3105.0, 1.0),
    "bal_start": (3100.0, 1.0),
    "bal_stop": (3000.0, 1.0),
}
"""The difference is 10 mV for all of them and tells none."""

REGISTERS = {
    "pack_voltage_mv": ("voltage", 40000.0, 250.0, 1000.0),
    "pack_current_ma": ("current", -50000.0, 250.0, 1000.0),
    "state_of_charge_permille": ("soc", 0.0, 2.5, 10.0),
    "state_of_health_permille": ("soh", 1000.0, -2.5, 10.0),
    "average_temperature_c": ("temperature", -20.0, 0.25, 1.0),
}
"""TinyBMS registers 0..4 by key: the battery field they feed, offset, scale, and what divides the value into it."""

REGISTER_KEYS = tuple(REGISTERS)
FIRST_CELL = 8
"""Register 8 + i carries cell i + 1."""


class Source(enum.Enum):
    """Who produced a token."""

    S3 = "S3"
    TINYBMS = "TinyBMS"


def source_of(token: int) -> Source:
    """Odd tokens and fine ones come from the S3 gateway, even ones from the TinyBMS."""
    return Source.S3 if token % 2 or is_fine(token) else Source.TINYBMS


def is_fine(token: int) -> bool:
    """Whether a token is one of those that are close together."""
    return FIRST_FINE <= token <= LAST_FINE


def are_far(one: int, other: int) -> bool:
    """Whether the change between two tokens is worth an early write: all but those between fine ones are."""
    return one != other and not (is_fine(one) and is_fine(other))


@lru_cache(maxsize=1 << 14)
def decode(value: float, offset: float, scale: float, first: int = FIRST, last: int = LAST) -> int | None:
    """The token of a field, None when the value is no such function of a token in first..last."""
    exact = (value - offset) / scale
    if not first - 1 < exact < last + 1:  # also refuses what is not a number
        return None
    token = round(exact)
    return token if abs(exact - token) * abs(scale) <= TOLERANCE and first <= token <= last else None


Laws = Mapping[str, tuple[float, float]]


def battery_tokens(fields: Mapping[str, Value]) -> dict[str, int | None]:
    """The token of each battery field that is there."""
    return _tokens(fields, BATTERY, FINE_BATTERY)


def pack_tokens(fields: Mapping[str, Value]) -> dict[str, int | None]:
    """The token of each summary field of a pack that is there; `cells_of` has the cells."""
    return _tokens(fields, PACK, FINE_PACK)


def _tokens(fields: Mapping[str, Value], laws: Laws, fine_laws: Laws) -> dict[str, int | None]:
    """A few values belong to a fine and to another token: they are taken for the fine one only with all the others."""
    here = {name: float(fields[name]) for name in laws if name in fields}
    coarse = {name: decode(value, *laws[name]) for name, value in here.items()}
    if None not in coarse.values():
        first, *rest = coarse.values() or (None,)
        if all(token == first for token in rest):
            return coarse
    fine = {name: _fine(here[name], fine_laws[name]) for name in here if name in fine_laws}
    telling = {token for name, token in fine.items() if name != "power"}
    if len(telling) == 1 and None not in telling:
        return coarse | fine
    return {name: token if token is not None else fine.get(name) for name, token in coarse.items()}


def _fine(value: float, law: tuple[float, float]) -> int | None:
    return decode(value, *law, FIRST_FINE, LAST_FINE)


def is_ambiguous(name: str, value: float) -> bool:
    """Whether a battery field has a value of a fine token and of another one, so that it does not name its source."""
    return _fine(value, FINE_BATTERY[name]) is not None and decode(value, *BATTERY[name]) is not None


def gateway_token(fields: Mapping[str, Value]) -> int | None:
    """The token of a battery that came as JSON, where power is derived; None when the fields carry none or several."""
    measured = {name: value for name, value in fields.items() if name in BATTERY and name != "power"}
    found = set(battery_tokens(measured).values())
    return found.pop() if len(found) == 1 else None


def cells_token(cells: Iterable[float]) -> int | None:
    """The token of which all these cells are, None when there is none; the first cell alone decides which it can be."""
    values = tuple(cells)
    if not values:
        return None
    token = decode(values[0], 3000.0, 1.0) or _fine(values[0], FINE_PACK["cell_min"])
    if token is None or any(abs(value - cell(token, i)) > TOLERANCE for i, value in enumerate(values)):
        return None
    return token


def cell(token: int, index: int) -> float:
    """The cell with this index of a pack made from a token, in millivolt."""
    if is_fine(token):
        return (3510.0 if index % 2 else 3500.0) + token - FIRST_FINE
    return 3000.0 + token * (3 if index % 2 else 1)


def cells_of(fields: Mapping[str, Value]) -> tuple[float, ...]:
    """The cells of a pack observation in millivolt; ValueError when they are not packed float32."""
    return _cells(fields["cells"])


@lru_cache(maxsize=1 << 12)
def _cells(raw: Value) -> tuple[float, ...]:
    if not isinstance(raw, bytes) or len(raw) % 4:
        raise ValueError("the cells of a pack are not packed float32")
    return struct.unpack(f"<{len(raw) // 4}f", raw)


@lru_cache(maxsize=1 << 12)
def cell_source(millivolt: float) -> Source | None:
    """Who produced this cell: 3000 + t and 3000 + 3t keep the token's parity. None when it is no cell of a token.

    Cells of fine tokens are the gateway's; an even one that another token has too names no source.
    """
    fine = _fine(millivolt, FINE_PACK["cell_min"]) or _fine(millivolt, FINE_PACK["cell_max"])
    token = decode(millivolt, 3000.0, 1.0) or decode(millivolt, 3000.0, 3.0)
    if token is None:
        return Source.S3 if fine else None
    if fine and not round(millivolt) % 2:
        return None
    return Source.S3 if round(millivolt) % 2 else Source.TINYBMS


def register_slot(key: str) -> tuple[str | int, float] | None:
    """What a register feeds: (battery field, divisor) or (cell index, 1); None for a key the model does not take."""
    law = REGISTERS.get(key)
    if law is not None:
        return law[0], law[3]
    number = key.removeprefix("cell").removesuffix("_voltage_mv")
    if key != f"cell{number}_voltage_mv" or not number.isascii() or not number.isdigit() or len(number) > 2:
        return None
    index = int(number) - 1
    return (index, 1.0) if 0 <= index < 32 else None


def register_key(register: int) -> str:
    """The key of register number `register` of the catalogue."""
    return REGISTER_KEYS[register] if register < len(REGISTER_KEYS) else f"cell{register - FIRST_CELL + 1}_voltage_mv"


def register_value(register: int, token: int) -> float:
    """The user value that register number `register` has for a token."""
    if register >= FIRST_CELL:
        return 3000.0 + token
    _, offset, scale, _ = REGISTERS[REGISTER_KEYS[register]]
    return offset + scale * token


def battery(token: int, *, mqtt: bool = False, tinybms: bool = False) -> dict[str, Value]:
    """The fields of a battery observation made from a token."""
    laws = FINE_BATTERY if is_fine(token) else BATTERY
    fields: dict[str, Value] = {name: offset + scale * token for name, (offset, scale) in laws.items()}
    return fields | {"flags": 3 | mqtt << 2 | tinybms << 3}


def pack(token: int, cells: int = 4) -> dict[str, Value]:
    """The fields of a pack observation made from a token; `cells` is even, 2..32."""
    laws = FINE_PACK | {"cell_delta": (10.0, 0.0)} if is_fine(token) else PACK
    fields: dict[str, Value] = {name: laws[name][0] + laws[name][1] * token for name in PACK}
    values = [cell(token, index) for index in range(cells)]
    return fields | {"cell_count": cells, "balancing": 0, "cells": pack_cells(values)}


def pack_cells(cells: Iterable[float]) -> bytes:
    """Cells as an observation carries them."""
    values = tuple(cells)
    return struct.pack(f"<{len(values)}f", *values)


def describe(tokens: Mapping[str, int | None]) -> str:
    """Which fields carry which token, for people: `token 12 (soc, voltage) with token 14 (current)`."""
    groups: dict[int | None, list[str]] = {}
    for name, token in tokens.items():
        groups.setdefault(token, []).append(name)
    parts = ((f"token {token}" if token else "no token", ", ".join(names)) for token, names in groups.items())
    return " with ".join(f"{token} ({names})" for token, names in parts)
