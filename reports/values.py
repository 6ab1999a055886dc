"""Bits and fields as people read them: numbers, the token a value came from, and nothing that must stay secret.

A trace knows bits, not types: four bytes are shown as a float where the member is a measurement or the float is a
round one, else as an integer. Everything that comes from firmware passes through here before it reaches a terminal.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Final

from p4verify.verify import tokens
from p4verify.verify.confidential import HIDDEN, KNOWN, is_secret, is_secret_text, masked
from p4verify.verify.program import Value

_MEASUREMENTS: Final = frozenset({*tokens.BATTERY, *tokens.PACK})
_SECRET_IN_TEXT: Final = re.compile(
    r"""(?P<key>["']?(?<![\w.])[\w.]*(?:passw\w*|secret\w*|api_?key)["']?\s*[:=]\s*)(?P<value>"(?:[^"\\]|\\.)*"?|'[^']*'?|(?<=:\s)[^,;}&\n]+|[^\s,;}&]+)""",
    re.IGNORECASE,
)
_REMARK: Final = re.compile(
    r"(?:(?:is|was|has|are|not|no|in|too|of|the|a|must|be|cannot|yet|and|or|been|does|do|match|wrong|length|expected|empty"
    r"|short|long|missing|required|changed|rejected|accepted|mismatch|expired|unknown|incorrect|(?:in)?valid|(?:un)?set"
    r"|ok|failed|given|found|stored|denied|none|null|refused|bad|found|loaded|saved|needed)(?![\w-])[ .!?()]*)+",
    re.IGNORECASE,
)
"""What is said of a secret and is none: in "passwd: not valid" every word up to the end of the clause is listed."""
_WORD: Final = 4
_SMALLEST_ROUND: Final = 0.125
_LARGEST_ROUND: Final = 1e6
_POINTERS: Final = range(0x100000, 1 << 32)
_LARGEST_DECIMAL: Final = 1_000_000_000


def printable(text: str) -> str:
    """Without secrets, and without anything that could move a cursor: a firmware's text is not to be trusted."""
    safe = without_secrets(text.expandtabs(4))
    return "".join(char if char.isprintable() else "·" for char in safe)


def without_secrets(text: str) -> str:
    """The text with each `password = ...` in it hidden, whether in JSON, in C or in a form, and each known secret.

    Remarks on a password stay.
    """
    return _SECRET_IN_TEXT.sub(lambda found: found[0] if _is_remark(found) else f"{found['key']}{HIDDEN}", masked(text))


def _is_remark(found: re.Match[str]) -> bool:
    """Only after "key: ", which people write; where programs write, the value follows whatever it says."""
    told = found["key"].endswith(": ") and found["key"][0] not in "\"'"
    return told and _REMARK.fullmatch(found["value"]) is not None


def gives_away(raw: bytes) -> bool:
    """Whether a piece of memory holds some of a secret."""
    return KNOWN.partly_in(raw.rstrip(b"\0").decode("latin-1"))


def member_of(name: str) -> tuple[str, str]:
    """Splits "s_state.last_batt.soc" into what contains it and the member; elements belong to their array."""
    parent, dot, member = name.rpartition(".")
    if dot:
        return parent, member
    array, bracket, index = name.partition("[")
    return (array, bracket + index) if bracket else (name, "")


def bits(name: str, size: int, value: int) -> str:
    """The value of a word in memory, `size` bytes little endian as an unsigned integer."""
    if is_secret(name) or gives_away(value.to_bytes((value.bit_length() + 7) // 8, "little")):
        return HIDDEN
    if size == _WORD and _is_float(name, value):
        return number(_as_float(value))
    signed = value - (1 << 8 * size) if size and value >> (8 * size - 1) else value
    if size == 2 * _WORD and value in _POINTERS:
        return f"{value:#x}"
    return str(signed) if abs(signed) < _LARGEST_DECIMAL and signed > -_LARGEST_ROUND else f"{value:#x}"


def _as_float(value: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", value & 0xFFFFFFFF))[0])


def _is_float(name: str, value: int) -> bool:
    if member_of(name)[1] in _MEASUREMENTS:
        return True
    real = _as_float(value)
    return _SMALLEST_ROUND <= abs(real) <= _LARGEST_ROUND and (real * 8).is_integer()


def number(value: float) -> str:
    """A float without noise: 43 rather than 43.0, seven digits at most."""
    return f"{value:.7g}"


def token_of(name: str, size: int, value: int) -> int | None:
    """The token that a measurement in memory came from; None where the value is no function of one."""
    member = member_of(name)[1]
    law = tokens.BATTERY.get(member) or tokens.PACK.get(member)
    return tokens.decode(_as_float(value), *law) if law and size == _WORD else None


def field(name: str, value: Value) -> str:
    """A field of an operation or observation."""
    if is_secret(name) or (isinstance(value, str | bytes) and is_secret_text(name)):
        return HIDDEN
    if isinstance(value, bytes) and gives_away(value):
        return HIDDEN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return value.hex(" ") if len(value) <= 2 * _WORD else f"{len(value)} bytes"
    return printable(value) if isinstance(value, str) else number(value) if isinstance(value, float) else str(value)


def fields(values: Mapping[str, Value]) -> str:
    """All of them in one line."""
    return ", ".join(f"{name} = {field(name, value)}" for name, value in values.items())


def seconds(time_us: int) -> str:
    """A moment or a length of virtual time."""
    return f"{time_us / 1_000_000:.3f} s"
