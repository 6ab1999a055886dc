"""What the TinyBMS client was asked and what went over the wire during one boot. It judges nothing.

Frames on the wire (numbers low byte first): `AA 07 01 address crc` and, where replies repeat the address,
`AA 09 02 address crc` read; `AA 0D 04 address value crc` writes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from p4verify.verify.boots import Life, lives
from p4verify.verify.execution import Execution
from p4verify.verify.history import Observation, Operation
from p4verify.verify.limits import limit
from p4verify.verify.timeline import NEVER, View
from p4verify.verify.verdict import Setting

TIMEOUT_US = 750_000
RETRY_PAUSE_US = 100_000
ATTEMPTS = 3
QUEUE_LENGTH = 10
"""Constants of the client's interface: an attempt's time-out, the pauses, attempts in all, requests that may wait."""
NEXT_US = TIMEOUT_US + RETRY_PAUSE_US
"""While there is work, the next frame goes out that long after the last, at the latest."""

OK, FAIL, NO_MEMORY, INVALID_ARG, INVALID_STATE, TIMEOUT, INVALID_CRC = 0, -1, 0x101, 0x102, 0x103, 0x107, 0x109
REFUSED = frozenset({NO_MEMORY, INVALID_ARG, INVALID_STATE})
RESTART_REGISTER, RESTART_VALUE = 0x0086, 0xA55A
FRESH = range(0x0100, 0x0180)
"""Registers whose every read answers a value that no other read answers."""
TEST_REGISTER = 0x012C
"""What a client reads by itself when it starts."""
SILENCE, VALUE, ACK, NACK, GARBAGE = range(5)
"""Kinds of answers."""


@dataclass(frozen=True, slots=True)
class Request:
    """A call of the client. `result` is None and `done` NEVER while it is pending."""

    name: str
    address: int
    value: int
    task: str
    begun: int
    begun_us: int
    done: int
    done_us: int
    result: int | None
    answer: int

    @property
    def writes(self) -> bool:
        """Whether it wants something written: a restart is a write too."""
        return self.name != "tc.read"

    def describe(self) -> str:
        """The call, for people."""
        if self.name == "tc.restart":
            return f"the restart that task {self.task} asked for"
        what = f"{self.value:#06x} to {self.address:#06x}" if self.writes else f"{self.address:#06x}"
        return f"the {'write of' if self.writes else 'read of'} {what} by task {self.task}"

    def overlaps(self, other: Request) -> bool:
        """Whether both were under way at some moment."""
        return self.begun < other.done and other.begun < self.done


@dataclass(frozen=True, slots=True)
class Sent:
    """A frame that the client handed to the UART. `kind` is "read", "write" or "" for something else."""

    kind: str
    address: int
    value: int
    echo: bool
    task: str
    position: int
    time_us: int

    def serves(self, request: Request) -> bool:
        """Whether this is an attempt at what was asked, not counting reads that verify."""
        same = (self.kind, self.address) == ("write" if request.writes else "read", request.address)
        return same and (not request.writes or self.value == request.value)


class Wire:
    """The index of one boot."""

    _last: ClassVar[tuple[Execution, Setting, tuple[Wire, ...]] | None] = None

    @classmethod
    def of(cls, execution: Execution, setting: Setting) -> tuple[Wire, ...]:
        """Those of all boots of an execution, made once for all invariants."""
        last = cls._last
        if last is None or last[0] is not execution or last[1] is not setting:
            boots = tuple(cls(life) for life in lives(execution, setting))
            cls._last = last = (execution, setting, boots)
        return last[2]

    def __init__(self, life: Life) -> None:
        self.life = life
        self.setting = life.setting
        self.history = life.execution.history
        self.view = View.of(life.execution, life.setting)

    @property
    def end_us(self) -> int:
        """When the boot ended."""
        return self.history.end_us

    @cached_property
    def requests(self) -> list[Request]:
        """What the program asked for, in the order of its calls."""
        return [_request(operation) for operation in self.view.calls("tc.read", "tc.write", "tc.restart")]

    @cached_property
    def sent(self) -> list[Sent]:
        """What went out."""
        return [_sent(record) for record in self.view.seen("uart.tx")]

    @cached_property
    def asked(self) -> dict[int, Observation]:
        """By serial number, the requests that the BMS received."""
        return {int(record["serial"]): record for record in self.view.seen("bms.request")}

    @cached_property
    def answers(self) -> list[Observation]:
        """Its answers, by when they began; silence is none."""
        return [record for record in self.view.seen("bms.answer") if record["kind"] != SILENCE]

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where each frame was sent, and how long it took from there to the next reply, whosever it was."""
        positions = [answer.position for answer in self.answers]
        times = [*(answer.time_us for answer in self.answers), NEVER]
        return [(f.position, times[bisect_right(positions, f.position)] - f.time_us) for f in self.sent]

    def until_us(self, request: Request) -> int:
        """When the call ended, at the latest with the boot."""
        return min(request.done_us, self.end_us)

    def during(self, request: Request) -> list[Sent]:
        """What went out while this call was pending."""
        return [frame for frame in self.sent if request.begun < frame.position < request.done]

    def wait_us(self, request: Request) -> int:
        """How long this call may block."""
        return round(limit(self.setting, "write_wait_ms" if request.writes else "read_wait_ms") * 1000)

    def is_shared(self, request: Request) -> bool:
        """Whether another call that wants the same was under way, so that frames cannot be told apart."""
        wanted = (request.writes, request.address, request.value)
        return any(
            other is not request and (other.writes, other.address, other.value) == wanted and other.overlaps(request)
            for other in self.requests
        )


def _request(operation: Operation) -> Request:
    arguments = [int(argument) for argument in operation.invocation.arguments]
    address, value, *_ = (*arguments, 0, 0) if operation.name != "tc.restart" else (RESTART_REGISTER, RESTART_VALUE)
    results = operation.results or {}
    return Request(
        operation.name,
        address,
        value,
        operation.task,
        operation.invoked,
        operation.invoked_us,
        NEVER if operation.returned is None else operation.returned,
        NEVER if operation.returned_us is None else operation.returned_us,
        int(results["result"]) if "result" in results else None,
        int(results.get("value", results.get("verified", 0))),
    )


def _sent(record: Observation) -> Sent:
    raw = record["bytes"]
    data = raw if isinstance(raw, bytes) else b""
    number = [int.from_bytes(data[at : at + 2], "little") for at in (3, 5)]
    at = (record.task, record.position, record.time_us)
    if data[:3] in (b"\xaa\x07\x01", b"\xaa\x09\x02") and len(data) == 7:
        return Sent("read", number[0], 0, data[1] == 9, *at)
    if data[:3] == b"\xaa\x0d\x04" and len(data) == 9:
        return Sent("write", number[0], number[1], False, *at)
    return Sent("", 0, 0, False, *at)
