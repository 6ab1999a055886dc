"""gateway_json.c and gateway_records.c, hardened: JSON of the gateway, read without trusting it. Pure functions.

A text that is too long, nested too deeply for a small stack or malformed is no object; a member of the wrong type or
out of range is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from p4verify.targets.model import gateway_json as gateway
from p4verify.targets.model.events import CONFIG_TEXTS
from p4verify.targets.model.gateway_json import ABSENT, member
from p4verify.targets.model.memory import Record

MOST_BYTES, DEEPEST, MOST_ALERTS = 16384, 8, 32
RATES: Final = {"can_bitrate": (10_000, 1_000_000), "uart_baudrate": (1200, 5_000_000)}
SYSTEM_FLAGS: Final = {
    "wifi": "wifi_connected", "server": "server_reachable", "storage": "storage_ok", "error": "has_error",
}  # fmt: skip
"""Field of the system status, and the member that has it."""


# ---- reading ----


def _is_shallow(text: str) -> bool:
    """Brackets in strings are none; a text that is not JSON may be counted wrongly, and does not parse anyway."""
    depth, quoted, escaped = 0, False, False
    for c in text:
        if escaped:
            escaped = False
        elif quoted and c == "\\":
            escaped = True
        elif c == '"':
            quoted = not quoted
        elif not quoted and c in "{[":
            depth += 1
        elif not quoted and c in "}]":
            depth = max(depth - 1, 0)
        if depth > DEEPEST:
            return False
    return True


def parse_object(text: str) -> Any:
    """The object that the text holds; ABSENT for anything else."""
    if len(text.encode()) > MOST_BYTES or not _is_shallow(text):
        return ABSENT
    root = gateway.parse(text)
    return root if isinstance(root, dict) else ABSENT


def inner(value: Any, name: str) -> Any:
    """The object that is this member, or the value itself when it has none of that name."""
    found = member(value, name)
    return found if isinstance(found, dict) else value


def is_within(value: Any, low: float, high: float) -> bool:
    """A number within the range."""
    return gateway.is_number(value) and low <= value <= high


def _is_integer(value: Any, low: int, high: int) -> bool:
    return is_within(value, low, high) and value.is_integer()


# ---- records ----


def configured(value: Any, config: Record) -> Record | None:
    """The configuration with the members that are there; None when one cannot be used, or none is there."""
    read = dict(config)
    found = {name: member(value, name) for name in (*CONFIG_TEXTS, *RATES) if member(value, name) is not ABSENT}
    for name, said in found.items():
        if name in RATES and _is_integer(said, *RATES[name]):
            read[name] = int(said)
        elif name in CONFIG_TEXTS and isinstance(said, str) and len(said.encode()) < CONFIG_TEXTS[name]:
            read[name] = said
        else:
            return None
    return read if found else None


def alerts_of(alerts: Any) -> Record | None:
    """A list of alerts, of which nobody here sees more than how many there are; None when there are too many."""
    if not isinstance(alerts, list) or len(alerts) > MOST_ALERTS:
        return None
    return {"count": sum(_is_alert(alert) for alert in alerts)}


def _is_alert(alert: Any) -> bool:
    message = member(alert, "message")
    return _is_integer(member(alert, "id"), 0, (1 << 31) - 1) and isinstance(message, str) and bool(message)


def mqtt_of(value: Any) -> bool | None:
    """Whether MQTT is connected; None when that is not said."""
    enabled, connected = member(value, "enabled"), member(value, "connected")
    return enabled and connected if isinstance(enabled, bool) and isinstance(connected, bool) else None


def system_flags(value: Any) -> Mapping[str, bool]:
    """The flags of the system status that are there."""
    said = {field: member(value, name) for field, name in SYSTEM_FLAGS.items()}
    return {field: flag for field, flag in said.items() if isinstance(flag, bool)}
