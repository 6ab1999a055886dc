"""tinybms_wire.c, hardened: one exchange at a time, each with one deadline that no amount of noise moves.

Only the worker calls this, so there is no lock and nothing here is a shared access. A BMS of one dialect is deaf to
reads of the other: until one has been answered, silence makes the next read try the other dialect.
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model import tinybms_frame as frames
from p4verify.targets.model.bms_codes import FAIL, INVALID_CRC, OK, TIMEOUT, TIMEOUT_TICKS, Outcome
from p4verify.targets.model.hardened.tinybms_client.requests import Counters
from p4verify.targets.model.kernel import Kernel
from p4verify.targets.model.rtos import tick_count
from p4verify.targets.model.steps import Steps
from p4verify.targets.model.uart import Uart

CHUNK_BYTES: Final = 32


class Wire:
    """The UART to the BMS."""

    def __init__(self, kernel: Kernel, uart: Uart, counters: Counters) -> None:
        self._kernel, self._uart, self._counters = kernel, uart, counters
        self._parser = frames.Parser()
        self._sent_at = 0
        self._echo = self._dialect_known = False

    def read_frame(self, address: int) -> bytes:
        """In the dialect that the BMS answers, or else may answer."""
        return frames.read_frame(address, echo=self._echo)

    def send(self, frame: bytes) -> Steps[None]:
        """Throws away what arrived before, then sends."""
        self._parser = frames.Parser()
        yield from self._uart.flush()
        self._sent_at = yield from tick_count(self._kernel)
        yield from self._uart.write(frame)

    # ---- receiving ----

    def _read_more(self) -> Steps[bool]:
        passed = (yield from tick_count(self._kernel)) - self._sent_at
        left = max(TIMEOUT_TICKS - passed, 0)
        data = (yield from self._uart.read(CHUNK_BYTES, left)) if left else b""
        self._parser.put(data)
        return bool(data)

    def _receive_any(self) -> Steps[frames.Reply | int]:
        """The next reply, or an error. A wrong checksum ends the wait only when nothing after it may be a reply."""
        corrupt = False
        while True:
            reply = self._parser.next()
            if reply is not None and reply.kind is not frames.Kind.BAD_CRC:
                return reply
            corrupt = corrupt or reply is not None
            starved = reply is None
            if starved and ((corrupt and not self._parser.bytes) or not (yield from self._read_more())):
                return INVALID_CRC if corrupt else TIMEOUT

    def _receive(self, address: int | None) -> Steps[frames.Reply | int]:
        """What answers a read of the address (None: an ACK); anything else on the wire is skipped."""
        while True:
            reply = yield from self._receive_any()
            if isinstance(reply, int) or reply.kind is frames.Kind.NACK:
                result = reply if isinstance(reply, int) else FAIL
                yield from self._counters.exchanged(result)
                return result
            if self._answers(reply, address):
                yield from self._counters.exchanged(OK)
                return reply

    def _answers(self, reply: frames.Reply, address: int | None) -> bool:
        if address is None:
            return reply.kind is frames.Kind.ACK
        addressed = reply.kind is frames.Kind.VALUE_OF and reply.address == address
        return addressed or (reply.kind is frames.Kind.VALUE and not (self._dialect_known and self._echo))

    def receive_value(self, address: int) -> Steps[Outcome]:
        """The value of that register."""
        reply = yield from self._receive(address)
        if isinstance(reply, int):
            if reply == TIMEOUT and not self._dialect_known:
                self._echo = not self._echo
            return reply, 0
        self._echo, self._dialect_known = reply.kind is frames.Kind.VALUE_OF, True
        return OK, reply.value

    def receive_ack(self) -> Steps[int]:
        """Whether a write was taken."""
        reply = yield from self._receive(None)
        return reply if isinstance(reply, int) else OK
