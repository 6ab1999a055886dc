"""tinybms_client.c as found: callers do the UART's work themselves, under one mutex, for as long as it takes.

tinybms_rx forwards what arrives to a queue; whoever holds the mutex parses it, and takes whatever reply is next for
the answer to its own request. Statistics are counted and published after the mutex was given back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from p4verify.targets.model import tinybms_frame as frames
from p4verify.targets.model.bms_codes import (
    ATTEMPTS,
    CONNECTED,
    CONNECTING,
    COUNTERS,
    DISCONNECTED,
    FAIL,
    INVALID_CRC,
    INVALID_STATE,
    OK,
    RESTART_REGISTER,
    RESTART_VALUE,
    RETRY_PAUSE_MS,
    TEST_REGISTER,
    TIMEOUT,
    TIMEOUT_TICKS,
    VERIFY_PAUSE_MS,
    Outcome,
)
from p4verify.targets.model.events import Event
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.rtos import Mutex, Queue, clock_us, delay_ms
from p4verify.targets.model.steps import Steps

RX_PRIORITY: Final = 6
RESPONSES, UART_EVENTS, CHUNK_BYTES = 4, 8, 32


class TinybmsClient:
    """The component."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._mutex = Mutex(board.kernel, "uart_mutex")
        self._responses = Queue(board.kernel, RESPONSES)
        self._events = Queue(board.kernel, UART_EVENTS)
        self._parser = frames.Parser()
        """Only whoever holds the mutex touches it."""
        self._ready = False
        self.s_client = Memory("s_client", state=DISCONNECTED, **dict.fromkeys(COUNTERS, 0))

    def boot(self) -> Steps[None]:
        """tinybms_client_init and tinybms_client_start, which asks in the caller's task."""
        board = self._board
        board.uart.events = self._events
        board.kernel.create("tinybms_rx", self._rx_task(), RX_PRIORITY)
        self._ready = True
        yield from self.s_client.write("state", CONNECTING)
        result, _ = yield from self.read(TEST_REGISTER)
        yield from self.s_client.write("state", CONNECTED if result == OK else DISCONNECTED)
        if result == OK:
            yield from board.bus.publish(Event("connected"))

    # ---- tinybms_rx ----

    def _rx_task(self) -> Steps[None]:
        while True:
            yield from self._events.receive()
            while chunk := (yield from self._board.uart.read(CHUNK_BYTES)):
                yield from self._responses.send(chunk)

    # ---- transactions: the caller holds the mutex ----

    def _wait_reply(self) -> Steps[frames.Reply | None]:
        """The next reply on the wire, whomever it answers; None for silence."""
        while (reply := self._parser.next()) is None:
            chunk = yield from self._responses.receive(TIMEOUT_TICKS)
            if chunk is None:
                yield from self.s_client.add("timeouts", 1)
                return None
            self._parser.put(chunk)
        return reply

    def _exchange(self, frame: bytes, *wanted: frames.Kind) -> Steps[Outcome]:
        yield from self._board.uart.write(frame)
        while True:
            reply = yield from self._wait_reply()
            if reply is None:
                return TIMEOUT, 0
            if reply.kind is frames.Kind.BAD_CRC:
                yield from self.s_client.add("crc_errors", 1)
                return INVALID_CRC, 0
            if reply.kind is frames.Kind.NACK:
                yield from self.s_client.add("nacks", 1)
                return FAIL, 0
            if reply.kind in wanted:
                return OK, reply.value

    def _read_once(self, address: int) -> Steps[Outcome]:
        frame = frames.read_frame(address, echo=False)
        return (yield from self._exchange(frame, frames.Kind.VALUE, frames.Kind.VALUE_OF))

    def _write_once(self, address: int, value: int) -> Steps[Outcome]:
        return (yield from self._exchange(frames.write_frame(address, value), frames.Kind.ACK))

    def _write_and_verify(self, address: int, value: int) -> Steps[Outcome]:
        result, _ = yield from self._write_once(address, value)
        if result != OK:
            return result, 0
        yield from delay_ms(self._board.kernel, VERIFY_PAUSE_MS)
        result, verified = yield from self._read_once(address)
        return (FAIL if result == OK and verified != value else result), verified

    def _with_retries(self, once: Callable[[], Steps[Outcome]]) -> Steps[Outcome]:
        outcome = yield from once()
        for _ in range(1, ATTEMPTS):
            if outcome[0] == OK:
                break
            yield from self.s_client.add("retries", 1)
            yield from delay_ms(self._board.kernel, RETRY_PAUSE_MS)
            outcome = yield from once()
        return outcome

    # ---- the component's interface ----

    def _transact(self, once: Callable[[], Steps[Outcome]], what: str) -> Steps[Outcome]:
        if not self._ready:
            return INVALID_STATE, 0
        yield from self._mutex.take()
        result, value = yield from self._with_retries(once)
        yield from self._mutex.give()
        yield from self.s_client.add(f"{what}_ok" if result == OK else f"{what}_failed", 1)
        yield from self._publish_stats()
        return result, value

    def read(self, address: int) -> Steps[Outcome]:
        """tinybms_read_register."""
        result, value = yield from self._transact(lambda: self._read_once(address), "reads")
        return result, value if result == OK else 0

    def write(self, address: int, value: int) -> Steps[Outcome]:
        """tinybms_write_register."""
        return (yield from self._transact(lambda: self._write_and_verify(address, value), "writes"))

    def restart(self) -> Steps[Outcome]:
        """tinybms_restart."""
        return (yield from self._transact(lambda: self._write_once(RESTART_REGISTER, RESTART_VALUE), "writes"))

    def state(self) -> Steps[int]:
        """tinybms_get_state."""
        return int((yield from self.s_client.read("state")))

    def stats(self) -> Steps[Record]:
        """tinybms_get_stats: one counter after the other."""
        stats: Record = {}
        for counter in COUNTERS:
            stats[counter] = yield from self.s_client.read(counter)
        return stats

    def _publish_stats(self) -> Steps[None]:
        stats = yield from self.stats()
        yield from clock_us(self._board.kernel)
        yield from self._board.bus.publish(Event("stats", stats))
