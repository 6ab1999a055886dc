"""Several records of which one call shows all: the last battery and the last pack in a point of telemetry.

Records are named by something that identifies them (a token, a number of an event); `Register` compares their fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.model import Executable
from p4verify.verify.program import Invocation, Value

Records = tuple[Value, ...]


@dataclass(frozen=True)
class Snapshot(Executable[Records]):
    """An operation named like a slot replaces its record; `read` shows the records of all slots at one instant."""

    slots: tuple[str, ...]
    initial: Records
    read: str = "read"

    def __post_init__(self) -> None:
        if len(self.initial) != len(self.slots) or self.read in self.slots:
            raise ValueError("a snapshot needs one initial record for each slot, and no slot named like its read")

    def init(self) -> Records:
        """The records after boot."""
        return self.initial

    def reads(self, operation: Operation) -> bool:
        """Every operation that is not named like a slot."""
        return operation.name not in self.slots

    def apply(self, state: Records, invocation: Invocation) -> tuple[Records, Mapping[str, Value]]:
        """Replaces the record of one slot, or shows all."""
        if invocation.operation == self.read:
            return state, dict(zip(self.slots, state, strict=True))
        if invocation.operation not in self.slots or len(invocation.arguments) != 1:
            raise ValueError(f"the snapshot has no operation {invocation.operation!r} of one record")
        slot = self.slots.index(invocation.operation)
        return (*state[:slot], invocation.arguments[0], *state[slot + 1 :]), {}
