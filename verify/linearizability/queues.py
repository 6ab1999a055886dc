"""Unbounded queues in which every value is enqueued once: O(n log n).

T. A. Henzinger, A. Sezgin, V. Vafeiadis: Aspect-oriented linearizability proofs (2013). A history has an order unless a
value is dequeued that was not enqueued yet, or twice; or one is dequeued while another, that was surely enqueued before
it, is surely still there; or "empty" is returned although some value was surely there all the time. A value is surely
there from the return of its enqueue to the call of its dequeue.

A dequeue that never returned may have taken any value. It takes one where nothing else explains what returned.
Refuses (None) repeated values, refusals, other operations, and such dequeues together with "empty".
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.result import (
    NO_PLACE,
    Linearizability,
    by_return,
    called,
    events,
    held,
    name,
    returned,
    stuck,
)
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.program import Value


def decide_queue(model: RequestQueue, operations: Sequence[Operation]) -> Linearizability | None:
    """Decides a history of one queue, None where the precondition does not hold."""
    queue = _Queue(model, operations)
    if not queue.decidable:
        return None
    completed = queue.completed
    failed = queue.walk(len(completed))
    if failed is None:
        return held(completed)
    index, reason = failed
    if queue.repeated:
        # Which of two dequeues of one value counts depends on where the history is cut: find the shortest that fails.
        index = bisect_left(range(len(completed)), True, key=lambda last: queue.walk(last + 1) is not None)
        at, reason = queue.walk(index + 1) or failed
        reason = reason if at == index else NO_PLACE
    return stuck(completed, index, reason)


class _Queue:
    """The operations of one history, by value."""

    def __init__(self, model: RequestQueue, operations: Sequence[Operation]) -> None:
        self.model = model
        self.completed = by_return(operations)
        self.ranks = {id(operation): rank for rank, operation in enumerate(self.completed)}
        self.events = events(operations)
        self.enqueues: dict[Value, Operation] = {}
        self.dequeues: dict[Value, list[Operation]] = {}
        """By their returns; two of one value are a violation, as soon as both have returned."""
        noted = [self._note(operation) for operation in operations]
        self.decidable = all(noted) and not self._vague(operations)
        self.repeated = any(len(same) > 1 for same in self.dequeues.values())
        for same in self.dequeues.values():
            same.sort(key=returned)

    def _note(self, operation: Operation) -> bool:
        """Files an operation under its value; False for one that only the general search understands."""
        results = operation.results or {}
        if operation.name == self.model.enqueue:
            (value,) = operation.invocation.arguments
            unique = value == value and value not in self.enqueues  # noqa: PLR0124
            self.enqueues[value] = operation
            return unique and bool(results.get("accepted", True))
        if operation.name != self.model.dequeue:
            return False
        if operation.returned is None or results.get("taken") is False:
            return True
        if results.get("value") is None:
            return False
        self.dequeues.setdefault(results["value"], []).append(operation)
        return True

    def _vague(self, operations: Sequence[Operation]) -> bool:
        """Whether dequeues that may have taken anything meet some that found nothing."""
        dequeues = [operation for operation in operations if operation.name == self.model.dequeue]
        return any(one.returned is None for one in dequeues) and any(
            one.returned is not None and taken(one) is None for one in dequeues
        )

    def removals(self, completed: int) -> dict[Value, Operation]:
        """Each value's dequeue in the history cut after so many returns: the one that returned, or else began first."""
        return {
            value: same[0] if self.ranks[id(same[0])] < completed else min(same, key=called)
            for value, same in self.dequeues.items()
        }

    def walk(self, completed: int) -> tuple[int, str] | None:
        """The first of so many returns that has no place, by its number, and why."""
        contents = _Contents(self.removals(completed))
        index = 0
        for returns, operation in self.events:
            if not returns:
                self._call(contents, operation)
                continue
            if index == completed:
                break
            reason = self._return(contents, operation)
            if reason:
                return index, reason
            index += 1
        return None

    def _call(self, contents: _Contents, operation: Operation) -> None:
        if operation.name == self.model.enqueue:
            contents.begun.add(operation.invocation.arguments[0])
        elif operation.returned is None:
            contents.idle += 1
        else:
            contents.dequeue_called(operation)

    def _return(self, contents: _Contents, operation: Operation) -> str:
        """Why an operation that returns now has no place, "" when it has."""
        if operation.name == self.model.enqueue:
            contents.enqueue_returned(operation)
            return ""
        value = taken(operation)
        if value is None:
            return contents.never_empty(operation)
        if value not in contents.begun:
            return "nobody had enqueued that value"
        if contents.removals[value] is not operation or value in contents.lost:
            return "that value had been taken already"
        return contents.overtaken(self.enqueues[value])


def taken(operation: Operation) -> Value | None:
    """What a dequeue that returned took, None when it found nothing."""
    results = operation.results or {}
    return None if results.get("taken") is False else results["value"]


class _Contents:
    """What is surely in the queue while its history is walked along."""

    def __init__(self, removals: dict[Value, Operation]) -> None:
        self.removals = removals
        """Each value's dequeue."""
        self.begun: set[Value] = set()
        """Values whose enqueue was called."""
        self.leaving: set[Value] = set()
        """Values whose dequeue was called."""
        self.lost: set[Value] = set()
        """Those of them that a dequeue took which never returned."""
        self.waiting: deque[Operation] = deque()
        """Enqueues that returned, in that order; in front none whose value is leaving."""
        self.present: set[Value] = set()
        self.idle = 0
        """Dequeues under way that never return and have not taken anything yet."""
        self.empty_at = -1
        """The last moment at which nothing was surely there, unless that is now."""

    def enqueue_returned(self, operation: Operation) -> None:
        """The value is there, unless it is leaving."""
        value = operation.invocation.arguments[0]
        if value in self.leaving:
            return
        self.waiting.append(operation)
        if not self.present:
            self.empty_at = returned(operation)
        self.present.add(value)

    def dequeue_called(self, operation: Operation) -> None:
        """Its value is not surely there any more."""
        value = taken(operation)
        if value is not None and self.removals[value] is operation:
            self._leave(value)

    def _leave(self, value: Value) -> None:
        self.leaving.add(value)
        self.present.discard(value)

    def never_empty(self, operation: Operation) -> str:
        """Why a dequeue cannot have found nothing, "" when it can."""
        if not self.present or self.empty_at >= operation.invoked:
            return ""
        return "something was in the queue all the time"

    def overtaken(self, enqueue: Operation) -> str:
        """Why the value of this enqueue cannot have been the oldest, "" when it can."""
        while (older := self._oldest()) is not None and returned(older) < enqueue.invoked:
            if not self.idle:
                return f"{name(older)} came before, and its value was still in the queue"
            self.idle -= 1
            self._leave(older.invocation.arguments[0])
            self.lost.add(older.invocation.arguments[0])
        return ""

    def _oldest(self) -> Operation | None:
        """The enqueue that returned first of those whose value nobody is taking."""
        while self.waiting and self.waiting[0].invocation.arguments[0] in self.leaving:
            self.waiting.popleft()
        return self.waiting[0] if self.waiting else None
