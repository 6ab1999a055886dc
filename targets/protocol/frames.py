"""Frames over any byte stream that also carries log text: the Python half of c/wire/frame.h. Sans I/O.

A frame is COBS(u8 type, u16 sequence, payload, u32 crc32) between zero bytes. A *stretch* is what lies between two
zeros; it is held back until its end decides whether it is a frame. All else came from something that prints, and goes
to the log capture, or is garbage and counted: nothing is lost silently. Both halves are held together by
c/wire/vectors.json.

It refuses to wait, to send again and to know what a type means.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from cobs import cobs

PAYLOAD_MAX: Final = 65536
_OVERHEAD: Final = 7
_HEAD: Final = struct.Struct("<BH")
_RESIDUE: Final = 0x2144DF1C
"""The CRC-32 over any bytes followed by their own CRC-32 (little endian)."""

_CONTROL: Final = re.compile(rb"[^\t\n\r\x1b\x20-\x7e\x80-\xff]")
_READABLE: Final = re.compile(rb"[\t\n\r\x1b\x20-\x7e]{4,}")
"""Bytes from 0x80 up are UTF-8 of a text as a whole; in a damaged stretch they are more likely noise."""


def stretch_size(payload: int) -> int:
    """The most bytes that a frame of so many payload bytes takes, without the zeros at its ends."""
    raw = payload + _OVERHEAD
    return raw + -(-raw // 254)


class Frame(NamedTuple):
    """One intact frame."""

    type: int
    sequence: int
    payload: bytes


class LogText(NamedTuple):
    """What something printed on the same line; may come in pieces."""

    text: bytes


Event = Frame | LogText


@dataclass(slots=True)
class Counters:
    """What arrived and what did not; c/wire/frame.h says what each one counts."""

    frames: int = 0
    bad_crc: int = 0
    oversize: int = 0
    lost_frames: int = 0
    restarts: int = 0
    garbage_bytes: int = 0


class Encoder:
    """Numbers and packs the frames of one direction."""

    def __init__(self) -> None:
        self._sequence = 0

    def encode(self, kind: int, payload: bytes = b"") -> bytes:
        """The next frame with its zeros; ValueError when it has more than PAYLOAD_MAX payload bytes."""
        if len(payload) > PAYLOAD_MAX:
            raise ValueError(f"a frame carries at most {PAYLOAD_MAX} bytes, not {len(payload)}")
        body = _HEAD.pack(kind, self._sequence) + payload
        self._sequence = (self._sequence + 1) & 0xFFFF
        stuffed: bytes = cobs.encode(body + zlib.crc32(body).to_bytes(4, "little"))
        return b"\0" + stuffed + b"\0"


class Decoder:
    """Finds the frames in what arrives, in pieces of any size. Never raises, whatever the bytes are."""

    def __init__(self, payload_max: int = PAYLOAD_MAX) -> None:
        self.counters = Counters()
        self._capacity = stretch_size(payload_max)
        self._pending = bytearray()
        self._overlong = False
        self._overlong_noise = False
        self._expected = 0

    def feed(self, data: bytes) -> list[Event]:
        """What became decided by these bytes, in order."""
        events: list[Event] = []
        *ended, rest = data.split(b"\0")
        for part in ended:
            stretch = self._append(part, events)
            if stretch or self._overlong:
                self._end_stretch(stretch, events)
        self._pending += self._append(rest, events)
        return events

    def flush(self) -> list[Event]:
        """The stream has ended or been silent: gives out what is held back."""
        return self.feed(b"\0")

    def _append(self, part: bytes, events: list[Event]) -> bytes:
        """The open stretch with `part` at its end, taken out of the buffer; flushes all but the last `capacity`."""
        if self._pending:
            part = bytes(self._pending) + part
            self._pending.clear()
        while len(part) > self._capacity:
            self._overlong = True
            self._overlong_noise |= self._reject(part[: self._capacity], events)
            part = part[self._capacity :]
        return part

    def _end_stretch(self, stretch: bytes, events: list[Event]) -> None:
        decoded = None if self._overlong else _unstuff(stretch)
        if decoded is not None and zlib.crc32(decoded) == _RESIDUE:
            events.append(self._frame(decoded))
            return
        noise = self._reject(stretch, events)
        self.counters.bad_crc += noise and decoded is not None
        self.counters.oversize += self._overlong and (noise or self._overlong_noise)
        self._overlong = self._overlong_noise = False

    def _frame(self, decoded: bytes) -> Frame:
        kind, sequence = _HEAD.unpack_from(decoded)
        missing = (sequence - self._expected) & 0xFFFF
        if missing and sequence == 0:
            self.counters.restarts += 1
        else:
            self.counters.lost_frames += missing
        self._expected = (sequence + 1) & 0xFFFF
        self.counters.frames += 1
        return Frame(kind, sequence, decoded[3:-4])

    def _reject(self, stretch: bytes, events: list[Event]) -> bool:
        """Gives out the text of what is no frame; True when it was noise."""
        noise = _CONTROL.search(stretch) is not None
        texts = _READABLE.findall(stretch) if noise else [stretch]
        events.extend(LogText(text) for text in texts if text)
        self.counters.garbage_bytes += len(stretch) - sum(map(len, texts))
        return noise


def _unstuff(stretch: bytes) -> bytes | None:
    try:
        decoded: bytes = cobs.decode(stretch)
    except cobs.DecodeError:
        return None
    return decoded if len(decoded) >= _OVERHEAD else None
