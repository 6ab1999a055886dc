"""A telemetry point as the publisher posts it: the JSON body, read strictly.

A body that is no point is a ValueError that says why; it never crashes the reader, whatever the firmware wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from p4verify.verify import tokens
from p4verify.verify.program import Value

BATTERY_KEYS = {
    "soc": "soc",
    "soh": "soh",
    "voltage": "voltage_v",
    "current": "current_a",
    "power": "power_w",
    "temperature": "temperature_c",
}
PACK_KEYS = {"cell_min": "cell_min_mv", "cell_max": "cell_max_mv", "cell_delta": "cell_delta_mv"}

BATTERY_ROUNDING = 0.0051
PACK_ROUNDING = 0.051
"""Half of the last decimal of the JSON (two for the battery, one for millivolt)."""


@dataclass(frozen=True, slots=True)
class Point:
    """Stamp in milliseconds and the fields that the body has; a group is empty when nothing was known of it yet."""

    stamp_ms: float
    battery: tuple[tuple[str, float], ...]
    pack: tuple[tuple[str, float], ...]

    def describe(self) -> str:
        """The tokens of both groups."""
        parts = []
        if self.battery:
            parts.append("battery " + tokens.describe(tokens.battery_tokens(dict(self.battery))))
        if self.pack:
            parts.append("pack " + tokens.describe(tokens.pack_tokens(dict(self.pack))))
        return " and ".join(parts) or "no data"


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


_decoder = json.JSONDecoder(parse_constant=_refuse)


@lru_cache(maxsize=1 << 12)
def read_point(body: str) -> Point:
    """The point in an HTTP body. ValueError when the body is not a JSON object with the numbers of a point."""
    try:
        data = _decoder.decode(body)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - the body is wrong, not its type
    stamp = _number(data, "ts_ms")
    if stamp is None:
        raise ValueError("it has no ts_ms")
    return Point(stamp, _group(data, BATTERY_KEYS), _group(data, PACK_KEYS))


def _group(data: dict[str, object], keys: Mapping[str, str]) -> tuple[tuple[str, float], ...]:
    found = [(name, _number(data, key)) for name, key in keys.items()]
    known = tuple((name, value) for name, value in found if value is not None)
    return known if any(value != 0.0 for _, value in known) else ()


def _number(data: dict[str, object], key: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"its {key} is no number")  # noqa: TRY004 - the body is wrong, not its type
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"its {key} is out of range") from None


def carries(group: tuple[tuple[str, float], ...], fields: Mapping[str, Value], rounding: float) -> bool:
    """Whether a group of a point shows this event, up to the decimals of the JSON; an empty group shows none."""
    return bool(group) and all(abs(value - float(fields[name])) <= rounding for name, value in group)
