"""One execution of a program: its history, how it ended, and (when asked for) its trace."""

from __future__ import annotations

import enum
from dataclasses import dataclass

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
class Execution:
    """History and ending. `ordinal` is its number in the exploration that found it.

    `slack_us` is how much time passed early out of the tick budget: timing invariants allow that much.
    """

    history: History
    ending: Ending
    ordinal: int = 0
    identity: str = ""
    trace: Trace | None = None
    slack_us: int = 0
