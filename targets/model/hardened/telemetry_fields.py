"""battery_fields.c and pack_cells.c, hardened: plain functions on records that nobody else can see.

Statistics leave out cells that are not known; a change is significant from a configured threshold on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from p4verify.targets.model.events import CELLS, FLAGS, single
from p4verify.targets.model.memory import Record
from p4verify.verify.program import Value
from p4verify.verify.tokens import REGISTERS, register_slot

FIELDS: Final = tuple((field, divisor) for field, _, _, divisor in REGISTERS.values())
"""Field of the battery, and what divides the register's unit into the field's; in the order of the registers."""
THRESHOLDS: Final = ("VOLTAGE_MV", "CURRENT_MA", "SOC_PERMILLE", "SOH_PERMILLE", "TEMPERATURE_CENTI_C")
ALL_KNOWN: Final = (1 << len(FIELDS)) - 1


class Significance:
    """Which changes matter, from the firmware's CONFIG values."""

    def __init__(self, config: Mapping[str, Value]) -> None:
        deltas = [float(config[f"CONFIG_TELEMETRY_MODEL_DELTA_{name}"]) for name in THRESHOLDS]
        deltas[-1] /= 100.0
        self._fields = tuple((field, divisor, delta) for (field, divisor), delta in zip(FIELDS, deltas, strict=True))
        self._cell_mv = float(config["CONFIG_TELEMETRY_MODEL_DELTA_CELL_MV"])

    def battery_differs(self, battery: Record, shown: Record) -> bool:
        """A flag differs, or a field by its threshold."""
        return any(battery[flag] != shown[flag] for flag in FLAGS) or any(
            single(abs(battery[field] - shown[field]) * divisor) >= delta for field, divisor, delta in self._fields
        )

    def pack_differs(self, pack: Record, shown: Record) -> bool:
        """Other cells are known, or one differs by the threshold."""
        count = max(pack["cell_count"], shown["cell_count"])
        return any(self._cell_differs(pack[cell], shown[cell]) for cell in CELLS[:count])

    def _cell_differs(self, cell: float, shown: float) -> bool:
        return (cell > 0.0) != (shown > 0.0) or abs(cell - shown) >= self._cell_mv


def apply_battery_register(battery: Record, known: int, key: str, value: float) -> int:
    """Stores a register's value; returns which fields are known now."""
    slot = register_slot(key)
    if slot is None or isinstance(slot[0], int) or not math.isfinite(value):
        return known
    field, divisor = str(slot[0]), slot[1]
    battery[field] = single(value / divisor)
    battery["power"] = single(battery["voltage"] * battery["current"])
    battery["bms_ok"] = True
    return known | 1 << FIELDS.index((field, divisor))


def set_cell(pack: Record, index: int, millivolts: float) -> None:
    """Stores a cell and works out the statistics; what is no positive number makes the cell unknown."""
    pack[CELLS[index]] = millivolts if math.isfinite(millivolts) and millivolts > 0.0 else 0.0
    recalculate(pack)


def recalculate(pack: Record) -> None:
    """Works out the statistics of the cells that are known."""
    known = {number: pack[cell] for number, cell in enumerate(CELLS) if pack[cell] > 0.0}
    low, high = (min(known.values()), max(known.values())) if known else (0.0, 0.0)
    average = single(sum(known.values()) / len(known)) if known else 0.0
    pack.update(
        cell_count=max(known) + 1 if known else 0, cell_min=low, cell_max=high, cell_delta=high - low,
        cell_avg=min(max(average, low), high),
    )  # fmt: skip
