"""A telemetry point as the JSON that is posted (components/network/telemetry_point.c), the same in both firmwares."""

from __future__ import annotations

import math
from typing import Final

from p4verify.targets.model.memory import Record

NUMBERS: Final = (
    ("soc", "soc", 2), ("soh", "soh", 2), ("voltage_v", "voltage", 3), ("current_a", "current", 3),
    ("power_w", "power", 3), ("temperature_c", "temperature", 2),
)  # fmt: skip
CELL_NUMBERS: Final = (
    ("cell_min_mv", "cell_min", 1), ("cell_max_mv", "cell_max", 1), ("cell_delta_mv", "cell_delta", 1),
)  # fmt: skip
FIELDS: Final = (
    "ts_ms", *(field for _, field, _ in NUMBERS), *(field for _, field, _ in CELL_NUMBERS), "has_cells",
)  # fmt: skip
"""telemetry_point_t; the stamp is an uint64_t whose high word never changes, so that one step is enough."""
NO_POINT: Final[Record] = {**dict.fromkeys(FIELDS, 0.0), "ts_ms": 0, "has_cells": False}


def to_json(point: Record) -> str:
    """The body; what is no finite number is null."""
    numbers = NUMBERS + (CELL_NUMBERS if point["has_cells"] else ())
    members = [f'"{name}":{_number(point[field], decimals)}' for name, field, decimals in numbers]
    return "{" + ",".join([f'"ts_ms":{point["ts_ms"]}', *members]) + "}"


def _number(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if math.isfinite(value) else "null"
