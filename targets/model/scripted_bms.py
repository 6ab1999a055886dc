"""The TinyBMS at the other end of the UART: hears requests, thinks, and answers, one at a time, in virtual time.

How long it thinks and what it gets wrong is a value of the stream "bms" per request; its dialect one of "bms.dialect".
The same as targets/c/shim/bms.c and bms_registers.c, and like there it acts in an interrupt of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from p4verify.targets.model import tinybms_frame as frames
from p4verify.targets.model.environment import Environment
from p4verify.targets.model.events import raw_of, register_number
from p4verify.targets.model.kernel import FOREVER, Interrupt, Kernel
from p4verify.targets.model.recorder import Recorder

CODE: Final = 1_000_000
DEFAULT_LATENCY_US: Final = 5000
SILENT, WRONG_CRC, REFUSES, UNSOLICITED, TRUNCATED, NOISY, OTHER_ADDRESS = 1, 2, 3, 5, 6, 7, 8
SILENCE, VALUE, ACK, NACK, GARBAGE = range(5)
"""Kinds of answers, as they are observed."""
VALUE_REFUSED, BUSY = 2, 3
UNIQUE: Final = range(0x0100, 0x0180)
CONTROL, RESTART = 0x0086, 0xA55A
QUEUED: Final = 8
NOISES: Final = (b"\x00\xff\x13", b"\xaa\x07\x02", b"\xaa\xaa\x01")
FIRST_TOKEN, TOKENS = 202, 99
"""What telemetry registers answer by default: the even tokens from 202 to 398, again and again."""


@dataclass
class Registers:
    """What the BMS holds; its power is not the HMI's, so that this lives through boots."""

    serial: int = 0
    unique: int = 0
    tokens: int = 0
    cells: dict[int, int] = field(default_factory=dict)


@dataclass
class _Request:
    """A frame that was heard; `serial` is 0 until its last byte has arrived."""

    heard_us: int
    writes: bool
    address: int
    value: int
    serial: int = 0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What goes over the wire, and what is observed of it."""

    kind: int
    value: int
    data: bytes


class ScriptedBms:
    """One boot's BMS. `send` puts bytes on the line and returns when the last of them will have arrived."""

    def __init__(
        self, kernel: Kernel, recorder: Recorder, environment: Environment, registers: Registers,
        send: Callable[[bytes], int],
    ) -> None:  # fmt: skip
        self._kernel, self._recorder, self._environment = kernel, recorder, environment
        self._registers, self._send = registers, send
        self._interrupt = Interrupt("bms", self._act)
        kernel.interrupts.append(self._interrupt)
        self._queue: list[_Request] = []
        self._answer: _Answer | None = None
        self._answer_us = self._free_us = 0
        self._echo: bool | None = None

    # ---- hearing ----

    @property
    def _speaks_echo(self) -> bool:
        if self._echo is None:
            self._echo = self._environment.next("bms.dialect", 0) == 1
        return self._echo

    def hear(self, data: bytes, end_us: int) -> None:
        """A whole frame whose last byte arrives at `end_us`. It is deaf to reads of the other dialect."""
        command = data[1]
        if command == (frames.READ if self._speaks_echo else frames.READ_ECHO) or len(self._queue) == QUEUED:
            return
        writes = command == frames.WRITE
        numbers = [int.from_bytes(data[at : at + 2], "little") for at in (3, 5)]
        self._queue.append(_Request(end_us, writes, numbers[0], numbers[1] if writes else 0))
        self._plan()

    # ---- thinking ----

    def _make_answer(self, asked: _Request, code: int) -> _Answer:
        if code == REFUSES:
            return _Answer(NACK, 0, frames.nack_frame(BUSY))
        if code == SILENT:
            return _Answer(SILENCE, 0, b"")
        answer = self._write(asked) if asked.writes else self._read(asked)
        return self._spoilt(asked, code, answer) if answer.data else answer

    def _value_frame(self, address: int, value: int) -> bytes:
        if self._speaks_echo:
            return frames.frame(frames.READ_ECHO, 4, address, value)
        return frames.frame(frames.READ, 2, value)

    def _read(self, asked: _Request) -> _Answer:
        value = self._held(asked.address)
        if value is None:
            return _Answer(SILENCE, 0, b"")
        return _Answer(VALUE, value, self._value_frame(asked.address, value))

    def _held(self, address: int) -> int | None:
        """The value of a register; None where it is mute."""
        held = self._registers
        register = register_number(address)
        if register is not None:
            token = self._next_token()
            return raw_of(register, token) if token else None
        if address in UNIQUE:
            held.unique = held.unique % 0xFFFF + 1
            return held.unique
        return held.cells.get(address, 0)

    def _next_token(self) -> int:
        token = self._environment.next("tinybms", -1)
        if token < 0:
            token = FIRST_TOKEN + 2 * (self._registers.tokens % TOKENS)
            self._registers.tokens += 1
        return token

    def _write(self, asked: _Request) -> _Answer:
        refused = asked.address in UNIQUE or register_number(asked.address) is not None
        if refused or (asked.address == CONTROL and asked.value != RESTART):
            return _Answer(NACK, asked.value, frames.nack_frame(VALUE_REFUSED))
        if asked.address != CONTROL:
            self._registers.cells[asked.address] = asked.value
        return _Answer(ACK, asked.value, frames.frame(frames.ACK, 0))

    def _spoilt(self, asked: _Request, code: int, answer: _Answer) -> _Answer:
        """What the line or the BMS does to an answer."""
        data = answer.data
        if code == WRONG_CRC:
            return _Answer(GARBAGE, answer.value, data[:-1] + bytes((data[-1] ^ 0x5A,)))
        if code == TRUNCATED:
            return _Answer(GARBAGE, answer.value, data[: len(data) // 2])
        if code == OTHER_ADDRESS and self._speaks_echo and answer.kind == VALUE:
            return _Answer(GARBAGE, answer.value, self._value_frame(asked.address ^ 1, answer.value))
        if code == UNSOLICITED:
            return _Answer(answer.kind, answer.value, self._unsolicited(asked) + data)
        if code == NOISY:
            return _Answer(answer.kind, answer.value, NOISES[asked.serial % 3] + data)
        return answer

    def _unsolicited(self, asked: _Request) -> bytes:
        """What could not be taken for the answer."""
        if not asked.writes and not self._speaks_echo:
            return frames.frame(frames.ACK, 0)
        return self._value_frame(0xFFFF, 0xFFFF)

    # ---- in its interrupt ----

    def _act(self) -> None:
        while self._hear_end() or self._reply() or self._think():
            pass
        self._plan()

    def _observe(self, observer: str, asked: _Request, kind: int, value: int) -> None:
        fields = {"serial": asked.serial, "kind": kind, "address": asked.address, "value": value}
        self._recorder.observe(observer, fields)

    def _hear_end(self) -> bool:
        for asked in self._queue:
            if not asked.serial and asked.heard_us <= self._kernel.now_us:
                self._registers.serial += 1
                asked.serial = self._registers.serial
                self._observe("bms.request", asked, 2 if asked.writes else 1, asked.value)
                return True
        return False

    def _think(self) -> bool:
        now_us = self._kernel.now_us
        if self._answer is not None or not self._queue or not self._queue[0].serial or self._free_us > now_us:
            return False
        said = max(self._environment.next("bms", DEFAULT_LATENCY_US), 0)
        self._answer = self._make_answer(self._queue[0], said // CODE)
        self._answer_us = now_us + said % CODE
        return True

    def _reply(self) -> bool:
        answer = self._answer
        if answer is None or self._answer_us > self._kernel.now_us:
            return False
        self._observe("bms.answer", self._queue.pop(0), answer.kind, answer.value)
        if answer.data:
            self._free_us = self._send(answer.data)
        self._answer = None
        return True

    def _plan(self) -> None:
        times = [asked.heard_us for asked in self._queue if not asked.serial]
        if self._answer is not None:
            times.append(self._answer_us)
        elif self._queue and self._queue[0].serial:
            times.append(self._free_us)
        self._interrupt.at_us = min(times, default=FOREVER)
