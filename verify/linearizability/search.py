"""The general search: Wing and Gong's, with Lowe's memory of what was tried and his choices made only when due.

J. M. Wing, C. Gong: Testing and verifying concurrent objects (1993). G. Lowe: Testing for linearizability (2016).

It walks along the returns. An operation that has no place yet when it returns is placed now, after any operations that
are under way and not placed either; nothing is placed earlier than that, which loses no order. An operation that
changes no state takes its place as soon as there is a state it fits, which loses none either: without it everything
that follows is as possible as with it. Of calls that are alike, the one that returns soonest goes first. What was
reached (return, who is placed, state) is not tried again. It knows nothing of any model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.result import NO_PLACE, Budget, Linearizability, events
from p4verify.verify.model import Model, State
from p4verify.verify.verdict import Verdict

LOOK_AT_THE_CLOCK = 1024

Bit = int
Placed = tuple[Operation, "Placed"] | None
"""The operations in their places, last first."""


@dataclass(slots=True)
class _Return:
    """One return: whose, and who is under way. `called` are the readers that began since the return before it."""

    operation: Operation
    bit: Bit
    changing: list[tuple[Operation, Bit, Bit]]
    """Who may take effect, who must return soonest first. The last are the bits of those who must have done so before:
    they are the same call with the same results, and must return sooner."""
    reading: list[tuple[Operation, Bit]]
    called: list[tuple[Operation, Bit]]


@dataclass(slots=True)
class _Underway:
    """Who is under way, each with a bit that is free again once he has returned. Pending readers need no place."""

    ranks: dict[int, int]
    """Who returns as the how-manieth. Returns at one position have an order too."""
    changing: dict[int, tuple[Operation, Bit]] = field(default_factory=dict)
    reading: dict[int, tuple[Operation, Bit]] = field(default_factory=dict)
    called: list[tuple[Operation, Bit]] = field(default_factory=list)
    free: list[Bit] = field(default_factory=list)
    used: int = 0

    def call(self, operation: Operation, reads: bool) -> None:
        """An operation begins."""
        if reads and operation.returned is None:
            return
        if not self.free:
            self.free.append(1 << self.used)
            self.used += 1
        entry = (operation, self.free.pop())
        (self.reading if reads else self.changing)[id(operation)] = entry
        if reads:
            self.called.append(entry)

    def end(self, operation: Operation) -> _Return:
        """It returns."""
        reads = id(operation) in self.reading
        entry = (self.reading if reads else self.changing)[id(operation)]
        made = _Return(*entry, self._due(), list(self.reading.values()), self.called)
        del (self.reading if reads else self.changing)[id(operation)]
        self.free.append(entry[1])
        self.called = []
        return made

    def _due(self) -> list[tuple[Operation, Bit, Bit]]:
        alike: dict[tuple[object, ...], Bit] = {}
        due = []
        for operation, bit in sorted(self.changing.values(), key=lambda one: self.ranks.get(id(one[0]), math.inf)):
            same = _likeness(operation)
            due.append((operation, bit, alike.get(same, 0)))
            alike[same] = alike.get(same, 0) | bit
        return due


def _likeness(operation: Operation) -> tuple[object, ...]:
    results = operation.results
    shown = None if results is None else tuple(sorted(results.items()))
    return operation.invocation.operation, operation.invocation.arguments, shown


def _returns(model: Model[State], operations: Sequence[Operation]) -> list[_Return]:
    moments = events(operations)
    returned = (operation for returns, operation in moments if returns)
    underway = _Underway({id(operation): rank for rank, operation in enumerate(returned)})
    made = []
    for returns, operation in moments:
        if returns:
            made.append(underway.end(operation))
        else:
            underway.call(operation, model.reads(operation))
    return made


class _OutOfBudgetError(Exception):
    pass


@dataclass(slots=True)
class _Node(Generic[State]):
    """At the `at`-th return, with these placed, the model is in this state."""

    at: int
    mask: int
    state: State
    placed: Placed


class _Search(Generic[State]):
    def __init__(self, model: Model[State], operations: Sequence[Operation], budget: Budget) -> None:
        self.model, self.budget = model, budget
        self.returns = _returns(model, operations)
        self.steps = 0
        self.known: dict[tuple[int, State], State | None] = {}
        self.furthest: _Node[State] = _Node(0, 0, model.init(), None)

    def run(self) -> Verdict:
        """Depth first. `furthest` is then the node with most returns behind it."""
        seen: set[tuple[int, int, State]] = set()
        try:
            first = self._advance(self.furthest)
            stack = [self._branches(first)] if self._is_new(first, seen) else []
            while stack and self.furthest.at < len(self.returns):
                node = next(stack[-1], None)
                if node is None:
                    stack.pop()
                elif self._is_new(node, seen):
                    stack.append(self._branches(node))
        except _OutOfBudgetError:
            return Verdict.UNKNOWN
        return Verdict.OK if self.furthest.at == len(self.returns) else Verdict.VIOLATION

    def _is_new(self, node: _Node[State], seen: set[tuple[int, int, State]]) -> bool:
        if node.at > self.furthest.at:
            self.furthest = node
        reached = (node.at, node.mask, node.state)
        if node.at == len(self.returns) or reached in seen:
            return False
        seen.add(reached)
        return True

    def _step(self, state: State, operation: Operation) -> State | None:
        self.steps += 1
        if self.steps > self.budget.steps or (self.steps % LOOK_AT_THE_CLOCK == 0 and self._late()):
            raise _OutOfBudgetError
        tried = (id(operation), state)
        if tried not in self.known:
            self.known[tried] = self.model.step(state, operation)
        return self.known[tried]

    def _late(self) -> bool:
        return self.budget.out_of_time is not None and self.budget.out_of_time()

    def _advance(self, node: _Node[State]) -> _Node[State]:
        """Past all returns of those that are placed, to the next one that needs a choice."""
        at, mask, placed = node.at, node.mask, node.placed
        while at < len(self.returns):
            due = self.returns[at]
            mask, placed = self._read(due.called, mask, node.state, placed)
            if not mask & due.bit:
                break
            mask ^= due.bit
            at += 1
        return _Node(at, mask, node.state, placed)

    def _read(
        self, readers: Sequence[tuple[Operation, Bit]], mask: int, state: State, placed: Placed
    ) -> tuple[int, Placed]:
        """Places every reader that the state fits."""
        for reader, bit in readers:
            if not mask & bit and self._step(state, reader) is not None:
                mask |= bit
                placed = (reader, placed)
        return mask, placed

    def _branches(self, node: _Node[State]) -> Iterator[_Node[State]]:
        due = self.returns[node.at]
        for operation, bit, sooner in due.changing:
            waits = node.mask & bit or sooner & ~node.mask
            after = None if waits else self._step(node.state, operation)
            if after is not None:
                mask, placed = self._read(due.reading, node.mask | bit, after, (operation, node.placed))
                yield self._advance(_Node(node.at, mask, after, placed))


def search(model: Model[State], operations: Sequence[Operation], budget: Budget | None = None) -> Linearizability:
    """Decides any history for any model. Exponential at worst in how many operations overlap; see `Budget`."""
    one = _Search(model, operations, budget or Budget())
    verdict = one.run()
    completed = tuple(due.operation for due in one.returns)
    at = one.furthest.at
    blocked = completed[at] if verdict is Verdict.VIOLATION else None
    reason = NO_PLACE if blocked is not None else ""
    return Linearizability(verdict, completed[:at], blocked, _in_order(one.furthest.placed), one.steps, reason)


def _in_order(placed: Placed) -> tuple[Operation, ...]:
    order = []
    while placed is not None:
        operation, placed = placed
        order.append(operation)
    return tuple(reversed(order))
