"""The frames of the TinyBMS, to bytes and back (components/tinybms_client/tinybms_frame.c), the same in both firmwares.

A frame is 0xAA, a command, the payload's length, the payload and a CRC-16, numbers low byte first. The parser drops
what cannot be the beginning of a reply; a frame whose checksum is wrong loses only its first byte, because a noise
byte may have looked like a header in front of a whole reply.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

START: Final = 0xAA
READ, READ_ECHO, WRITE, ACK, NACK = 0x07, 0x09, 0x0D, 0x01, 0x81
HEADER_BYTES, CRC_BYTES, PARSER_BYTES = 3, 2, 64
_LENGTHS: Final = {READ: (2,), READ_ECHO: (4,), ACK: (0, 1), NACK: (1, 2)}
"""Of replies, by command."""


class Kind(enum.Enum):
    """What a reply says; BAD_CRC has the shape of one, with another checksum."""

    VALUE = "value"
    VALUE_OF = "value of an address"
    ACK = "ack"
    NACK = "nack"
    BAD_CRC = "bad crc"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply; `address` where the dialect repeats it."""

    kind: Kind
    address: int = 0
    value: int = 0


@lru_cache(maxsize=4096)
def crc16(data: bytes) -> int:
    """Polynomial 0xA001, initial 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def frame(command: int, length: int, *numbers: int) -> bytes:
    """A whole frame of 16-bit numbers."""
    body = bytes((START, command, length)) + b"".join(struct.pack("<H", number) for number in numbers)
    return body + struct.pack("<H", crc16(body))


def read_frame(address: int, *, echo: bool) -> bytes:
    """Asks for a register. The third byte of the first dialect is the number of registers, not of bytes."""
    return frame(READ_ECHO, 2, address) if echo else frame(READ, 1, address)


def write_frame(address: int, value: int) -> bytes:
    """Sets a register."""
    return frame(WRITE, 4, address, value)


def nack_frame(error: int) -> bytes:
    """Refuses."""
    body = bytes((START, NACK, 1, error))
    return body + struct.pack("<H", crc16(body))


class Parser:
    """Finds replies in whatever the wire delivers."""

    def __init__(self) -> None:
        self.bytes = b""

    def put(self, data: bytes) -> None:
        """What there is no room for is lost."""
        self.bytes = (self.bytes + data)[:PARSER_BYTES]

    def next(self) -> Reply | None:
        """The next reply; None when more bytes are needed."""
        while self.bytes and not self._may_be_reply():
            self.bytes = self.bytes[1:]
        covered = HEADER_BYTES + self.bytes[2] if len(self.bytes) >= HEADER_BYTES else PARSER_BYTES
        if len(self.bytes) < covered + CRC_BYTES:
            return None
        (checksum,) = struct.unpack_from("<H", self.bytes, covered)
        if checksum != crc16(self.bytes[:covered]):
            self.bytes = self.bytes[1:]
            return Reply(Kind.BAD_CRC)
        reply = _decode(self.bytes[1], self.bytes[HEADER_BYTES:covered])
        self.bytes = self.bytes[covered + CRC_BYTES :]
        return reply

    def _may_be_reply(self) -> bool:
        data = self.bytes
        return (
            data[0] == START
            and (len(data) < 2 or data[1] in _LENGTHS)
            and (len(data) < HEADER_BYTES or data[2] in _LENGTHS[data[1]])
        )


def _decode(command: int, payload: bytes) -> Reply:
    if command == READ:
        return Reply(Kind.VALUE, value=int.from_bytes(payload, "little"))
    if command == READ_ECHO:
        return Reply(Kind.VALUE_OF, int.from_bytes(payload[:2], "little"), int.from_bytes(payload[2:], "little"))
    return Reply(Kind.ACK if command == ACK else Kind.NACK)
