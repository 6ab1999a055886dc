"""Signatures ("token:u32,name:str"): how values travel packed between host and firmware, see c/agent/p4v_adapter.h.

A signature is compiled once: one that has neither str nor bytes is a single `struct`, others are structs with the
variable fields between them. It refuses to guess: a value of the wrong type, out of range or not representable is an
error that names the field and what it takes.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Final

from p4verify.verify.program import Value

_CODES: Final = {
    "u8": "B",
    "u16": "H",
    "u32": "I",
    "u64": "Q",
    "i8": "b",
    "i16": "h",
    "i32": "i",
    "i64": "q",
    "f32": "f",
    "f64": "d",
    "bool": "?",
}
_VARIABLE: Final = ("str", "bytes")
_VARIABLE_MAX: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Segment:
    """`fixed` fields at once, then one of a variable type ("" at the end)."""

    fixed: struct.Struct
    variable: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Field names and types, in the order in which they travel."""

    text: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    segments: tuple[Segment, ...] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Signature:
        """The signature that `text` describes; ValueError when it is none."""
        names: list[str] = []
        types: list[str] = []
        for item in text.split(",") if text else ():
            name, colon, kind = item.partition(":")
            if not colon or not name.isidentifier() or (kind not in _CODES and kind not in _VARIABLE):
                raise ValueError(f"not a signature: {text!r} ({item!r} is not name:type; {_known_types()})")
            if name in names:
                raise ValueError(f"not a signature: {text!r} (two fields are called {name!r})")
            names.append(name)
            types.append(kind)
        return cls(text, tuple(names), tuple(types), _compile(types))

    @property
    def fixed(self) -> struct.Struct | None:
        """All of it as one struct, None when a field has no fixed size."""
        return self.segments[0].fixed if len(self.segments) == 1 else None

    def pack(self, values: tuple[Value, ...]) -> bytes:
        """The packed values; ValueError names the first one that does not fit, and why."""
        if len(values) != len(self.types):
            raise ValueError(f"it takes {_count(len(self.types))} ({self.text or 'none'}), not {len(values)}")
        for name, kind, value in zip(self.names, self.types, values, strict=True):
            problem = _problem(kind, value)
            if problem:
                raise ValueError(f"{name} {problem}")
        return b"".join(map(_pack_one, self.types, values))

    def unpack(self, data: bytes) -> tuple[Value, ...]:
        """The values in `data`; ValueError when it is shorter or longer than they are."""
        if len(self.segments) == 1:
            return self._unpack_fixed(data)
        values: list[Value] = []
        at = 0
        try:
            for segment in self.segments:
                values.extend(segment.fixed.unpack_from(data, at))
                at += segment.fixed.size
                if segment.variable:
                    value, at = _unpack_variable(segment.variable, data, at)
                    values.append(value)
        except struct.error as error:
            raise ValueError(f"{len(data)} bytes are too few for ({self.text})") from error
        if at != len(data):
            raise ValueError(f"{len(data)} bytes are {len(data) - at} too many for ({self.text})")
        return tuple(values)

    def _unpack_fixed(self, data: bytes) -> tuple[Value, ...]:
        fixed = self.segments[0].fixed
        if fixed.size != len(data):
            raise ValueError(f"{len(data)} bytes are not the {fixed.size} of ({self.text})")
        return fixed.unpack(data)


def _compile(types: list[str]) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    codes = "<"
    for kind in types:
        if kind in _VARIABLE:
            segments.append(Segment(struct.Struct(codes), kind))
            codes = "<"
        else:
            codes += _CODES[kind]
    return (*segments, Segment(struct.Struct(codes), ""))


def _known_types() -> str:
    return "types: " + " ".join((*_CODES, *_VARIABLE))


def _count(arguments: int) -> str:
    return f"{arguments or 'no'} argument{'s' * (arguments != 1)}"


def _unpack_variable(kind: str, data: bytes, at: int) -> tuple[Value, int]:
    (length,) = struct.unpack_from("<H", data, at)
    end = at + 2 + length
    if end > len(data):
        raise struct.error("cut")
    value = bytes(data[at + 2 : end])
    # What a firmware calls text may be torn: its bytes are evidence and are kept readable.
    return (value.decode("utf-8", "backslashreplace") if kind == "str" else value), end


def _pack_one(kind: str, value: Value) -> bytes:
    if kind not in _VARIABLE:
        return struct.pack("<" + _CODES[kind], value)
    data = value.encode() if isinstance(value, str) else value
    assert isinstance(data, bytes)
    return len(data).to_bytes(2, "little") + data


def _problem(kind: str, value: Value) -> str:
    """Why `value` is no `kind`, "" when it is one."""
    match kind:
        case "str" | "bytes":
            return _variable_problem(kind, value)
        case "f32" | "f64":
            return _float_problem(kind, value)
        case "bool":
            return "" if isinstance(value, bool) else f"is a bool, not {value!r}"
    if isinstance(value, bool) or not isinstance(value, int):
        return f"is an integer ({kind}), not {value!r}"
    low, high = _bounds(kind)
    return "" if low <= value <= high else f"is a {kind} ({low}..{high}), not {value}"


def _bounds(kind: str) -> tuple[int, int]:
    bits = int(kind[1:])
    return (0, 2**bits - 1) if kind[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _float_problem(kind: str, value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is a number ({kind}), not {value!r}"
    try:
        (nearest,) = struct.unpack("<" + _CODES[kind], struct.pack("<" + _CODES[kind], value))
    except (OverflowError, struct.error):
        return f"is beyond what {kind} can hold: {value!r}"
    exact = nearest == value or math.isnan(value)
    return "" if exact else f"is not exactly representable as {kind}: {value!r} (the nearest is {nearest!r})"


def _variable_problem(kind: str, value: Value) -> str:
    if not isinstance(value, str if kind == "str" else bytes):
        return f"is of type {kind}, not {value!r}"
    try:
        length = len(value.encode()) if isinstance(value, str) else len(value)
    except UnicodeEncodeError:
        return f"is text that UTF-8 cannot express: {value!r}"
    return "" if length <= _VARIABLE_MAX else f"is {length} bytes long, at most {_VARIABLE_MAX} fit"
