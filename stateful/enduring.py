"""A simulator whose failures do not end a run: they are kept, and make every `ok` of the run unknown.

A firmware can destroy the very process that runs it. The program that did it is given up, another process goes on.
"""

from __future__ import annotations

from p4verify.targets.building.build import Build
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, OnFound, OnProgress, Progress, TargetError
from p4verify.verify.program import Program

MOST_FAILURES = 5
"""In one run; then it is the firmware or this machine, and the run ends."""


class EnduringTarget(SimTarget):
    """The sim target; `failures` are the messages of those explorations that the process did not survive."""

    def __init__(self, build: Build) -> None:
        super().__init__(build)
        self.failures: list[str] = []

    def explore(
        self, program: Program | None, exploration: Exploration, found: OnFound, progress: OnProgress | None = None
    ) -> Progress:
        """As of every target, but a failure is an exploration of nothing. TargetError when there are too many."""
        try:
            return super().explore(program, exploration, found, progress)
        except TargetError as error:
            self.failures.append(str(error))
            self.close()
            if len(self.failures) >= MOST_FAILURES:
                raise
            return Progress(0, 0, 0, {})
