"""tinybms_client.c, hardened: tinybms_io, the only task that uses the UART, and callers that wait for it a little.

A caller's wait is bounded; when it ends the outcome is unknown, and no further attempt of a write begins. Here are
attempts, verification, the state of the link and the event with the statistics.
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model import tinybms_frame as frames
from p4verify.targets.model.bms_codes import (
    ATTEMPTS,
    CONNECTED,
    CONNECTING,
    DISCONNECTED,
    FAIL,
    INVALID_STATE,
    NO_MEMORY,
    OK,
    RESTART_REGISTER,
    RESTART_VALUE,
    RETRY_PAUSE_MS,
    TEST_REGISTER,
    TIMEOUT,
    VERIFY_PAUSE_MS,
    Outcome,
)
from p4verify.targets.model.events import Event
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.hardened.tinybms_client.requests import Counters, Request, RequestKind, Requests, Work
from p4verify.targets.model.hardened.tinybms_client.wire import Wire
from p4verify.targets.model.kernel import FOREVER, TICK_US
from p4verify.targets.model.memory import Record
from p4verify.targets.model.rtos import Atomic, clock_us, delay_ms, tick_count
from p4verify.targets.model.steps import Steps

WORKER_PRIORITY, LINK_LOST_AFTER = 6, 3
TICK_MS: Final = TICK_US // 1000


class TinybmsClient:
    """The component."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._counters = Counters(board.kernel)
        self._requests = Requests(board.kernel, self._counters)
        self._wire = Wire(board.kernel, board.uart, self._counters)
        self._started = Atomic(board.kernel, "s_started", False)
        self._state = Atomic(board.kernel, "s_state", DISCONNECTED)
        self._interval = board.number("CONFIG_TINYBMS_STATS_INTERVAL_MS") // TICK_MS
        self._silent, self._shown, self._due_at = 0, dict[str, int](), 0
        """The worker's own."""

    def boot(self) -> Steps[None]:
        """tinybms_client_init and tinybms_client_start."""
        self._shown = yield from self._counters.snapshot()
        yield from self._state.exchange(CONNECTING)
        self._worker = self._board.kernel.create("tinybms_io", self._worker_task(), WORKER_PRIORITY)
        yield from self._started.exchange(True)
        yield from self.submit(Request(RequestKind.READ, TEST_REGISTER))

    # ---- attempts: None when nobody wants one any more ----

    def _read_back(self, address: int, expected: int) -> Steps[Outcome]:
        yield from delay_ms(self._board.kernel, VERIFY_PAUSE_MS)
        yield from self._wire.send(self._wire.read_frame(address))
        result, value = yield from self._wire.receive_value(address)
        return (FAIL if result == OK and value != expected else result), value

    def _attempt_read(self, work: Work) -> Steps[Outcome | None]:
        address = work.request.address
        if not (yield from self._requests.send(work, self._wire.send, self._wire.read_frame(address))):
            return None
        return (yield from self._wire.receive_value(address))

    def _attempt_write(self, work: Work) -> Steps[Outcome | None]:
        address, value = work.request.address, work.request.value
        if not (yield from self._requests.send(work, self._wire.send, frames.write_frame(address, value))):
            return None
        result = yield from self._wire.receive_ack()
        if result == OK and work.request.kind is not RequestKind.RESTART:
            return (yield from self._read_back(address, value))
        return result, 0

    # ---- the state of the link ----

    def _change_state(self, state: int, event: str) -> Steps[None]:
        if (yield from self._state.exchange(state)) != state:
            yield from self._board.bus.publish(Event(event))

    def _note_link(self, result: int) -> Steps[None]:
        """Whatever is answered, and be it a refusal, shows that somebody is there."""
        self._silent = self._silent + 1 if result == TIMEOUT else 0
        if self._silent == 0:
            yield from self._change_state(CONNECTED, "connected")
        elif self._silent >= LINK_LOST_AFTER:
            yield from self._change_state(DISCONNECTED, "disconnected")

    # ---- tinybms_io ----

    def _carry_out(self, work: Work) -> Steps[tuple[int, Outcome]]:
        """How many attempts there were, and what the last one ended in."""
        outcome: Outcome = (TIMEOUT, 0)
        attempts = 0
        while attempts < ATTEMPTS and outcome[0] != OK:
            if attempts and not (yield from self._requests.pause(work, RETRY_PAUSE_MS // TICK_MS)):
                break
            reads = work.request.kind is RequestKind.READ
            attempt = yield from self._attempt_read(work) if reads else self._attempt_write(work)
            if attempt is None:
                break
            outcome, attempts = attempt, attempts + 1
            if attempts > 1:
                yield from self._counters.count("retries")
            yield from self._note_link(outcome[0])
        return attempts, outcome

    def _serve(self, work: Work) -> Steps[None]:
        attempts, outcome = yield from self._carry_out(work)
        if attempts:
            now_us = yield from clock_us(self._board.kernel)
            yield from self._counters.latency(now_us - work.accepted_us)
        if work.request.done is not None:
            yield from work.request.done(outcome)
        yield from self._requests.finish(work, outcome)

    def _ticks_until_stats(self, stats: Record) -> Steps[int]:
        """0: now; FOREVER: they say what was published last."""
        if stats == self._shown:
            return FOREVER
        return max(self._due_at - (yield from tick_count(self._board.kernel)), 0)

    def _publish_due_stats(self) -> Steps[None]:
        """What the bus refuses is published an interval later."""
        stats = yield from self._counters.snapshot()
        if (yield from self._ticks_until_stats(stats)) > 0:
            return
        yield from clock_us(self._board.kernel)
        if (yield from self._board.bus.publish(Event("stats", stats))):
            self._shown = stats
        self._due_at = (yield from tick_count(self._board.kernel)) + self._interval

    def _worker_task(self) -> Steps[None]:
        while True:
            stats = yield from self._counters.snapshot()
            work = yield from self._requests.take((yield from self._ticks_until_stats(stats)))
            if work is not None:
                yield from self._serve(work)
            yield from self._publish_due_stats()

    # ---- asking ----

    def submit(self, request: Request) -> Steps[int]:
        """tinybms_submit: does not wait."""
        if not (yield from self._started.load()):
            return INVALID_STATE
        slot = yield from self._requests.put(request, waits=False)
        return NO_MEMORY if slot is None else OK

    def perform(self, request: Request) -> Steps[Outcome]:
        """tinybms_perform: waits, at most as long as is configured; a tick less, since one may have begun."""
        if not (yield from self._started.load()) or self._board.kernel.current is self._worker:
            return INVALID_STATE, 0
        slot = yield from self._requests.put(request, waits=True)
        if slot is None:
            return NO_MEMORY, 0
        what = "READ" if request.kind is RequestKind.READ else "WRITE"
        ticks = self._board.number(f"CONFIG_TINYBMS_{what}_WAIT_MS") // TICK_MS
        outcome = yield from self._requests.wait_for(slot, max(ticks - 1, 1))
        return (TIMEOUT, 0) if outcome is None else outcome

    def read(self, address: int) -> Steps[Outcome]:
        """tinybms_read_register."""
        return (yield from self.perform(Request(RequestKind.READ, address)))

    def write(self, address: int, value: int) -> Steps[Outcome]:
        """tinybms_write_register."""
        return (yield from self.perform(Request(RequestKind.WRITE, address, value)))

    def restart(self) -> Steps[Outcome]:
        """tinybms_restart."""
        return (yield from self.perform(Request(RequestKind.RESTART, RESTART_REGISTER, RESTART_VALUE)))

    def state(self) -> Steps[int]:
        """tinybms_get_state."""
        return int((yield from self._state.load()))

    def stats(self) -> Steps[Record]:
        """tinybms_get_stats: one snapshot."""
        return (yield from self._counters.snapshot())
