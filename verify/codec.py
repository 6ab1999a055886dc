"""The vocabulary as plain JSON values, and back.

A frozen dataclass becomes an object of its fields (those that have their default value are left out), a tuple a list
(a named one too), an enum its value, a `Schedule` its printable form. Bytes and floats that JSON does not have are
wrapped: `{"bytes": "0aff"}`, `{"float": "nan"}`. Decoding is directed by the annotations of the type that is asked for,
checks everything, and answers garbage with a `RecordError` that says where; it never trusts what a file says.

Secrets do not pass: a CONFIG value whose name says it is one is replaced, and so it is in sentences.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from p4verify.verify.confidential import is_secret, is_secret_text, masked
from p4verify.verify.program import Value
from p4verify.verify.schedule import Schedule

T = TypeVar("T")
REDACTED = "(not recorded)"
_SENTENCES = ("summary", "places")
"""Fields in which firmware may speak: what it says of an assertion, a name, a line of its source."""


class RecordError(Exception):
    """What was read is no record of this kind. The text says where and why, for the user."""


def public_config(config: Mapping[str, Value]) -> dict[str, Value]:
    """CONFIG values without secrets."""
    return {name: _public(name, value) for name, value in config.items()}


def _public(name: str, value: Value) -> Value:
    if is_secret(name):
        return REDACTED
    if isinstance(value, str):
        return REDACTED if is_secret_text(name) else masked(value)
    return value


def encode(value: object) -> object:
    """`value` as something that json.dumps takes. TypeError for what is not of the vocabulary."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, enum.Enum):
        return encode(value.value)
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, Schedule):
        return value.encode()
    if dataclasses.is_dataclass(value):
        return _encode_fields(value)
    raise TypeError(f"{type(value).__name__} is not of the vocabulary")


def _encode_fields(value: Any) -> dict[str, object]:
    encoded = {}
    for field in dataclasses.fields(value):
        content = getattr(value, field.name)
        if field.name == "config":
            content = public_config(content)
        elif field.name in _SENTENCES:
            content = masked(content) if isinstance(content, str) else tuple(map(masked, content))
        if not _is_default(field, content):
            encoded[field.name] = encode(content)
    return encoded


def _is_default(field: dataclasses.Field[Any], content: object) -> bool:
    if field.default_factory is not dataclasses.MISSING:
        return bool(content == field.default_factory())
    return type(content) is type(field.default) and bool(content == field.default)


def decode(kind: type[T], data: object) -> T:
    """The value of this type that `encode` wrote as `data`; RecordError when it is none."""
    return cast("T", _decode(kind, data, kind.__name__))


def dumps(value: object) -> str:
    """One line of JSON."""
    return json.dumps(encode(value), separators=(",", ":"), allow_nan=False)


def parse(text: str | bytes) -> object:
    """Any JSON, strictly; RecordError when it is none."""
    if not text.strip():
        raise RecordError("it is empty")
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise RecordError("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise RecordError("it is no JSON: not even text in UTF-8") from None
    except json.JSONDecodeError as error:
        raise RecordError(_no_json(error)) from None
    except ValueError as error:
        raise RecordError(f"it is no JSON: {error}") from None


def _no_json(error: json.JSONDecodeError) -> str:
    """Where it stops being JSON; what the parser had hoped for there helps nobody."""
    rest = error.doc[error.pos :].strip()
    if error.pos and (not rest or error.msg.startswith("Unterminated")):
        return "it is cut off: the JSON ends in the middle"
    return f"it is no JSON: line {error.lineno}, column {error.colno} is none"


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _decode(kind: Any, data: object, where: str) -> object:
    if kind == Value:
        return _decode_value(data, where)
    origin = get_origin(kind)
    if origin is types.UnionType:
        return None if data is None else _decode(_only_other(kind), data, where)
    if origin is tuple:
        return _decode_tuple(get_args(kind), data, where)
    if origin is not None and issubclass(origin, Mapping):
        return _decode_mapping(get_args(kind)[1], data, where)
    if kind is Schedule:
        return _built(Schedule.decode, _plain(str, data, where), where)
    if issubclass(kind, enum.Enum):
        return _built(kind, data, where)
    if dataclasses.is_dataclass(kind):
        return _decode_fields(kind, data, where)
    if issubclass(kind, tuple):
        return kind(*_decode_tuple(_types(kind), data, where))
    return _plain(kind, data, where)


def _only_other(kind: Any) -> Any:
    """X of `X | None`."""
    return next(part for part in get_args(kind) if part is not type(None))


def _decode_value(data: object, where: str) -> Value:
    if isinstance(data, (bool, int, float, str)):
        return data
    if isinstance(data, dict) and len(data) == 1:
        if "bytes" in data:
            return cast("bytes", _built(bytes.fromhex, _plain(str, data["bytes"], where), where))
        if "float" in data:
            return cast("float", _built(float, _plain(str, data["float"], where), where))
    raise RecordError(f"{where} is no value")


def _decode_tuple(parts: tuple[Any, ...], data: object, where: str) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise RecordError(f"{where} is no list")
    kinds = [parts[0]] * len(data) if parts[1:] == (...,) else list(parts)
    if len(kinds) != len(data):
        raise RecordError(f"{where} has {len(data)} items instead of {len(kinds)}")
    return tuple(_decode(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, data, strict=True)))


def _decode_mapping(kind: Any, data: object, where: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise RecordError(f"{where} is no object")
    return {key: _decode(kind, item, f"{where}.{key}") for key, item in data.items()}


def _decode_fields(kind: Any, data: object, where: str) -> object:
    if not isinstance(data, dict):
        raise RecordError(f"{where} is no object")
    hints = _hints(kind)
    unknown = sorted(set(data) - set(hints))
    missing = sorted(_required(kind) - set(data))
    if unknown or missing:
        problem = f"has no field {missing[0]!r}" if missing else f"has a field {unknown[0]!r} that does not exist"
        raise RecordError(f"{where} {problem}")
    return kind(**{name: _decode(hints[name], item, f"{where}.{name}") for name, item in data.items()})


@cache
def _types(kind: Any) -> tuple[Any, ...]:
    """Of the items of a NamedTuple."""
    return tuple(get_type_hints(kind).values())


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@cache
def _required(kind: Any) -> frozenset[str]:
    nothing = dataclasses.MISSING
    fields = dataclasses.fields(kind)
    return frozenset(f.name for f in fields if f.default is nothing and f.default_factory is nothing)


def _built(build: Callable[[Any], object], data: object, where: str) -> object:
    try:
        return build(data)
    except (ValueError, TypeError, OverflowError) as error:
        raise RecordError(f"{where}: {error}") from None


def _plain(kind: type[T], data: object, where: str) -> T:
    """A bool is no int here, and an int is a float."""
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return cast("T", _built(float, data, where))
    if not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool):
        raise RecordError(f"{where} is no {kind.__name__}")
    return data
