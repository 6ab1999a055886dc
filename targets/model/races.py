"""Data races by happens-before: two accesses to one word, one of which writes, that nothing orders.

Each task has a vector clock; an RTOS object carries one from who releases it to who acquires it. A word remembers its
last write and the last reads by each task. The same definition as the simulator's (c/sim/races.c), without the speed.
Flanagan and Freund, "FastTrack" (PLDI 2009); here every access keeps a clock, for plainness.

It refuses to know locks: two accesses under the same mutex are ordered because the mutex carried a clock between them.
"""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, NamedTuple

from p4verify.targets.model.steps import Kind, Step
from p4verify.verify.execution import Access, Race

if TYPE_CHECKING:
    from p4verify.targets.model.kernel import Task

Clock = dict[int, int]
"""How far each task (by number) had come, as far as it is known here."""
Place = tuple[CodeType | None, int]
"""The code that a task is in, and which instruction of it: what costs little to note."""
Where = Callable[["Task"], Place]
Named = Callable[[CodeType | None, int], tuple[str, int, str]]
"""File, line and function of that."""


class _Touch(NamedTuple):
    """An access that a word remembers: who, how far the task was, where in its code, and with which locks."""

    task: Task
    moment: int
    writes: bool
    place: Place
    locks: tuple[str, ...]


class _Word:
    """A word of memory: its last write, and the last read of each task since then."""

    __slots__ = ("reads", "write")

    def __init__(self) -> None:
        self.write: _Touch | None = None
        self.reads: dict[int, _Touch] = {}


def _join(clock: Clock, other: Clock) -> None:
    for task, moment in other.items():
        if moment > clock.get(task, 0):
            clock[task] = moment


class Races:
    """The detector of one execution. `found` has each pair of places once."""

    def __init__(self, where: Where, named: Named) -> None:
        self._where, self._named = where, named
        self._clocks: dict[int, Clock] = {}
        self._objects: dict[int, Clock] = {}
        self._words: dict[tuple[int, str], _Word] = {}
        self._touched: dict[int, tuple[_Word, ...]] = {}
        """The words of each step that was taken, by its id: steps live as long as their memory."""
        self._held: dict[int, tuple[str, ...]] = {}
        self.found: dict[tuple[str, str], Race] = {}

    def boot(self) -> None:
        """Nothing of what was is there any more."""
        for gone in (self._clocks, self._objects, self._words, self._touched, self._held):
            gone.clear()

    # ---- what orders ----

    def _clock(self, task: Task) -> Clock:
        clock = self._clocks.get(task.number)
        if clock is None:
            clock = self._clocks[task.number] = {task.number: 1}
        return clock

    def fork(self, parent: Task, child: Task) -> None:
        """What the parent did so far comes before all that the child does."""
        clock = self._clock(parent)
        _join(self._clock(child), clock)
        clock[parent.number] += 1

    def acquire(self, task: Task, thing: object) -> None:
        """What was released into the thing comes before what the task does now."""
        _join(self._clock(task), self._objects.get(id(thing), {}))

    def release(self, task: Task, thing: object) -> None:
        """What the task did so far comes before what those do who acquire the thing."""
        clock = self._clock(task)
        _join(self._objects.setdefault(id(thing), {}), clock)
        clock[task.number] += 1

    def hold(self, task: Task, lock: str) -> None:
        """For what is said of an access: the task holds this lock."""
        self._held[task.number] = (*self._held.get(task.number, ()), lock)

    def drop(self, task: Task, lock: str) -> None:
        """And no longer."""
        self._held[task.number] = tuple(held for held in self._held[task.number] if held != lock)

    # ---- what is ordered ----

    def _words_of(self, step: Step) -> tuple[_Word, ...]:
        words = self._touched.get(id(step))
        if words is None:
            keys = [(id(step.memory), word) for word in step.words]
            words = self._touched[id(step)] = tuple(self._words.setdefault(key, _Word()) for key in keys)
        return words

    def access(self, task: Task, step: Step) -> None:
        """The task takes this step."""
        clock = self._clock(task)
        number, writes = task.number, step.kind is Kind.WRITE
        touch = _Touch(task, clock[number], writes, self._where(task), self._held.get(number, ()))
        for word in self._words_of(step):
            earlier = word.write
            if earlier is not None and earlier.task is not task:
                self._check(step.name, earlier, touch, clock)
            if not writes:
                word.reads[number] = touch
                continue
            for read in word.reads.values():
                if read.task is not task:
                    self._check(step.name, read, touch, clock)
            word.reads.clear()
            word.write = touch

    def _check(self, name: str, earlier: _Touch, touch: _Touch, clock: Clock) -> None:
        if earlier.moment <= clock.get(earlier.task.number, 0):
            return
        first, second = self._access(earlier), self._access(touch)
        self.found.setdefault((first.place, second.place), Race(name, first, second))

    def _access(self, touch: _Touch) -> Access:
        file, line, function = self._named(*touch.place)
        return Access(touch.task.name, touch.writes, False, file, line, function, touch.locks)
