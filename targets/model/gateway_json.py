"""JSON as cJSON reads it, on which both firmwares rest; and the telemetry frames that the S3 gateway sends.

Every number is a float, the first of several members with one name counts, and what follows the value is ignored. It
refuses to copy each leniency of cJSON: a number such as 01 or +1 is malformed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import copysign, inf, isnan
from typing import Any, Final

from p4verify.targets.model.events import MAX_CELLS, single
from p4verify.verify import tokens

ABSENT: Final = object()
"""What `member` says when there is none of that name; null is a member."""
_INT_MIN, _INT_MAX = -(1 << 31), (1 << 31) - 1


# ---- reading ----


def _first_of_each(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    return dict(reversed(pairs))


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_first_of_each, parse_int=float, parse_constant=_no_number, strict=False
)


@lru_cache(maxsize=1024)
def parse(text: str) -> Any:
    """The value that a text begins with, not to be changed; ABSENT for anything else."""
    try:
        value, _ = _DECODER.raw_decode(text.lstrip("".join(map(chr, range(33)))))
    except (ValueError, RecursionError):
        return ABSENT
    return value


def member(value: Any, name: str) -> Any:
    """cJSON_GetObjectItemCaseSensitive; ABSENT also of what is no object."""
    return value.get(name, ABSENT) if isinstance(value, dict) else ABSENT


def is_number(value: Any) -> bool:
    """cJSON_IsNumber."""
    return isinstance(value, float)


def to_single(value: float) -> float:
    """The conversion of a double to float, which may be an infinity."""
    try:
        return single(value)
    except OverflowError:
        return copysign(inf, value)


def to_int(value: float) -> int:
    """CJSON's valueint: saturated."""
    return 0 if isnan(value) else int(min(max(value, _INT_MIN), _INT_MAX))


def text_of(text: str, size: int) -> str:
    """What fits into a buffer of so many bytes with its NUL."""
    return text.split("\0", maxsplit=1)[0].encode()[: size - 1].decode(errors="ignore")


# ---- frames, as adapters/telemetry_json.h writes them ----

ROOT, NESTED, WITHOUT_CELLS, INVERTED, PARTIAL, FOREIGN, CUT, OVERSIZED, ABSURD, EMPTY, ENERGY_ONLY = range(11)
TOO_MANY_CELLS: Final = 64
_ENERGY: Final = '"energy_charged_wh":1500.5,"energy_discharged_wh":1200.25'
_ABSURD: Final = (
    '"pack_voltage_v":1e39,"pack_current_a":-1e300,"state_of_charge_pct":null,"state_of_health_pct":"98",'
    '"average_temperature_c":true,"cell_voltage_mv":[1e39,-1e300,null,"3300"],"cell_balancing":{},'
    '"min_cell_mv":1e300,"max_cell_mv":-1'
)
_BATTERY: Final = (
    ("pack_voltage_v", "voltage"), ("pack_current_a", "current"), ("state_of_charge_pct", "soc"),
    ("state_of_health_pct", "soh"), ("average_temperature_c", "temperature"),
)  # fmt: skip


def is_whole(variant: int, cells: int) -> bool:
    """Whether a firmware should take such a frame."""
    return variant in (ROOT, NESTED, INVERTED) and 0 < cells <= MAX_CELLS


def _number(name: str, value: float) -> str:
    return f'"{name}":{value:.9g},'


def _battery(token: int) -> str:
    fields = tokens.battery(token)
    return "".join(_number(name, float(fields[field])) for name, field in _BATTERY)


def _pack(token: int, cells: int, *, inverted: bool) -> str:
    low, high = tokens.cell(token, 0), tokens.cell(token, 1)
    values = ",".join(f"{tokens.cell(token, index):.9g}" for index in range(cells))
    balancing = ",".join("false" for _ in range(cells))
    claims = _number("min_cell_mv", high if inverted else low) + _number("max_cell_mv", low if inverted else high)
    return f'"cell_voltage_mv":[{values}],"cell_balancing":[{balancing}],{claims}'


def _members(variant: int, token: int, cells: int) -> str:
    if variant == WITHOUT_CELLS:
        return _battery(token) + _ENERGY
    if variant == PARTIAL:
        fields = tokens.battery(token)
        return _number("pack_voltage_v", float(fields["voltage"])) + f'"state_of_charge_pct":{float(fields["soc"]):.9g}'
    if variant == FOREIGN:
        return f'"type":"heartbeat","uptime_s":{token}'
    if variant == ABSURD:
        return _ABSURD
    if variant == ENERGY_ONLY:
        return _ENERGY
    count = TOO_MANY_CELLS if variant == OVERSIZED else cells
    return _battery(token) + _pack(token, count, inverted=variant == INVERTED) + _ENERGY


@lru_cache(maxsize=1024)
def frame_text(variant: int, token: int, cells: int) -> str:
    """A frame of a token."""
    if variant == EMPTY:
        return ""
    members = _members(variant, token, min(cells, MAX_CELLS))
    text = f'{{"battery":{{{members}}}}}' if variant == NESTED else f"{{{members}}}"
    return text[: len(text) // 2] if variant == CUT else text
