"""Writes the history of one execution down, as the agent does: operations, observations, positions and times.

It lives through the boots of an execution. It refuses to take time: a record is made within the step that it is of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from p4verify.verify.history import Boot, History, Observation, Operation
from p4verify.verify.program import Invocation, Value


@dataclass
class Clock:
    """Time since the execution began, which goes on when the firmware boots again, and who runs."""

    boot_us: int = 0
    now_us: int = 0
    task: str = "main"


class Recorder:
    """The records so far."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.position = 0
        self.end_us = 0
        self._operations: list[Operation] = []
        self._observations: list[Observation] = []
        self._boots: list[Boot] = []
        self._loaded: tuple[int, int] | None = None

    def _next(self) -> tuple[int, int]:
        position, self.position = self.position, self.position + 1
        return position, self.clock.boot_us + self.clock.now_us

    def observe(self, observer: str, fields: Mapping[str, Value]) -> None:
        """An observer saw this, in the task that runs."""
        position, time_us = self._next()
        self._observations.append(Observation(position, time_us, self.clock.task, observer, fields))

    def invoke(self, task: str, index: int, invocation: Invocation) -> int:
        """A task calls an operation; returns its place, for `answer`."""
        position, time_us = self._next()
        self._operations.append(Operation(task, index, invocation, position, time_us))
        return len(self._operations) - 1

    def answer(self, place: int, results: Mapping[str, Value]) -> None:
        """The call at that place returned."""
        position, time_us = self._next()
        begun = self._operations[place]
        self._operations[place] = replace(begun, returned=position, returned_us=time_us, results=results)

    def loaded(self) -> None:
        """The last task has ended: settling begins."""
        self._loaded = self._next()

    def boot(self, reason: int) -> None:
        """The firmware boots again; its clock begins anew."""
        self.clock.boot_us += self.clock.now_us
        self.clock.now_us, self.clock.task = 0, "main"
        position, time_us = self._next()
        self._boots.append(Boot(position, time_us, reason))

    def history(self) -> History:
        """What was recorded; what did not return stays pending."""
        loaded, loaded_us = self._loaded or (None, None)
        return History(
            tuple(self._operations), tuple(self._observations), end=self.position,
            end_us=self.clock.boot_us + self.clock.now_us, loaded_us=loaded_us, loaded=loaded,
            boots=tuple(self._boots),
        )  # fmt: skip
