"""What a target says of itself in HELLO: its firmware, its operations and observers, by number.

It refuses a description that contradicts itself: the host matches operations and observers by name, so that two of the
same name, or a signature nobody can read, must never get as far as a history.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from p4verify.targets.protocol.signature import Signature

PROTOCOL_VERSION: Final = 1


class ProtocolError(Exception):
    """The other end sent an intact frame whose content is not what the protocol says."""


class MisdeclaredError(ProtocolError):
    """A record of other bytes than its signature in the adapter says: the adapter's author can mend it."""


class Reader:
    """A cursor over a packed message; ProtocolError when the message ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def uint(self, size: int) -> int:
        """An unsigned integer of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def take(self, length: int) -> bytes:
        """The next bytes as they are."""
        end = self._at + length
        if end > len(self._data):
            raise ProtocolError(f"a message of {len(self._data)} bytes ends before its byte {end}")
        part = self._data[self._at : end]
        self._at = end
        return part

    def text(self) -> str:
        """u16 length and its bytes."""
        return self.take(self.uint(2)).decode("utf-8", "backslashreplace")

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data) - self._at)

    def finish(self) -> None:
        """ProtocolError when something is left."""
        if self._at != len(self._data):
            raise ProtocolError(f"{len(self._data) - self._at} bytes too many in a message of {len(self._data)}")


def pack_str(text: str) -> bytes:
    """u16 length and its bytes; ValueError beyond 65535 bytes."""
    data = text.encode()
    if len(data) > 0xFFFF:
        raise ValueError(f"a text of {len(data)} bytes does not fit, at most 65535 do")
    return struct.pack("<H", len(data)) + data


@dataclass(frozen=True, slots=True)
class OperationKind:
    """An operation that a Program may call; `number` is its position in HELLO."""

    number: int
    name: str
    arguments: Signature
    results: Signature


@dataclass(frozen=True, slots=True)
class ObserverKind:
    """What an observer reports; `number` is its position in HELLO. Probes are observers without fields."""

    number: int
    name: str
    fields: Signature


@dataclass(frozen=True)
class Description:
    """A target's HELLO. `history_capacity` is in bytes; `boot` differs after each reset."""

    firmware: str
    build: str
    boot: int
    reset_reason: int
    history_capacity: int
    operations: tuple[OperationKind, ...]
    observers: tuple[ObserverKind, ...]
    _by_name: Mapping[str, OperationKind] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._refuse_twins("operations", [kind.name for kind in self.operations])
        self._refuse_twins("observers", [kind.name for kind in self.observers])
        object.__setattr__(self, "_by_name", {kind.name: kind for kind in self.operations})

    def _refuse_twins(self, what: str, names: list[str]) -> None:
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            raise ProtocolError(f"two {what} of the firmware {self.firmware!r} are called {', '.join(twins)}")

    def operation(self, name: str) -> OperationKind | None:
        """The operation of that name, None when the firmware has none."""
        return self._by_name.get(name)

    @cached_property
    def names(self) -> frozenset[str]:
        """All operations and observers: what an invariant's `needs` is compared with."""
        return frozenset(kind.name for kind in self.operations) | frozenset(kind.name for kind in self.observers)

    @classmethod
    def unpack(cls, payload: bytes) -> Description:
        """The description in a HELLO payload; ProtocolError when it is none."""
        reader = Reader(payload)
        version = reader.uint(1)
        if version != PROTOCOL_VERSION:
            raise ProtocolError(f"the target speaks protocol version {version}, this is version {PROTOCOL_VERSION}")
        firmware, build = reader.text(), reader.text()
        boot, reset_reason, capacity = reader.uint(8), reader.uint(1), reader.uint(4)
        operations = tuple(_operation(reader, number) for number in range(reader.uint(2)))
        observers = tuple(_observer(reader, number) for number in range(reader.uint(2)))
        reader.finish()
        return cls(firmware, build, boot, reset_reason, capacity, operations, observers)


def _operation(reader: Reader, number: int) -> OperationKind:
    name = reader.text()
    return OperationKind(number, name, _signature(reader, name), _signature(reader, name))


def _observer(reader: Reader, number: int) -> ObserverKind:
    name = reader.text()
    return ObserverKind(number, name, _signature(reader, name))


def _signature(reader: Reader, name: str) -> Signature:
    try:
        return Signature.parse(reader.text())
    except ValueError as error:
        raise ProtocolError(f"{name}: {error}") from error
