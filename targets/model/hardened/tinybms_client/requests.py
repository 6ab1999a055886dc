"""tinybms_requests.c and tinybms_counters.c, hardened: requests that wait for the worker, and who owns each of them.

A request lives in a slot of a table, never on its asker's stack. A caller that stops waiting takes its request out of
the queue if the worker has not begun, else it leaves the slot to the worker; whoever leaves last frees it. Callers
wait for the semaphore of their slot, which nobody else waits for. One mutex guards the table and is never held while
anybody waits; the statistics have a spinlock of their own.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from p4verify.targets.model.bms_codes import (
    COUNTERS,
    FAIL,
    INVALID_CRC,
    LATENCY_FIELDS,
    NO_MEMORY,
    OK,
    QUEUE_LENGTH,
    TIMEOUT,
    Outcome,
)
from p4verify.targets.model.kernel import Kernel
from p4verify.targets.model.memory import Memory, Record
from p4verify.targets.model.rtos import Mutex, Mux, Semaphore, clock_us, tick_count
from p4verify.targets.model.steps import Steps

SLOTS: Final = QUEUE_LENGTH + 6
Done = Callable[[Outcome], Steps[None]]


class RequestKind(enum.Enum):
    """What is asked; a restart counts as a write."""

    READ = "reads"
    WRITE = "writes"
    RESTART = "restart"

    @property
    def counted_as(self) -> str:
        """The counters it belongs to."""
        return "reads" if self is RequestKind.READ else "writes"


@dataclass(frozen=True, slots=True)
class Request:
    """`done`, if there is one, is told the outcome in the worker's task."""

    kind: RequestKind
    address: int = 0
    value: int = 0
    done: Done | None = None


class Phase(enum.Enum):
    """Of a slot."""

    FREE = 0
    WAITING = 1
    WORKING = 2
    DONE = 3


class Counters:
    """What the client counts; every snapshot is the state of one instant."""

    def __init__(self, kernel: Kernel) -> None:
        self._lock = Mux(kernel, "counters lock")
        fields = (*COUNTERS, *LATENCY_FIELDS[1:], "latency_us", "carried_out")
        self._counters = Memory("s_counters", **dict.fromkeys(fields, 0))

    def count(self, *counters: str) -> Steps[None]:
        """One more of each, together."""
        yield from self._lock.enter()
        for counter in counters:
            yield from self._counters.add(counter, 1)
        yield from self._lock.exit()

    def told(self, kind: RequestKind, result: int) -> Steps[None]:
        """A request has the outcome that its asker is told now."""
        yield from self.count(f"{kind.counted_as}_{'ok' if result == OK else 'failed'}")

    def gave_up(self, kind: RequestKind) -> Steps[None]:
        """A caller's wait ended before its request did."""
        yield from self.count(f"{kind.counted_as}_failed", "timeouts")

    def exchanged(self, result: int) -> Steps[None]:
        """A frame and its reply."""
        counter = {OK: "", TIMEOUT: "timeouts", INVALID_CRC: "crc_errors", FAIL: "nacks"}[result]
        yield from self.count(*([counter] if counter else []))

    def latency(self, us: int) -> Steps[None]:
        """A request was carried out, so long after it was accepted."""
        yield from self._lock.enter()
        yield from self._counters.add("latency_us", us)
        yield from self._counters.add("carried_out", 1)
        yield from self._lock.exit()

    def depth(self, waiting: int) -> Steps[None]:
        """So many requests wait now."""
        yield from self._lock.enter()
        yield from self._counters.write("queue_depth", waiting)
        if waiting > (yield from self._counters.read("queue_depth_max")):
            yield from self._counters.write("queue_depth_max", waiting)
        yield from self._lock.exit()

    def snapshot(self) -> Steps[Record]:
        """All of them, of one instant."""
        values: Record = {}
        yield from self._lock.enter()
        for name in self._counters.words:
            values[name] = yield from self._counters.read(name)
        yield from self._lock.exit()
        total, carried_out = values.pop("latency_us"), values.pop("carried_out")
        average = (total // carried_out + 500) // 1000 if carried_out else 0
        return {**{name: values[name] for name in COUNTERS}, "avg_latency_ms": average,
                "queue_depth": values["queue_depth"], "queue_depth_max": values["queue_depth_max"]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """A request that the worker has taken."""

    slot: int
    request: Request
    accepted_us: int


class Requests:
    """The table."""

    def __init__(self, kernel: Kernel, counters: Counters) -> None:
        self._kernel, self.counters = kernel, counters
        self._lock = Mutex(kernel, "table lock")
        self._arrived, self._given_up = Semaphore(kernel, most=1), Semaphore(kernel, most=1)
        self._finished = [Semaphore(kernel, most=1) for _ in range(SLOTS)]
        self._slots = [
            Memory(
                f"s_slots[{number}]", waits=False, gave_up=False, order=0, accepted_us=0,
                request=Request(RequestKind.READ), outcome=(OK, 0),
            )
            for number in range(SLOTS)
        ]  # fmt: skip
        self._phases = Memory("s_slots", **{str(number): Phase.FREE for number in range(SLOTS)})
        """Of the slots, by number."""
        self._accepted = 0
        """Touched under the lock, by whoever puts something."""

    # ---- looking around: the lock is held ----

    def _in_phase(self, phase: Phase) -> Steps[list[int]]:
        phases = yield from self._phases.scan()
        return [number for number in range(SLOTS) if phases[str(number)] is phase]

    def _enter_phase(self, number: int, phase: Phase) -> Steps[None]:
        yield from self._phases.write(str(number), phase)
        waiting = yield from self._in_phase(Phase.WAITING)
        yield from self.counters.depth(len(waiting))

    def _is_wanted(self, number: int) -> Steps[bool]:
        """Whether another attempt is worth it: a write never is, once its caller was told that it is unknown."""
        slot = self._slots[number]
        if not (yield from slot.read("gave_up")):
            return True
        request = yield from slot.read("request")
        return request.kind is RequestKind.READ and request.done is not None

    # ---- askers ----

    def put(self, request: Request, *, waits: bool) -> Steps[int | None]:
        """The slot of a request; None when too many wait."""
        yield from self._lock.take()
        waiting = yield from self._in_phase(Phase.WAITING)
        free = (yield from self._in_phase(Phase.FREE)) if len(waiting) < QUEUE_LENGTH else []
        if free:
            yield from self._fill(free[0], request, waits)
            yield from self._arrived.give()
        else:
            yield from self.counters.told(request.kind, NO_MEMORY)
        yield from self._lock.give()
        return free[0] if free else None

    def _fill(self, number: int, request: Request, waits: bool) -> Steps[None]:
        slot = self._slots[number]
        yield from slot.write("waits", waits)
        yield from slot.write("gave_up", False)
        yield from slot.write("order", self._accepted)
        self._accepted += 1
        yield from slot.write("accepted_us", (yield from clock_us(self._kernel)))
        yield from slot.write("request", request)
        yield from self._enter_phase(number, Phase.WAITING)

    def wait_for(self, number: int, ticks: int) -> Steps[Outcome | None]:
        """The outcome; None when that was not enough time, and then the slot is no longer the caller's."""
        slot = self._slots[number]
        woken = yield from self._finished[number].take(ticks)
        yield from self._lock.take()
        outcome: Outcome | None = None
        if (yield from self._phases.read(str(number))) is Phase.DONE:
            if not woken:
                yield from self._finished[number].take(0)
            outcome = yield from slot.read("outcome")
            yield from self._enter_phase(number, Phase.FREE)
        else:
            yield from self._give_up(number)
        yield from self._lock.give()
        return outcome

    def _give_up(self, number: int) -> Steps[None]:
        slot = self._slots[number]
        yield from slot.write("gave_up", True)
        if (yield from self._phases.read(str(number))) is Phase.WORKING:
            yield from self._given_up.give()
        elif not (yield from self._is_wanted(number)):
            yield from self._enter_phase(number, Phase.FREE)
        request = yield from slot.read("request")
        yield from self.counters.gave_up(request.kind)

    # ---- the worker ----

    def take(self, ticks: int) -> Steps[Work | None]:
        """The oldest request; waits for one at most so long."""
        work = yield from self._take_oldest()
        if work is None and (yield from self._arrived.take(ticks)):
            work = yield from self._take_oldest()
        return work

    def _take_oldest(self) -> Steps[Work | None]:
        work = None
        yield from self._lock.take()
        waiting = yield from self._in_phase(Phase.WAITING)
        orders: dict[int, int] = {}
        for number in waiting:
            orders[(yield from self._slots[number].read("order"))] = number
        if orders:
            number = orders[min(orders)]
            slot = self._slots[number]
            yield from self._enter_phase(number, Phase.WORKING)
            work = Work(number, (yield from slot.read("request")), (yield from slot.read("accepted_us")))
        yield from self._lock.give()
        return work

    def send(self, work: Work, send: Callable[[bytes], Steps[None]], frame: bytes) -> Steps[bool]:
        """Sends a frame unless the asker has given up; under one lock, so that no caller is told meanwhile."""
        yield from self._lock.take()
        wanted = yield from self._is_wanted(work.slot)
        if wanted:
            yield from send(frame)
        yield from self._lock.give()
        return wanted

    def _is_still_wanted(self, work: Work) -> Steps[bool]:
        yield from self._lock.take()
        wanted = yield from self._is_wanted(work.slot)
        yield from self._lock.give()
        return wanted

    def pause(self, work: Work, ticks: int) -> Steps[bool]:
        """Lets time pass between two attempts; False as soon as the asker has given the request up."""
        begin = yield from tick_count(self._kernel)
        passed = 0
        while (yield from self._is_still_wanted(work)) and passed < ticks:
            yield from self._given_up.take(ticks - passed)
            passed = (yield from tick_count(self._kernel)) - begin
        return passed >= ticks

    def finish(self, work: Work, outcome: Outcome) -> Steps[None]:
        """Hands the outcome to an asker that still waits."""
        slot = self._slots[work.slot]
        yield from self._lock.take()
        gave_up = yield from slot.read("gave_up")
        if not gave_up:
            yield from self.counters.told(work.request.kind, outcome[0])
        if (yield from slot.read("waits")) and not gave_up:
            yield from slot.write("outcome", outcome)
            yield from self._enter_phase(work.slot, Phase.DONE)
            yield from self._finished[work.slot].give()
        else:
            yield from self._enter_phase(work.slot, Phase.FREE)
        yield from self._lock.give()
