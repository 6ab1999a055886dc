"""A counter to which every call adds the same: O(n log n), for additions with reads or for fetch-and-add with reads.

Additions are alike, so all that counts is how many took effect by when. Each is made as late as it can be: when it
returns, or when a read returns that needs it, and then those that must return soonest come first. So at every moment as
few took effect as possible, and a read that finds too many when it is called has no place. A fetch-and-add that returns
the k-th value *is* the k-th addition, and needs all before it.

Refuses (None) different amounts, plain additions beside a fetch-and-add that returned, and two of those with one value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from heapq import heappop, heappush

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.result import Linearizability, by_return, events, held, stuck
from p4verify.verify.models.counters import Counter


class _Counted:
    """How many additions took effect so far, and who is under way."""

    def __init__(self, owners: dict[int, Operation]) -> None:
        self.owners = owners
        """Rank (0 is the first addition) -> the fetch-and-add that it is."""
        self.begun: set[int] = set()
        """Those of the owners that were called."""
        self.waiting: list[tuple[float, int, Operation]] = []
        """Called additions whose rank is open, who returns soonest first; some may have taken effect already."""
        self.effective: set[int] = set()
        self.count = 0

    def call(self, operation: Operation, rank: int | None) -> None:
        """An addition begins."""
        if rank is None:
            due = math.inf if operation.returned is None else operation.returned
            heappush(self.waiting, (due, id(operation), operation))
        else:
            self.begun.add(rank)

    def reach(self, count: int) -> bool:
        """Lets additions take effect until there are so many; False when too few are under way."""
        while self.count < count:
            if self.count in self.begun:
                self.effective.add(id(self.owners[self.count]))
            elif self.waiting:
                self.effective.add(id(heappop(self.waiting)[2]))
            else:
                return False
            self.count += 1
        return True


class _Ranks:
    """What counter values mean as numbers of additions."""

    def __init__(self, model: Counter, amount: int) -> None:
        self.model, self.amount = model, amount

    def of(self, operation: Operation) -> int | None:
        """How many additions its value stands for, None for one that no number of them makes. It has results."""
        value = (operation.results or {}).get("value")
        if not isinstance(value, int | float) or value != value or math.isinf(value):  # noqa: PLR0124
            return None
        count, rest = divmod(value - self.model.initial, self.amount)
        return int(count) if rest == 0 and count >= 0 else None


def decide_counter(model: Counter, operations: Sequence[Operation]) -> Linearizability | None:
    """Decides a history of one counter, None where the precondition does not hold."""
    adding = [operation for operation in operations if not model.reads(operation)]
    amounts = {model.amount(operation.invocation) for operation in adding} or {1}
    if len(amounts) > 1 or 0 in amounts or not all(_shows(model, operation) for operation in operations):
        return None
    ranks = _Ranks(model, amounts.pop())
    fetched = [operation for operation in adding if _fetched(model, operation)]
    known = {id(one): rank for one in fetched if (rank := ranks.of(one)) is not None}
    owners = {known[id(one)]: one for one in fetched if id(one) in known}
    mixed = bool(fetched) and any(one.name == model.add for one in adding)
    return None if mixed or len(owners) < len(known) else _decide(model, operations, ranks, owners)


def _fetched(model: Counter, operation: Operation) -> bool:
    return operation.name == model.fetch_add and operation.returned is not None


def _shows(model: Counter, operation: Operation) -> bool:
    """Whether an operation that returned has the value that it should have."""
    silent = operation.returned is None or operation.name == model.add
    return silent or "value" in (operation.results or {})


def _decide(
    model: Counter, operations: Sequence[Operation], ranks: _Ranks, owners: dict[int, Operation]
) -> Linearizability:
    completed = by_return(operations)
    rank_of = {id(operation): rank for rank, operation in owners.items()}
    counted = _Counted(owners)
    found: dict[int, int] = {}
    index = 0
    for returns, operation in events(operations):
        if not returns:
            found[id(operation)] = counted.count
            if not model.reads(operation) and (not _fetched(model, operation) or id(operation) in rank_of):
                counted.call(operation, rank_of.get(id(operation)))
            continue
        reason = _misplaced(model, operation, ranks, counted, found[id(operation)])
        if reason:
            return stuck(completed, index, reason)
        index += 1
    return held(completed)


def _misplaced(model: Counter, operation: Operation, ranks: _Ranks, counted: _Counted, found: int) -> str:
    """Why an operation that returns now has no place, "" when it has."""
    if operation.name == model.add:
        while id(operation) not in counted.effective:
            counted.reach(counted.count + 1)
        return ""
    count = ranks.of(operation)
    if count is None:
        return "no number of additions makes that value"
    if operation.name == model.fetch_add:
        return _misplaced_fetch(operation, counted, count)
    if found > count:
        return f"at least {found} additions had taken effect before it was called"
    return "" if counted.reach(count) else f"only {counted.count} additions can have taken effect"


def _misplaced_fetch(operation: Operation, counted: _Counted, count: int) -> str:
    if id(operation) in counted.effective:
        return ""
    if counted.count > count:
        return f"{counted.count} additions took effect already without it"
    return "" if counted.reach(count + 1) else f"only {counted.count} additions can have taken effect"
