"""The kernel of the model obeys FreeRTOS on two cores, tears records as the chip does, and repeats itself exactly."""

from __future__ import annotations

import pytest

from p4verify.targets.model.choosers import Explicit
from p4verify.targets.model.cores import Cores, State
from p4verify.targets.model.esp_timer import EspTimer, TimerService
from p4verify.targets.model.kernel import TICK_US, EndedError, Kernel, Task
from p4verify.targets.model.memory import Memory
from p4verify.targets.model.races import Races
from p4verify.targets.model.rtos import (
    Mutex,
    Mux,
    Queue,
    clock_us,
    delay_ms,
    notify_give,
    notify_take,
)
from p4verify.targets.model.steps import Kind, Step, Steps
from p4verify.targets.model.tracing import named, where
from p4verify.verify.execution import Ending, Outcome
from p4verify.verify.schedule import TICK

GO = Step(Kind.CALL, "go")


def kernel_of(*choices: tuple[int, int], races: bool = False, ticks: int = 0) -> Kernel:
    return Kernel(Explicit(choices), races=Races(where, named) if races else None, ticks_left=ticks)


def finish(kernel: Kernel, after_ms: int = 1000) -> Ending:
    def main() -> Steps[None]:
        yield GO
        yield from delay_ms(kernel, after_ms)
        raise EndedError(Outcome.COMPLETED)

    kernel.create("main", main(), 1)
    return kernel.run()


def idle(number: int, priority: int, affinity: int | None = None, state: State = State.READY) -> Task:
    return Task(number, f"t{number}", iter(()), priority, affinity, priority, state=state)


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ([idle(0, 1), idle(1, 5)], [0, 1]),
        ([idle(0, 1), idle(1, 5), idle(2, 4)], [1, 2]),
        ([idle(0, 1), idle(1, 5), idle(2, 5), idle(3, 5)], [1, 2, 3]),
        ([idle(0, 5, 0), idle(1, 4, 0), idle(2, 1)], [0, 2]),
        ([idle(0, 5, 0), idle(1, 5), idle(2, 1)], [0, 1]),
        ([idle(0, 5, state=State.BLOCKED), idle(1, 4), idle(2, 1)], [1, 2]),
        ([idle(0, 5, state=State.SPINNING), idle(1, 4), idle(2, 3)], [1, 2]),
    ],
)
def test_the_two_highest_ready_tasks_run_and_equals_share(tasks: list[Task], expected: list[int]) -> None:
    assert [task.number for task in Cores().enabled(tasks, relaxed=False)] == expected


def test_relaxed_lets_any_ready_task_run() -> None:
    tasks = [idle(0, 1), idle(1, 5), idle(2, 4)]
    assert Cores().enabled(tasks, relaxed=True) == tasks


def test_whoever_is_in_a_critical_section_keeps_the_core() -> None:
    cores, tasks = Cores(), [idle(0, 1), idle(1, 5), idle(2, 4)]
    cores.lock(tasks[0])
    assert [task.number for task in cores.enabled(tasks, relaxed=False)] == [0, 1]
    cores.unlock(tasks[0])
    assert [task.number for task in cores.enabled(tasks, relaxed=False)] == [1, 2]


def copying(kernel: Kernel) -> tuple[Memory, list[dict[str, int]]]:
    """One task copies a record of two words, the other overwrites it."""
    memory = Memory("s")
    memory.add_record("r", ("a", "b"), {"a": 1, "b": 1})
    copies: list[dict[str, int]] = []

    def reader() -> Steps[None]:
        copies.append((yield from memory.load("r")))

    def writer() -> Steps[None]:
        yield from memory.store("r", {"a": 2, "b": 2})

    kernel.create("reader", reader(), 5)
    kernel.create("writer", writer(), 5)
    return memory, copies


def test_a_copy_tears_where_another_task_steps_in() -> None:
    seen = set()
    for point in range(8):
        for offset in (0, 1):
            kernel = kernel_of((point, offset))
            _, copies = copying(kernel)
            assert finish(kernel).outcome is Outcome.COMPLETED
            seen.add(tuple(copies[0].values()))
    assert seen == {(1, 1), (1, 2), (2, 2)}


def test_the_race_of_that_copy_is_found_with_both_lines() -> None:
    kernel = kernel_of(races=True)
    copying(kernel)
    finish(kernel)
    assert kernel.races is not None
    races = list(kernel.races.found.values())
    assert [race.variable for race in races] == ["s.r.a"]  # of the pairs of one place the first
    assert {races[0].first.function, races[0].second.function} == {"reader", "writer"}
    assert {races[0].first.write, races[0].second.write} == {True, False}


@pytest.mark.parametrize("lock", [Mutex, Mux])
def test_a_lock_orders_accesses_and_none_of_them_races(lock: type[Mutex | Mux]) -> None:
    for point in range(12):
        kernel = kernel_of((point, 1), races=True)
        memory, guard = Memory("s", n=0), lock(kernel, "lock")

        def count(memory: Memory = memory, guard: Mutex | Mux = guard) -> Steps[None]:
            yield from guard.take() if isinstance(guard, Mutex) else guard.enter()
            yield from memory.add("n", 1)
            yield from guard.give() if isinstance(guard, Mutex) else guard.exit()

        for name in ("a", "b"):
            kernel.create(name, count(), 5)
        assert finish(kernel).outcome is Outcome.COMPLETED
        assert memory.words["n"] == 2
        assert kernel.races is not None
        assert not kernel.races.found


def test_without_the_lock_an_update_is_lost() -> None:
    counts = set()
    for point in range(8):
        kernel = kernel_of((point, 1))
        memory = Memory("s", n=0)
        for name in ("a", "b"):
            kernel.create(name, memory.add("n", 1), 5)
        finish(kernel)
        counts.add(memory.words["n"])
    assert counts == {1, 2}


def test_a_mutex_lends_the_priority_of_who_waits() -> None:
    kernel = kernel_of()
    lock = Mutex(kernel, "lock")
    seen: list[int] = []

    def low() -> Steps[None]:
        yield from lock.take()
        yield from delay_ms(kernel, 20)
        seen.append(holder.priority)
        yield from lock.give()
        seen.append(holder.priority)

    def high() -> Steps[None]:
        yield from delay_ms(kernel, 10)
        yield from lock.take()
        yield from lock.give()

    holder = kernel.create("low", low(), 2)
    kernel.create("high", high(), 7)
    finish(kernel)
    assert seen == [7, 2]


def test_a_mutex_is_not_waited_for_longer_than_asked() -> None:
    kernel = kernel_of()
    lock = Mutex(kernel, "lock")
    results: list[tuple[bool, int]] = []

    def keep() -> Steps[None]:
        yield from lock.take()
        yield from delay_ms(kernel, 500)

    def ask() -> Steps[None]:
        yield from delay_ms(kernel, 10)
        results.append(((yield from lock.take(3)), kernel.now_us))

    kernel.create("keep", keep(), 5)
    kernel.create("ask", ask(), 5)
    finish(kernel)
    assert results == [(False, 40_000)]


def test_a_queue_hands_over_in_order_and_refuses_when_full() -> None:
    kernel = kernel_of()
    queue = Queue(kernel, 2)
    results: list[object] = []

    def send() -> Steps[None]:
        results.append((yield from queue.send("first")))
        results.append((yield from queue.send("second")))
        results.append((yield from queue.send("third")))
        results.append((yield from queue.receive()))
        results.append((yield from queue.receive()))
        results.append((yield from queue.receive(1)))

    kernel.create("a", send(), 5)
    finish(kernel)
    assert results == [True, True, False, "first", "second", None]


def test_notifications_add_up() -> None:
    kernel = kernel_of()
    taken: list[int] = []

    def wait() -> Steps[None]:
        yield from delay_ms(kernel, 10)
        taken.append((yield from notify_take(kernel)))
        taken.append((yield from notify_take(kernel, 1)))

    waiter = kernel.create("a", wait(), 5)

    def give() -> Steps[None]:
        yield from notify_give(kernel, waiter)
        yield from notify_give(kernel, waiter)

    kernel.create("b", give(), 5)
    finish(kernel)
    assert taken == [2, 0]


def test_a_timer_fires_once_at_its_time() -> None:
    kernel = kernel_of()
    fired: list[int] = []

    def callback() -> Steps[None]:
        fired.append(kernel.now_us)
        yield GO

    timer = EspTimer(TimerService(kernel), kernel, callback)

    def start() -> Steps[None]:
        yield from timer.start_once(1500)
        yield from delay_ms(kernel, 100)
        yield from timer.start_once(500)

    kernel.create("a", start(), 5)
    finish(kernel)
    assert fired == [1500, 100_500]


def test_delays_end_at_ticks_and_reading_the_clock_takes_time() -> None:
    kernel = kernel_of()
    times: list[int] = []

    def task() -> Steps[None]:
        times.append((yield from clock_us(kernel)))
        yield from delay_ms(kernel, 10)
        times.append(kernel.now_us)

    kernel.create("a", task(), 5)
    finish(kernel)
    assert times == [1, TICK_US]


def test_two_tasks_that_wait_for_each_other_are_a_deadlock() -> None:
    kernel = kernel_of()
    first, second = Mutex(kernel, "first"), Mutex(kernel, "second")

    def task(one: Mutex, other: Mutex) -> Steps[None]:
        yield from one.take()
        yield from delay_ms(kernel, 10)
        yield from other.take()

    def main() -> Steps[None]:
        yield GO
        yield from kernel.block("xSemaphoreTake")

    kernel.create("main", main(), 1)
    kernel.create("a", task(first, second), 5)
    kernel.create("b", task(second, first), 5)
    ending = kernel.run()
    assert ending.outcome is Outcome.DEADLOCK
    assert "a waits in xSemaphoreTake held by b" in ending.detail


def test_a_loop_without_end_is_a_livelock() -> None:
    kernel = kernel_of()

    def loop() -> Steps[None]:
        while True:
            yield GO

    kernel.create("a", loop(), 5)
    assert finish(kernel).outcome is Outcome.LIVELOCK


def test_an_early_tick_comes_out_of_the_budget_and_is_recorded() -> None:
    kernel = kernel_of((5, TICK), ticks=1)
    woken: list[int] = []

    def sleep() -> Steps[None]:
        yield from delay_ms(kernel, 50)
        woken.append(kernel.slack_us)

    kernel.create("sleeper", sleep(), 6)
    copying(kernel)
    finish(kernel, after_ms=100)
    assert (kernel.slack_us, kernel.ticks_left) == (50_000, 0)
    assert woken == [50_000]
