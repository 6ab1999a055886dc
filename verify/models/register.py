"""Registers: what is written last is what is read. A record is a register whose value has several fields."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.model import Executable, agree
from p4verify.verify.program import Invocation, Value

Record = tuple[Value, ...]

NO_NUMBER = "not a number"
"""Stands for NaN, which equals nothing: a record that carries one can still be recognised."""


def comparable(record: Record) -> Record:
    """The record with every NaN replaced, so that equal records are equal values."""
    for value in record:
        if value != value:  # noqa: PLR0124
            return tuple(NO_NUMBER if value != value else value for value in record)  # noqa: PLR0124
    return record


@dataclass(frozen=True)
class Register(Executable[Record]):
    """`write` takes the fields in order, `read` returns them by name. A read may show only some of the fields."""

    initial: Record = (0,)
    fields: tuple[str, ...] = ("value",)
    write: str = "write"
    read: str = "read"

    def init(self) -> Record:
        """What is read before anything was written."""
        return comparable(self.initial)

    def reads(self, operation: Operation) -> bool:
        """Every operation but a write."""
        return operation.invocation.operation != self.write

    def apply(self, state: Record, invocation: Invocation) -> tuple[Record, Mapping[str, Value]]:
        """Writes or reads. ValueError for another operation, or a record with too few or too many fields."""
        if invocation.operation == self.write:
            return self.written(invocation), {}
        if invocation.operation != self.read:
            raise ValueError(f"the register has no operation {invocation.operation!r}")
        return state, dict(zip(self.fields, state, strict=True))

    def step(self, state: Record, operation: Operation) -> Record | None:
        """A read is possible in the state whose fields it shows."""
        if not self.reads(operation):
            return self.written(operation.invocation)
        whole = self.shown(operation)
        if whole is not None:
            return state if whole == state else None
        return state if agree(operation, dict(zip(self.fields, state, strict=True))) else None

    def written(self, invocation: Invocation) -> Record:
        """The value that a write puts there."""
        values = invocation.arguments
        if len(values) != len(self.fields):
            raise ValueError(f"{invocation.operation} has {len(values)} values for {len(self.fields)} fields")
        return comparable(values)

    def shown(self, operation: Operation) -> Record | None:
        """The whole value that a read returned, None when it does not show all of it."""
        if operation.invocation.operation != self.read:
            raise ValueError(f"the register has no operation {operation.name!r}")
        results = operation.results
        if results is None:
            return None
        try:
            return comparable(tuple([results[name] for name in self.fields]))
        except KeyError:
            return None


class RegisterFile(Register):
    """Registers by address, the first argument of both operations. They do not affect each other."""

    def key(self, operation: Operation) -> Hashable:
        """The address."""
        if not operation.invocation.arguments:
            raise ValueError(f"{operation.name} names no register")
        return operation.invocation.arguments[0]

    def written(self, invocation: Invocation) -> Record:
        """The arguments after the address."""
        return super().written(Invocation(invocation.operation, invocation.arguments[1:]))
