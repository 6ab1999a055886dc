"""One execution of a program: its history, how it ended, its data races, and (when asked for) its trace."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from p4verify.verify.history import History
from p4verify.verify.schedule import Trace


class Outcome(enum.Enum):
    """How an execution ended. All but COMPLETED are results with a schedule, never a failure of p4verify."""

    COMPLETED = "completed"
    CRASH = "crash"
    ASSERTION = "assertion"
    DEADLOCK = "deadlock"
    HANG = "hang"
    LIVELOCK = "livelock"
    MEMORY = "memory"
    MISUSE = "misuse"
    RESTART = "restart"
    EXIT = "exit"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Ending:
    """The outcome with its words: a signal, the assertion's text, the cycle of a deadlock; and where (file:line)."""

    outcome: Outcome
    detail: str = ""
    task: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """A function that was under way, and the line of the call that it was in."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Access:
    """An access to memory: by whom, at which source line, and the locks held (by the names of their handles).

    `callers` are the calls that led there, innermost first; known where the execution was traced.
    """

    task: str
    write: bool
    atomic: bool
    file: str
    line: int
    function: str
    locks: tuple[str, ...] = ()
    callers: tuple[Caller, ...] = ()

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Race:
    """Two accesses to one word of memory, of which one writes, that nothing orders (see c/sim/races.c)."""

    variable: str
    first: Access
    second: Access


@dataclass(frozen=True, slots=True)
class Execution:
    """History and ending. `ordinal` is its number in the exploration that found it.

    `slack_us` is how much time passed early out of the tick budget: timing invariants allow that much. `races` is None
    when they were not looked for; an exploration tells each pair of places once, in the first execution that shows it.
    """

    history: History
    ending: Ending
    ordinal: int = 0
    identity: str = ""
    trace: Trace | None = None
    slack_us: int = 0
    races: tuple[Race, ...] | None = field(default=None, compare=False)
