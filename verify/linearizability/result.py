"""What the check says of a history, and the vocabulary that its algorithms share. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from p4verify.verify.history import Operation
from p4verify.verify.verdict import Verdict

NO_PLACE = "what else returned leaves it none"
"""The reason, where there is no simpler one."""


@dataclass(frozen=True, slots=True)
class Linearizability:
    """OK: there is an order. VIOLATION: there is none. UNKNOWN: the budget was gone before that was known.

    `prefix` is what had returned, by its return, in the longest linearizable prefix: those operations can be put in an
    order, together with what had begun by then and the results that it returned later. `blocked` is the operation
    whose return ends that prefix, because it has no place in any order; None unless VIOLATION. When UNKNOWN, `prefix`
    is the longest for which an order was found.

    `order` is an order in which `prefix` (of a violation: its operations of the same key as `blocked`) can have taken
    effect; empty where the algorithm makes none. `steps` is what of the budget was used; `reason` says for people why
    `blocked` has no place.
    """

    verdict: Verdict
    prefix: tuple[Operation, ...]
    blocked: Operation | None = None
    order: tuple[Operation, ...] = ()
    steps: int = 0
    reason: str = ""

    def describe(self) -> str:
        """One sentence for people."""
        if self.blocked is None:
            words = {Verdict.OK: "linearizable", Verdict.UNKNOWN: "not decided within the budget, but linearizable"}
            return f"{words[self.verdict]} for {len(self.prefix)} operations"
        before = f"{len(self.prefix)} operations that returned before it can be put in an order"
        return f"{name(self.blocked)} has no place in any order: {self.reason} ({before})"


@dataclass(frozen=True, slots=True)
class Budget:
    """How far a search may go: applications of the model, which is deterministic, and optionally a deadline."""

    steps: int = 500_000
    out_of_time: Callable[[], bool] | None = None


def name(operation: Operation) -> str:
    """An operation with arguments and results, for people."""
    arguments = ", ".join(repr(value) for value in operation.invocation.arguments)
    call = f"{operation.task}'s {operation.name}({arguments})"
    if operation.returned is None:
        return f"{call}, pending"
    results = ", ".join(f"{key}={value!r}" for key, value in (operation.results or {}).items())
    return f"{call} -> {results}" if results else call


def by_return(operations: Iterable[Operation]) -> list[Operation]:
    """The operations that returned, in the order of their returns. ValueError for one that returned before its call."""
    completed = [operation for operation in operations if operation.returned is not None]
    completed.sort(key=returned)
    for operation in completed:
        if operation.invoked > returned(operation):
            raise ValueError(f"{name(operation)} returned at {operation.returned}, invoked at {operation.invoked}")
    return completed


def called(operation: Operation) -> int:
    """The position of the call."""
    return operation.invoked


def returned(operation: Operation) -> int:
    """The position of the return, of an operation that returned."""
    assert operation.returned is not None
    return operation.returned


def events(operations: Sequence[Operation]) -> list[tuple[int, Operation]]:
    """Calls (0) and returns (1) in their order. At one position calls come first, since intervals are closed."""
    by_return(operations)
    moments = [(operation.invoked, 0, index) for index, operation in enumerate(operations)]
    moments += [(o.returned, 1, index) for index, o in enumerate(operations) if o.returned is not None]
    moments.sort()
    return [(kind, operations[index]) for _, kind, index in moments]


def stuck(completed: Sequence[Operation], index: int, reason: str, order: Sequence[Operation] = ()) -> Linearizability:
    """The operation that is `index`-th to return has no place."""
    return Linearizability(Verdict.VIOLATION, tuple(completed[:index]), completed[index], tuple(order), reason=reason)


def held(completed: Sequence[Operation], order: Sequence[Operation] = ()) -> Linearizability:
    """Every operation has its place."""
    return Linearizability(Verdict.OK, tuple(completed), order=tuple(order))
