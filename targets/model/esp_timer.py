"""esp_timer: one task that runs the callbacks of all timers, one after the other.

Source of the rules: components/esp_timer/src/esp_timer.c; the same as in targets/c/shim.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from p4verify.targets.model.kernel import FOREVER, Kernel, Task
from p4verify.targets.model.rtos import call
from p4verify.targets.model.steps import LEAVE, Steps

TIMER_PRIORITY: Final = 22


class TimerService:
    """The task that runs all callbacks, one after another; made at the first start."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._armed: list[EspTimer] = []
        self._task: Task | None = None
        self._running = False

    def arm(self, timer: EspTimer) -> None:
        """The service looks again, since this may be the soonest alarm."""
        self._armed.append(timer)
        self._armed.sort(key=lambda armed: armed.alarm_us)
        if self._task is None:
            self._task = self._kernel.create("esp_timer", self._serve(), TIMER_PRIORITY, affinity=0)
        elif not self._running:
            self._kernel.wake(self._task)

    def _serve(self) -> Steps[None]:
        kernel = self._kernel
        yield call("esp_timer")
        while True:
            soonest = self._armed[0].alarm_us if self._armed else FOREVER
            if soonest > kernel.now_us:
                yield from kernel.block("esp_timer", soonest)
                continue
            due = self._armed.pop(0)
            kernel.acquire(due)
            self._running = True
            yield from due.callback()
            yield call("esp_timer")
            self._running = False


class EspTimer:
    """A timer that fires once each time it is started."""

    def __init__(self, service: TimerService, kernel: Kernel, callback: Callable[[], Steps[None]]) -> None:
        self._service, self._kernel, self.callback = service, kernel, callback
        self.alarm_us = FOREVER
        self._start = call("esp_timer_start_once")

    def start_once(self, us: int) -> Steps[None]:
        """Fires once, so long from now; the timer must not be armed: esp_timer_start_once."""
        yield self._start
        self._kernel.release(self)
        self.alarm_us = self._kernel.now_us + us
        self._service.arm(self)
        if self._kernel.stale:
            yield LEAVE
