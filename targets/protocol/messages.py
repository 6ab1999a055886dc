"""The protocol between host and agent: message types, and what their payloads hold. Sans I/O.

One import for whoever talks to a target: frames from `frames`, descriptions from `description`, programs from
`program_code`, histories from `recording`. The C half is c/wire (frames, messages) and c/agent (programs, records).
It refuses to know how the bytes travel: that is `link`.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from p4verify.targets.protocol.description import Description, ProtocolError, Reader, pack_str
from p4verify.targets.protocol.frames import Counters, Decoder, Encoder, Event, Frame, LogText
from p4verify.targets.protocol.program_code import ProgramError, encode_program
from p4verify.targets.protocol.recording import HistoryDecoder, decode_history
from p4verify.verify.execution import Ending, Outcome

__all__ = [
    "Assembly",
    "Counters",
    "Decoder",
    "Description",
    "Encoder",
    "Ended",
    "Event",
    "Frame",
    "HistoryDecoder",
    "LogText",
    "MessageType",
    "ProgramError",
    "ProtocolError",
    "Reader",
    "chunks",
    "decode_history",
    "encode_program",
    "error_text",
    "pack_str",
]

CHUNK: Final = 32768
_OUTCOMES: Final = tuple(Outcome)
_CHUNK_HEAD: Final = struct.Struct("<II")


class MessageType(enum.IntEnum):
    """The type byte of a frame; c/wire/message.h has the same."""

    DESCRIBE = 0x01
    PROGRAM = 0x02
    RUN = 0x03
    EXPLORE = 0x10
    REPLAY = 0x11
    KNOWN_SHARED = 0x12
    STOP = 0x13
    PROBES = 0x14
    STACK_NEEDS = 0x15
    HELLO = 0x81
    ACCEPTED = 0x82
    HISTORY = 0x83
    ENDED = 0x84
    LOG = 0x85
    ERROR = 0x8F
    FOUND = 0x90
    PROGRESS = 0x91
    EXPLORED = 0x92
    TRACE = 0x93
    REPLAYED = 0x94
    COUNTS = 0x95
    CHOICES = 0x96
    TRACE_TASKS = 0x97
    SEGMENTS = 0x98


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended; `records` counts what the agent recorded, `lost` what it could not keep."""

    ending: Ending
    end_us: int
    lost: int
    records: int

    @classmethod
    def read(cls, reader: Reader) -> Ended:
        """The next Ended of a message."""
        number = reader.uint(1)
        if number >= len(_OUTCOMES):
            raise ProtocolError(f"a run ended with outcome {number}, which does not exist")
        end_us, lost, records = reader.uint(8), reader.uint(4), reader.uint(4)
        task, detail, where = reader.text(), reader.text(), reader.text()
        return cls(Ending(_OUTCOMES[number], detail, task, where), end_us, lost, records)

    @classmethod
    def unpack(cls, payload: bytes) -> Ended:
        """The payload of an ENDED message."""
        reader = Reader(payload)
        ended = cls.read(reader)
        reader.finish()
        return ended


def error_text(payload: bytes) -> str:
    """What an ERROR message says."""
    reader = Reader(payload)
    text = reader.text()
    reader.finish()
    return text


def chunks(data: bytes, size: int = CHUNK) -> Iterator[bytes]:
    """The payloads of the PROGRAM (or HISTORY) messages that carry `data`; one even when it is empty."""
    for offset in range(0, max(len(data), 1), size):
        yield _CHUNK_HEAD.pack(offset, len(data)) + data[offset : offset + size]


class Assembly:
    """Puts chunks together again, in order; ProtocolError when one is missing or does not belong."""

    def __init__(self) -> None:
        self._data = bytearray()

    def add(self, payload: bytes) -> bytes | None:
        """The whole, when this was its last chunk. A chunk with offset 0 starts anew."""
        reader = Reader(payload)
        offset, total, part = reader.uint(4), reader.uint(4), reader.rest()
        if offset == 0:
            self._data.clear()
        if offset != len(self._data) or offset + len(part) > total:
            expected = len(self._data)
            self._data.clear()
            raise ProtocolError(f"a chunk of {len(part)} bytes at {offset} of {total} came where {expected} was next")
        self._data += part
        return bytes(self._data) if len(self._data) == total else None
