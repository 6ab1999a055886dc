"""telemetry_frame.c, hardened: one telemetry frame as a battery and a pack, their ranges, and how far two are apart.

Pure functions on records that nobody else can see. A frame counts as a whole, or not at all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from p4verify.targets.model.events import CELLS, MAX_CELLS, NO_BATTERY, NO_PACK, single
from p4verify.targets.model.gateway_json import ABSENT, member
from p4verify.targets.model.hardened.remote_event_adapter.gateway_records import inner, is_within, parse_object
from p4verify.targets.model.hardened.telemetry_fields import recalculate
from p4verify.targets.model.memory import Record

RANGES: Final = (
    ("pack_voltage_v", "voltage", 0.0, 1000.0), ("pack_current_a", "current", -5000.0, 5000.0),
    ("state_of_charge_pct", "soc", 0.0, 100.0), ("state_of_health_pct", "soh", 0.0, 100.0),
    ("average_temperature_c", "temperature", -60.0, 200.0),
)  # fmt: skip
"""Wider than any pack of this product: they tell measurements from nonsense."""
CELL_MV: Final = (1.0, 10000.0)
NO_FRAME: Final[Record] = {"battery": NO_BATTERY, "pack": NO_PACK}
"""Battery and pack."""


def _battery(value: Any) -> Record | None:
    battery = {**NO_BATTERY, "bms_ok": True, "can_ok": True}
    for name, field, low, high in RANGES:
        number = member(value, name)
        if not is_within(number, low, high):
            return None
        battery[field] = single(number)
    battery["power"] = single(battery["voltage"] * battery["current"])
    return battery


def _pack(value: Any) -> Record | None:
    cells, flags = member(value, "cell_voltage_mv"), member(value, "cell_balancing")
    if not isinstance(cells, list) or not 0 < len(cells) <= MAX_CELLS:
        return None
    if not all(is_within(cell, *CELL_MV) for cell in cells):
        return None
    bits = _balancing(flags)
    if bits is None:
        return None
    pack = {**NO_PACK, **dict(zip(CELLS, map(single, cells), strict=False)), "balancing": bits}
    recalculate(pack)
    return pack


def _balancing(flags: Any) -> int | None:
    """As bits; a frame may leave them out."""
    if flags is ABSENT:
        return 0
    if not isinstance(flags, list) or len(flags) > MAX_CELLS:
        return None
    if not all(isinstance(flag, bool) or is_within(flag, 0.0, 1.0) for flag in flags):
        return None
    return sum(int(flag > 0) << index for index, flag in enumerate(flags))


@lru_cache(maxsize=1024)
def parse_frame(text: str) -> Record | None:
    """The frame of a text, not to be changed; None when it is no whole one."""
    value = inner(parse_object(text), "battery")
    battery, pack = _battery(value), _pack(value)
    return None if battery is None or pack is None else {"battery": battery, "pack": pack}


def is_plausible(frame: Record) -> bool:
    """Whether a frame that comes from elsewhere (NVS) could have been parsed."""
    battery, pack = frame["battery"], frame["pack"]
    cells = [pack[cell] for cell in CELLS[: pack["cell_count"]]]
    return (
        all(low <= battery[field] <= high for _, field, low, high in RANGES)
        and 0 < pack["cell_count"] <= MAX_CELLS
        and all(CELL_MV[0] <= cell <= CELL_MV[1] for cell in cells)
    )


def differs(frame: Record, other: Record, millivolts: float) -> bool:
    """Whether the pack's voltage or a cell's is at least so many mV away, or the number of cells is another."""
    pack, before = frame["pack"], other["pack"]
    volts = abs(single(frame["battery"]["voltage"] - other["battery"]["voltage"]))
    return (
        pack["cell_count"] != before["cell_count"]
        or single(volts * 1000.0) >= millivolts
        or any(abs(pack[cell] - before[cell]) >= millivolts for cell in CELLS[: pack["cell_count"]])
    )
