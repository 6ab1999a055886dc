"""The kernel: tasks, virtual time, and the choice of who takes the next step.

It runs one task at a time, from one announced step to the next. Where more than one task could go on, a chooser says
who does; time stands still while anybody can go on, and jumps to the next deadline when nobody can. It refuses to know
what tasks are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final, Protocol

from p4verify.targets.model.cores import Cores, State
from p4verify.targets.model.races import Races
from p4verify.targets.model.recorder import Clock
from p4verify.targets.model.steps import LEAVE, Kind, Step, Steps
from p4verify.verify.execution import Ending, Outcome
from p4verify.verify.schedule import TICK

TICK_US: Final = 10_000
FOREVER: Final = 1 << 62
BUSY_STEPS: Final = 10_000
"""Choice points without time passing, after which it does: instructions take time after all."""


@dataclass(eq=False, slots=True)
class Task:
    """A task of FreeRTOS. `affinity` is the only core it may run on, `core` the one it is on."""

    number: int
    name: str
    body: Iterator[Step]
    base_priority: int
    affinity: int | None = None
    priority: int = 0
    core: int | None = None
    state: State = State.READY
    announced: Step = LEAVE
    deadline_us: int = FOREVER
    woken: bool = False
    waits_in: str = ""
    waits_for: Task | None = None
    notified: int = 0
    awaits_notification: bool = False
    mutexes: int = 0
    critical: int = 0
    polls: int = 0


@dataclass(eq=False, slots=True)
class Interrupt:
    """Something beside the cores that acts at its time, in one moment: a device. It is no choice."""

    name: str
    act: Callable[[], None]
    at_us: int = FOREVER


class Chooser(Protocol):
    """Says who goes on: how many further in the ring of enabled tasks, 0 the running one; or TICK."""

    def choose(self, kernel: Kernel) -> int: ...


class Tracer(Protocol):
    """Sees every step as it is taken."""

    def begin(self, kernel: Kernel, task: Task, step: Step) -> None: ...

    def end(self) -> None: ...


class EndedError(BaseException):
    """The execution is over; BaseException, so that no code of the model takes it for its own."""

    def __init__(self, outcome: Outcome, detail: str = "", task: str = "") -> None:
        self.ending = Ending(outcome, detail, task)
        super().__init__(detail)


@cache
def _wait(why: str) -> Step:
    return Step(Kind.BLOCK, why)


@dataclass
class Kernel:
    """One boot of one execution. `accesses_count` is whether accesses to memory are choice points too."""

    chooser: Chooser
    accesses_count: bool = True
    relaxed: bool = False
    ticks_left: int = 0
    most_steps: int = 60_000
    races: Races | None = None
    tracer: Tracer | None = None
    clock: Clock = field(default_factory=Clock)
    slack_us: int = 0
    choice_points: int = 0
    preemptions: int = 0
    tasks: list[Task] = field(default_factory=list)
    enabled: list[Task] = field(default_factory=list)
    interrupts: list[Interrupt] = field(default_factory=list)
    cores: Cores = field(default_factory=Cores)

    def __post_init__(self) -> None:
        self.stale = True
        self._busy = self._steps = 0
        self._unwatched = self.races is None and self.tracer is None
        self.current: Task

    @property
    def now_us(self) -> int:
        """Since this boot."""
        return self.clock.now_us

    @now_us.setter
    def now_us(self, time_us: int) -> None:
        self.clock.now_us = time_us

    def next_boot(self) -> Kernel:
        """The kernel of the next boot: points, choices and ticks of the execution go on, all else begins anew."""
        if self.races is not None:
            self.races.boot()
        return replace(self, tasks=[], enabled=[], interrupts=[], cores=Cores())

    # ---- tasks ----

    def create(self, name: str, body: Steps[None], priority: int, affinity: int | None = None) -> Task:
        """A task, ready at once; the moment is the caller's step."""
        task = Task(len(self.tasks), name, body, priority, affinity, priority)
        self.tasks.append(task)
        if len(self.tasks) == 1:
            self.current = task
        elif self.races is not None:
            self.races.fork(self.current, task)
        self.stale = True
        return task

    def wake(self, task: Task) -> None:
        """The task goes on where it waits, if it does."""
        if task.state in (State.BLOCKED, State.SPINNING):
            task.woken = True
            self._ready(task)

    def _ready(self, task: Task) -> None:
        task.state, task.deadline_us = State.READY, FOREVER
        self.stale = True

    def block(self, why: str, deadline_us: int = FOREVER, holder: Task | None = None) -> Steps[bool]:
        """The running task waits. True when it was woken, False when its time was up."""
        task = self.current
        if deadline_us <= self.now_us:
            return False
        self._unready(State.BLOCKED, deadline_us, why, holder)
        self.cores.leave(task)
        yield _wait(why)
        return task.woken

    def spin(self, why: str, holder: Task) -> Steps[None]:
        """The running task waits without leaving its core."""
        self._unready(State.SPINNING, FOREVER, why, holder)
        yield _wait(why)

    def spend(self, us: int) -> Steps[None]:
        """The running task's core works for it for so long."""
        if us > 0:
            self.cores.place(self.current)
            self._unready(State.BUSY, self.now_us + us, "", None)
            yield _wait("busy")

    def _unready(self, state: State, deadline_us: int, why: str, holder: Task | None) -> None:
        task = self.current
        task.state, task.deadline_us, task.waits_in, task.waits_for = state, deadline_us, why, holder
        task.woken, task.polls = False, 0
        self.stale = True

    # ---- what orders: told to the race detector, when there is one ----

    def acquire(self, thing: object) -> None:
        """What was released into the thing comes before what the running task does now."""
        if self.races is not None:
            self.races.acquire(self.current, thing)

    def release(self, thing: object) -> None:
        """What the running task did comes before what those do who acquire the thing."""
        if self.races is not None:
            self.races.release(self.current, thing)

    def hold(self, lock: object, name: str) -> None:
        """The running task has taken a lock."""
        self.acquire(lock)
        if self.races is not None:
            self.races.hold(self.current, name)

    def drop(self, lock: object, name: str) -> None:
        """The running task gives a lock."""
        self.release(lock)
        if self.races is not None:
            self.races.drop(self.current, name)

    # ---- time ----

    def read_clock_us(self) -> int:
        """Reading costs a microsecond, more when a task does nothing else, so that polling reaches its deadline."""
        task = self.current
        self.now_us += 1 << min(task.polls // 64, 10)
        task.polls += 1
        self._expire()
        return self.now_us

    def _advance(self) -> bool:
        """To the next deadline; False when there is none."""
        soonest = min(
            min((task.deadline_us for task in self.tasks), default=FOREVER),
            min((interrupt.at_us for interrupt in self.interrupts), default=FOREVER),
        )
        if soonest == FOREVER:
            return False
        self.now_us = max(self.now_us, soonest)
        self._busy = 0
        self._expire()
        return True

    def _expire(self) -> None:
        for task in self.tasks:
            if task.deadline_us <= self.now_us:
                self._ready(task)
        while due := [interrupt for interrupt in self.interrupts if interrupt.at_us <= self.now_us]:
            self._interrupted(min(due, key=lambda interrupt: interrupt.at_us))

    def _interrupted(self, interrupt: Interrupt) -> None:
        running, self.clock.task = self.clock.task, interrupt.name
        interrupt.at_us = FOREVER
        interrupt.act()
        self.clock.task = running

    def _tick(self) -> None:
        """Time passes to the next deadline although somebody could go on: out of the budget, and recorded."""
        before = self.now_us
        self.ticks_left -= 1
        self._advance()
        self.slack_us += self.now_us - before

    @property
    def somebody_sleeps(self) -> bool:
        """Whether time could make anybody ready."""
        timers = (*(task.deadline_us for task in self.tasks), *(one.at_us for one in self.interrupts))
        return any(time_us != FOREVER for time_us in timers)

    # ---- who goes on ----

    def run(self) -> Ending:
        """Until the execution ends; says how."""
        try:
            task = self._schedule()
            while True:
                task = self._step(task)
        except EndedError as end:
            return end.ending

    def _step(self, task: Task) -> Task:
        """Lets the task take the step that it has announced; returns who takes the next one."""
        self.current = task
        self.clock.task = task.name
        self._steps += 1
        if self._steps > self.most_steps:
            raise EndedError(Outcome.LIVELOCK, f"no end after {self.most_steps} steps")
        announced = next(task.body, None) if self._unwatched else self._watched(task)
        if announced is None:
            return self._end(task)
        task.announced = announced
        if announced.kind is Kind.NOTE:
            return task
        if self.stale:
            self._update()
            if task not in self.enabled:
                return self._schedule()
        if len(self.enabled) == 1 and not self.ticks_left:
            return task
        if announced.kind is Kind.LEAVE or (announced.words and not self.accesses_count):
            return task
        return self._choose(task)

    def _watched(self, task: Task) -> Step | None:
        """The step, as the race detector and the trace see it."""
        step = task.announced
        if self.races is not None and step.words:
            self.races.access(task, step)
        if self.tracer is not None:
            self.tracer.begin(self, task, step)
        announced = next(task.body, None)
        if self.tracer is not None:
            self.tracer.end()
        return announced

    def _choose(self, task: Task) -> Task:
        self._busy += 1
        if self._busy > BUSY_STEPS and self._advance():
            self._update()
        choice = self._asked()
        if choice == 0:
            return task
        if choice != TICK:
            self.preemptions += 1
            return self._in_ring(choice)
        self._tick()
        self._update()
        return task if task in self.enabled else self._schedule()

    def _schedule(self) -> Task:
        """Who follows a task that cannot go on."""
        while True:
            if self.stale:
                self._update()
            if not self.enabled:
                if not self._advance():
                    raise self._stuck()
                continue
            choice = self._asked() if len(self.enabled) > 1 or self.ticks_left else 0
            if choice != TICK:
                return self._in_ring(choice)
            self._tick()

    def _asked(self) -> int:
        self.choice_points += 1
        choice = self.chooser.choose(self)
        return 0 if choice == TICK and not (self.ticks_left and self.somebody_sleeps) else choice

    @property
    def position(self) -> int:
        """Where the ring begins: the running task, or the next one by creation."""
        if self.current in self.enabled:
            return self.enabled.index(self.current)
        before = sum(task.number < self.current.number for task in self.enabled)
        return before if before < len(self.enabled) else 0

    def _in_ring(self, choice: int) -> Task:
        task = self.enabled[(self.position + choice) % len(self.enabled)]
        self.cores.place(task)
        return task

    def _update(self) -> None:
        self.stale = False
        self.enabled = self.cores.enabled(self.tasks, relaxed=self.relaxed)

    # ---- the end ----

    def _end(self, task: Task) -> Task:
        task.state = State.ENDED
        self.cores.leave(task)
        self.stale = True
        return self._schedule()

    def _stuck(self) -> EndedError:
        waiting = [task for task in self.tasks if task.state in (State.BLOCKED, State.SPINNING)]
        words = (
            f"{task.name} waits in {task.waits_in}" + (f" held by {task.waits_for.name}" if task.waits_for else "")
            for task in waiting
        )
        return EndedError(Outcome.DEADLOCK, "; ".join(words))
