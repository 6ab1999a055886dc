"""When the power fails: the stream "power" says it for each boot, and nothing of RAM is left afterwards.

A cut is kind * 1000000 + n: before (1) or after (2) the n-th step on flash, before (3) or after (4) the n-th frame of
telemetry of this boot, or at n milliseconds (5); anything else is none. The same as targets/c/sim/power.c. It refuses
to know what survives: that is what doubles keep in the `World`.
"""

from __future__ import annotations

import enum
from typing import Final

from p4verify.targets.model.environment import Environment
from p4verify.targets.model.kernel import Interrupt, Kernel
from p4verify.verify.history import POWER_CUT

MOST_BOOTS: Final = 8
"""The last one is never cut, so that every execution has an end."""
KINDS: Final = 1_000_000
AT_A_TIME: Final = 5


class Moment(enum.IntEnum):
    """Where a cut may be planned."""

    STEP_BEGINS = 1
    STEP_ENDED = 2
    FRAME_COMES = 3
    FRAME_TAKEN = 4


class BootEndedError(BaseException):
    """The power is gone; BaseException, so that no code of the model takes it for its own."""

    def __init__(self, reason: int) -> None:
        self.reason = reason
        super().__init__(reason)


class Power:
    """The supply of one execution."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.boots = 0
        self._kind = self._left = 0

    def boot(self, kernel: Kernel) -> None:
        """A boot begins: plans how it ends."""
        self.boots += 1
        cut = self._environment.next("power", 0)
        self._kind, self._left = divmod(max(cut, 0), KINDS) if self.boots < MOST_BOOTS else (0, 0)
        if self._kind == AT_A_TIME:
            kernel.interrupts.append(Interrupt("power", self._cut, self._left * 1000))

    def reached(self, moment: Moment) -> None:
        """Such a moment has come; BootEndedError when it is the one that was planned."""
        if moment == self._kind and self._left > 0:
            self._left -= 1
            if self._left == 0:
                self._cut()

    @staticmethod
    def _cut() -> None:
        raise BootEndedError(POWER_CUT)
