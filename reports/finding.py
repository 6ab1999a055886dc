"""A finding that has been confirmed: minimised, replayed, and run once more with its trace.

It is what every report of a finding is made from. It carries facts only; how they look is decided in lanes.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from p4verify.verify.execution import Execution
from p4verify.verify.program import Program


@dataclass(frozen=True, slots=True)
class ConfirmedFinding:
    """One violation. `positions` are those of the history that show it, as the invariant named them.

    `execution` holds the trace where the target has one; `replayed` of `replays` runs showed the violation again, and
    `command` is the shell command that shows it once more. `criteria` are the ids that the invariant belongs to.
    """

    invariant: str
    title: str
    criteria: tuple[str, ...]
    summary: str
    positions: tuple[int, ...]
    program: Program
    execution: Execution
    command: str
    replayed: int = 0
    replays: int = 0
    firmware: str = ""
    target: str = "sim"

    @property
    def preemptions(self) -> int | None:
        """How many the interleaving needs, None where the target cannot tell."""
        return None if self.execution.trace is None else self.execution.trace.preemptions
