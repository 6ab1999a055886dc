"""Three-valued verdicts. A time-out, a crash of our own or lost data is UNKNOWN, never OK."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from p4verify.verify.execution import Execution
from p4verify.verify.program import Program, Value


class Verdict(enum.Enum):
    """What a check says."""

    OK = "ok"
    VIOLATION = "violation"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Violation:
    """Why an invariant did not hold: one sentence with the values, and the positions in the history that show it."""

    summary: str
    positions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an invariant says of one execution: did its precondition hold (`exercised`), and was it violated."""

    exercised: bool
    violation: Violation | None = None


NOT_EXERCISED = Judgement(exercised=False)
HELD = Judgement(exercised=True)


def violated(summary: str, *positions: int) -> Judgement:
    """A judgement that the invariant did not hold."""
    return Judgement(exercised=True, violation=Violation(summary, positions))


@dataclass(frozen=True, slots=True)
class Setting:
    """What an invariant may know beside the execution: the program, the firmware's CONFIG values and the limits."""

    program: Program
    config: Mapping[str, Value] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)


Check = Callable[[Execution, Setting], Judgement]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A predicate over executions. `needs` names the operations and observers without which it cannot be judged."""

    id: str
    title: str
    check: Check
    needs: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset({"model", "sim", "native", "serial"})
    of_ending: bool = False
    """Whether a violation is seen by how the execution ended alone: then it counts although records were lost."""
