"""FreeRTOS, as far as the model calls it: each call is a step, and waits where the real one does.

Sources of the rules: K/queue.c, K/tasks.c; the same as in targets/c/shim.
"""

from __future__ import annotations

from collections import deque
from functools import cache
from typing import Any, Final

from p4verify.targets.model.kernel import FOREVER, TICK_US, Kernel, Task
from p4verify.targets.model.steps import LEAVE, Kind, Step, Steps

_NOW: Final = 0


def deadline(kernel: Kernel, ticks: int) -> int:
    """When a wait of so many ticks ends; FOREVER stays."""
    return FOREVER if ticks >= FOREVER else (kernel.now_us // TICK_US + ticks) * TICK_US


@cache
def call(name: str) -> Step:
    """The step of an RTOS call."""
    return Step(Kind.CALL, name)


# ---- time ----

_DELAY, _UNTIL, _COST = call("vTaskDelay"), call("xTaskDelayUntil"), call("p4v_cost")
_COUNT, _CLOCK = call("xTaskGetTickCount"), call("esp_timer_get_time")


def delay_ms(kernel: Kernel, ms: int) -> Steps[None]:
    """Until the n-th tick from now: vTaskDelay."""
    yield _DELAY
    yield from kernel.block("vTaskDelay", deadline(kernel, ms // (TICK_US // 1000)))


def delay_until(kernel: Kernel, wake: int) -> Steps[None]:
    """Until this tick, or not at all when it has passed: xTaskDelayUntil."""
    yield _UNTIL
    yield from kernel.block("xTaskDelayUntil", wake * TICK_US)


def tick_count(kernel: Kernel) -> Steps[int]:
    """Ticks since the boot: xTaskGetTickCount."""
    yield _COUNT
    return kernel.read_clock_us() // TICK_US


def clock_us(kernel: Kernel) -> Steps[int]:
    """Microseconds since the boot: esp_timer_get_time."""
    yield _CLOCK
    return kernel.read_clock_us()


def take_time(kernel: Kernel, us: int) -> Steps[None]:
    """What a costed call of a double takes, blocking."""
    yield _COST
    yield from kernel.block("a costed call", kernel.now_us + us)


# ---- locks ----


class Waiters:
    """Tasks that wait for one thing; the highest priority is served first, then the longest wait."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._tasks: list[Task] = []

    def wait(self, why: str, deadline_us: int, holder: Task | None = None) -> Steps[bool]:
        """The running task waits; False when its time is up."""
        task = self._kernel.current
        self._tasks.append(task)
        woken = yield from self._kernel.block(why, deadline_us, holder)
        if task in self._tasks:
            self._tasks.remove(task)
        return woken

    def wake_from_interrupt(self) -> None:
        """Wakes one, if there is any."""
        if self._tasks:
            first = max(self._tasks, key=lambda task: task.priority)
            self._tasks.remove(first)
            self._kernel.wake(first)

    def wake_first(self) -> Steps[None]:
        """Wakes one, if there is any, who may take over at once."""
        self.wake_from_interrupt()
        if self._kernel.stale:
            yield LEAVE

    @property
    def highest(self) -> int:
        """The highest priority among them, 0 when there is none."""
        return max((task.priority for task in self._tasks), default=0)


class Mutex:
    """Whoever holds it inherits the priority of who waits for it (xSemaphoreCreateMutex)."""

    def __init__(self, kernel: Kernel, name: str) -> None:
        self._kernel, self.name = kernel, name
        self._holder: Task | None = None
        self._waiters = Waiters(kernel)
        self._take, self._give = call("xSemaphoreTake"), call("xSemaphoreGive")

    def take(self, ticks: int = FOREVER) -> Steps[bool]:
        """False when the time is up."""
        yield self._take
        return (yield from self.obtain(ticks))

    def obtain(self, ticks: int = FOREVER) -> Steps[bool]:
        """The same within the step of a call that takes a lock of its own."""
        kernel = self._kernel
        task, until = kernel.current, deadline(kernel, ticks)
        while self._holder is not None:
            self._inherit(self._holder, task)
            if not (yield from self._waiters.wait("xSemaphoreTake", until, self._holder)) and kernel.now_us >= until:
                self._disinherit()
                return False
        self._holder = task
        task.mutexes += 1
        kernel.hold(self, self.name)
        return True

    def _inherit(self, holder: Task, waiter: Task) -> None:
        if holder.priority < waiter.priority:
            holder.priority = waiter.priority
            self._kernel.stale = True

    def _disinherit(self) -> None:
        holder = self._holder
        if holder is not None and holder.mutexes == 1:
            holder.priority = max(holder.base_priority, self._waiters.highest)
            self._kernel.stale = True

    def give(self) -> Steps[None]:
        """The highest waiter may take it."""
        yield self._give
        yield from self.release()

    def release(self) -> Steps[None]:
        """The same within the step of a call."""
        kernel = self._kernel
        task = kernel.current
        assert self._holder is task, f"{task.name} gives {self.name}, which it does not hold"
        kernel.drop(self, self.name)
        self._holder = None
        task.mutexes -= 1
        if task.mutexes == 0 and task.priority != task.base_priority:
            task.priority, kernel.stale = task.base_priority, True
        yield from self._waiters.wake_first()


class Mux:
    """portMUX_TYPE: a critical section masks the interrupts of its core, then spins for the other core."""

    def __init__(self, kernel: Kernel, name: str) -> None:
        self._kernel, self.name = kernel, name
        self._owner: Task | None = None
        self._spinning: list[Task] = []
        self._enter, self._exit = call("portENTER_CRITICAL"), Step(Kind.NOTE, "portEXIT_CRITICAL")

    def enter(self) -> Steps[None]:
        """Begins the critical section: portENTER_CRITICAL."""
        kernel = self._kernel
        yield self._enter
        task = kernel.current
        kernel.cores.lock(task)
        kernel.stale = kernel.stale or kernel.cores.crowded
        while self._owner is not None:
            self._spinning.append(task)
            yield from kernel.spin("portENTER_CRITICAL", self._owner)
        self._owner = task
        kernel.hold(self, self.name)

    def exit(self) -> Steps[None]:
        """Ends it: portEXIT_CRITICAL."""
        kernel = self._kernel
        yield self._exit
        task = kernel.current
        kernel.drop(self, self.name)
        self._owner = None
        kernel.cores.unlock(task)
        kernel.stale = kernel.stale or kernel.cores.crowded
        for waiting in self._spinning:
            kernel.wake(waiting)
        self._spinning.clear()
        if kernel.stale:
            yield LEAVE


# ---- handing over ----


class Queue:
    """xQueueCreate: copies in, copies out."""

    def __init__(self, kernel: Kernel, length: int) -> None:
        self._kernel, self.length = kernel, length
        self._items: deque[Any] = deque()
        self._senders, self._receivers = Waiters(kernel), Waiters(kernel)
        self._send, self._receive = call("xQueueSend"), call("xQueueReceive")
        self._count = call("uxQueueMessagesWaiting")

    def send(self, item: Any, ticks: int = _NOW) -> Steps[bool]:
        """False when it stayed full."""
        kernel = self._kernel
        yield self._send
        until = deadline(kernel, ticks)
        while len(self._items) >= self.length:
            if kernel.now_us >= until:
                return False
            yield from self._senders.wait("xQueueSend", until)
        kernel.acquire(self)
        kernel.release(self)
        self._items.append(item)
        yield from self._receivers.wake_first()
        return True

    def receive(self, ticks: int = FOREVER) -> Steps[Any]:
        """The oldest item, None when it stayed empty."""
        kernel = self._kernel
        yield self._receive
        until = deadline(kernel, ticks)
        while not self._items:
            if kernel.now_us >= until:
                return None
            yield from self._receivers.wait("xQueueReceive", until)
        kernel.acquire(self)
        kernel.release(self)
        item = self._items.popleft()
        yield from self._senders.wake_first()
        return item

    def send_from_interrupt(self, item: Any) -> None:
        """xQueueSendFromISR: what there is no room for is lost."""
        if len(self._items) < self.length:
            self._items.append(item)
            self._receivers.wake_from_interrupt()

    def waiting(self) -> Steps[int]:
        """How many items there are: uxQueueMessagesWaiting."""
        yield self._count
        return len(self._items)


_GIVE, _TAKE = call("xTaskNotifyGive"), call("ulTaskNotifyTake")


def notify_give(kernel: Kernel, task: Task) -> Steps[None]:
    """One notification more: xTaskNotifyGive."""
    yield _GIVE
    kernel.release(task)
    task.notified += 1
    if task.awaits_notification:
        kernel.wake(task)
    if kernel.stale:
        yield LEAVE


def notify_take(kernel: Kernel, ticks: int = FOREVER) -> Steps[int]:
    """Waits for notifications (ulTaskNotifyTake with pdTRUE): how many there were; 0 when the time is up."""
    yield _TAKE
    task = kernel.current
    if task.notified == 0:
        task.awaits_notification = True
        yield from kernel.block("ulTaskNotifyTake", deadline(kernel, ticks))
        task.awaits_notification = False
    taken, task.notified = task.notified, 0
    if taken:
        kernel.acquire(task)
    return taken


class Semaphore:
    """A counting semaphore; with `most` 1 a binary one."""

    def __init__(self, kernel: Kernel, most: int = 1 << 16) -> None:
        self._kernel, self._most = kernel, most
        self._count = 0
        self._waiters = Waiters(kernel)
        self._take, self._give = call("xSemaphoreTake"), call("xSemaphoreGive")

    def give(self) -> Steps[None]:
        """One more, where there may be more."""
        yield self._give
        self._kernel.release(self)
        self._count = min(self._count + 1, self._most)
        yield from self._waiters.wake_first()

    def take(self, ticks: int = FOREVER) -> Steps[bool]:
        """Waits until there is one, and takes it; False when the time is up."""
        yield self._take
        until = deadline(self._kernel, ticks) if ticks else self._kernel.now_us
        while self._count == 0:
            if self._kernel.now_us >= until:
                return False
            yield from self._waiters.wait("xSemaphoreTake", until)
        self._count -= 1
        self._kernel.acquire(self)
        return True


class Atomic:
    """A C11 atomic, sequentially consistent: each access is one step that orders, and never races."""

    def __init__(self, kernel: Kernel, name: str, value: Any) -> None:
        self._kernel, self._value = kernel, value
        self._load, self._exchange = call(f"atomic_load {name}"), call(f"atomic_exchange {name}")

    def load(self) -> Steps[Any]:
        """Its value."""
        yield self._load
        self._kernel.acquire(self)
        return self._value

    def exchange(self, value: Any) -> Steps[Any]:
        """Sets it; returns what it was."""
        yield self._exchange
        self._kernel.acquire(self)
        self._kernel.release(self)
        before, self._value = self._value, value
        return before


class Gate:
    """One bit of an event group: who waits for it goes on when it is set, and nobody waits any more."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._open = False
        self._waiting: list[Task] = []
        self._wait, self._set = call("xEventGroupWaitBits"), call("xEventGroupSetBits")

    def wait(self) -> Steps[None]:
        """Until it is open."""
        yield self._wait
        if not self._open:
            self._waiting.append(self._kernel.current)
            yield from self._kernel.block("xEventGroupWaitBits")
        self._kernel.acquire(self)

    def open(self) -> Steps[None]:
        """For all, in one step."""
        yield self._set
        self._open = True
        self._kernel.release(self)
        for task in self._waiting:
            self._kernel.wake(task)
        yield LEAVE
