"""What a task is about to do: the atomic steps between which another task may step in.

Code of the model is generators. Before each access to memory that tasks share, and before each call of the RTOS, it
yields the step that it is about to take; what follows the `yield`, up to the next one, happens at once. It refuses to
hide a step: what is not announced here touches nothing that anybody else can see.
"""

from __future__ import annotations

import enum
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

Result = TypeVar("Result")
Steps = Generator["Step", None, Result]
"""Code that takes steps and then has a result."""


class Kind(enum.Enum):
    """What a step does; only the first three are places where another task may be chosen."""

    READ = "read"
    WRITE = "write"
    CALL = "call"
    BLOCK = "block"
    """The task waits: it cannot take the step's effect before it is woken, or its time is up."""
    NOTE = "note"
    """For the trace: the task goes on in the same breath."""
    LEAVE = "leave"
    """The end of a call that made others ready: a task of higher priority takes over here."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `words` are the memory that an access touches: where they are kept, and their names in it."""

    kind: Kind
    name: str
    words: tuple[str, ...] = ()
    memory: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_access(self) -> bool:
        """Whether it reads or writes memory."""
        return self.kind is Kind.READ or self.kind is Kind.WRITE


LEAVE = Step(Kind.LEAVE, "")
