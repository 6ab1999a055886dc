"""A history: what was called, when it returned with what, and what observers saw.

`position` numbers every record of one execution in the order in which they were made; on one core of virtual time
that is a total order, and every interval below is closed: an operation that returned at position 7 and one that was
invoked at position 8 do not overlap. Times are microseconds since the program began.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from p4verify.verify.program import Invocation, Value


@dataclass(frozen=True, slots=True)
class Operation:
    """A call with its interval. `returned` is None while it is pending (a reset or a hang left it without return)."""

    task: str
    index: int
    invocation: Invocation
    invoked: int
    invoked_us: int
    returned: int | None = None
    returned_us: int | None = None
    results: Mapping[str, Value] | None = None

    @property
    def name(self) -> str:
        """The operation's name, as the adapter declares it."""
        return self.invocation.operation


@dataclass(frozen=True, slots=True)
class Observation:
    """What an observer saw at one moment, in the task that was running."""

    position: int
    time_us: int
    task: str
    observer: str
    fields: Mapping[str, Value]

    def __getitem__(self, name: str) -> Value:
        return self.fields[name]


class Boot(NamedTuple):
    """A boot after the first: where its record lies, when it began, and why (`POWER_CUT` or `RESTART`)."""

    position: int
    time_us: int
    reason: int


POWER_CUT: Final = 1
"""A boot because the power had been cut; the number is ESP_RST_POWERON's."""
RESTART: Final = 3
"""A boot because the firmware had called esp_restart; the number is ESP_RST_SW's."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why what an execution recorded cannot be read. `misdeclared`: an adapter wrote other bytes than it declares."""

    why: str
    misdeclared: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """Operations (by invocation) and observations (by position) of one execution.

    `loaded_us` is when the last task had ended and settling began, None when that never happened; `lost` counts
    records that did not fit or did not arrive: with any lost, no invariant may say `ok`. Where the records are
    `unreadable`, all are, and only the ending is known. After one of `boots` nothing
    of the program's tasks goes on; settling begins as soon as the firmware has booted, and `final` is performed again
    even when it had begun before.
    """

    operations: tuple[Operation, ...]
    observations: tuple[Observation, ...]
    end: int
    end_us: int
    loaded_us: int | None = None
    loaded: int | None = None
    lost: int = 0
    boots: tuple[Boot, ...] = ()
    unreadable: Unreadable | None = None

    def seen(self, *observers: str) -> Iterator[Observation]:
        """The observations of these observers, in order."""
        return (observation for observation in self.observations if observation.observer in observers)

    def calls(self, *names: str) -> Iterator[Operation]:
        """The operations of these names, by invocation."""
        return (operation for operation in self.operations if operation.name in names)
