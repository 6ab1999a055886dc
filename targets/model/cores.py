"""Two cores, as ESP-IDF's FreeRTOS runs them: which of the ready tasks could execute the next instruction.

Each core runs the highest ready task that its affinity admits and that does not run on the other core; among equals
any may be on the core, since a time slice can end anywhere. Whoever is in a critical section keeps the core whatever
happens, and so does who is busy. The same rule as the simulator's (c/sim/cores.c), written for reading.
Source: ESP-IDF freertos_idf.rst; K/tasks.c (prvSelectHighestPriorityTaskSMP).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from p4verify.targets.model.kernel import Task

CORES = 2


class State(enum.Enum):
    """Of a task."""

    READY = "ready"
    BLOCKED = "blocked"
    SPINNING = "spinning"
    """In a critical section's entry: keeps its core and waits for the other one to leave."""
    BUSY = "busy"
    """Its core works for it, until a moment."""
    ENDED = "ended"


_ON_A_CORE = (State.SPINNING, State.BUSY)


class Cores:
    """Who is on which core."""

    def __init__(self) -> None:
        self._holders: list[Task | None] = [None] * CORES
        self._locked: list[Task | None] = [None] * CORES
        self.crowded = True
        """Whether it makes a difference who keeps a core."""

    # ---- who may go on ----

    def enabled(self, tasks: Sequence[Task], *, relaxed: bool) -> list[Task]:
        """The tasks that could take the next step, by creation; every ready one where priorities are ignored."""
        ready = [task for task in tasks if task.state is State.READY]
        others = [task for task in tasks if task.state in _ON_A_CORE]
        self.crowded = len(ready) + len(others) > CORES or any(task.affinity is not None for task in ready)
        if relaxed or not self.crowded:
            return ready
        chosen = self._by_priority(tasks)
        return [task for task in ready if task in chosen]

    def _by_priority(self, tasks: Sequence[Task]) -> set[Task]:
        chosen = {task for task in self._locked if task is not None}
        free = {core for core in range(CORES) if self._locked[core] is None}
        waiting = [task for task in tasks if task.state in (State.READY, State.BUSY) and task not in chosen]
        for level in sorted({task.priority for task in waiting}, reverse=True):
            if not free:
                break
            equals = [task for task in waiting if task.priority == level]
            below = [task for task in waiting if task.priority < level]
            for busy_ones in (True, False):  # who is busy has its core already
                group = [task for task in equals if (task.state is State.BUSY) is busy_ones]
                free = self._share(group, below, free, chosen)
        return chosen

    def _share(self, group: list[Task], below: Iterable[Task], free: set[int], chosen: set[Task]) -> set[int]:
        """Gives the free cores to tasks of one priority; returns those that are still free."""
        if not group:
            return free
        taken = set[int]()
        for task in group:
            if task.affinity in free:
                chosen.add(task)
                taken.add(task.affinity)
        left = free - taken
        floating = [task for task in group if task.affinity is None]
        if not floating or not left:
            return left
        chosen.update(floating)
        if taken or len(left) < CORES or len(floating) > 1:
            return set()
        return left - {self._core_of_lone(floating[0], below)}

    @staticmethod
    def _core_of_lone(task: Task, below: Iterable[Task]) -> int:
        """It keeps the core it has, else takes one that nobody below is pinned to."""
        if task.core is not None:
            return task.core
        return 1 if any(other.affinity == 0 for other in below) else 0

    # ---- giving and keeping a core ----

    def place(self, task: Task) -> int:
        """The core on which the task runs from now on."""
        if task.core is None:
            allowed = [task.affinity] if task.affinity is not None else range(CORES)
            core = min(allowed, key=self._cost_of)
            displaced = self._holders[core]
            if displaced is not None:
                displaced.core = None
            self._holders[core] = task
            task.core = core
        return task.core

    def _cost_of(self, core: int) -> tuple[bool, int]:
        holder = self._holders[core]
        return (self._locked[core] is not None, -1 if holder is None else holder.priority)

    def leave(self, task: Task) -> None:
        """The task waits, or is gone."""
        if task.core is not None:
            self._holders[task.core] = None
            task.core = None

    def lock(self, task: Task) -> None:
        """Interrupts of its core are masked: nobody else runs there."""
        self._locked[self.place(task)] = task

    def unlock(self, task: Task) -> None:
        """And again they are not."""
        assert task.core is not None
        self._locked[task.core] = None
