"""Registers and records of which every value is written once: O(n log n), however many operations overlap.

P. B. Gibbons, E. Korach: Testing shared memories (1997). The write of a value and its reads stand together in any
order: they are a *zone*, with the first return and the last call among them. Zone A must come before zone B when A's
first return lies before B's last call. An order exists when no two zones must each come before the other (a longer
cycle contains such a pair), every value that is read is written, and no read returns before its write is called.

Zones grow as operations return, and the first return at which two zones disagree is the one that has no place.
Refuses (None) histories in which a value is written twice or some read does not show the whole value.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from p4verify.verify.history import Operation
from p4verify.verify.linearizability.result import Linearizability, by_return, held, name, returned, stuck
from p4verify.verify.models.register import Record, Register

Zone = int
Moment = float
"""A position, or infinite."""


class _Zones:
    """Zone by zone: first return (`first`) and last call (`last`), of what has returned so far.

    A zone whose last call lies after its first return is *forward*: its value is there all the time in between. Forward
    zones do not overlap, and `forward` lists them in their order. `ended` are the first returns of all, ascending.
    """

    def __init__(self, calls: list[Moment]) -> None:
        self.calls = calls
        """When each zone's value began to be written."""
        self.first: list[Moment] = [math.inf] * len(calls)
        self.last: list[Moment] = list(calls)
        self.ended: list[Moment] = [-math.inf]
        self.ended_zones: list[Zone] = [0]
        self.forward: list[Moment] = []
        self.forward_zones: list[Zone] = []
        self.first[0] = -math.inf  # the initial value

    def add(self, zone: Zone, call: int, end: int) -> Zone | None:
        """An operation of a zone has returned. The answer is a zone that this one now contradicts, or None."""
        before = self.last[zone]
        if self.first[zone] == math.inf:
            self.first[zone], self.last[zone] = end, max(call, before)
            self.ended.append(end)
            self.ended_zones.append(zone)
            return None
        if call <= before:
            return None
        self.last[zone] = call
        return self._reached(zone) if before <= self.first[zone] else self._met(zone, before)

    def _reached(self, zone: Zone) -> Zone | None:
        """The zone was not forward. It may lie inside a forward one now, or have become forward itself."""
        first, last = self.first[zone], self.last[zone]
        place = bisect_left(self.forward, last) - 1
        if place >= 0 and self.last[self.forward_zones[place]] > first:
            return self.forward_zones[place]
        if last <= first:
            return None
        place = bisect_left(self.forward, first)
        self.forward.insert(place, first)
        self.forward_zones.insert(place, zone)
        return self._met(zone, first)

    def _met(self, zone: Zone, before: Moment) -> Zone | None:
        """A forward zone has grown. What ended within its new part must have no call after the zone's beginning."""
        first, last = self.first[zone], self.last[zone]
        for place in range(bisect_left(self.ended, before), bisect_left(self.ended, last)):
            other = self.ended_zones[place]
            if other != zone and self.last[other] > first:
                return other
        return None


INITIAL: Zone = 0


class _Values:
    """Which zone each value belongs to, and each zone's write."""

    def __init__(self, model: Register) -> None:
        self.model = model
        self.zones: dict[Record, Zone] = {model.init(): INITIAL}
        self.writes: list[Operation | None] = [None]
        self.calls: list[Moment] = [-math.inf]

    def number(self, operations: Sequence[Operation]) -> bool:
        """Gives each written value a zone; False when one is written twice."""
        for operation in operations:
            if not self.model.reads(operation):
                self.zones[self.model.written(operation.invocation)] = len(self.writes)
                self.writes.append(operation)
                self.calls.append(operation.invoked)
        return len(self.zones) == len(self.writes)

    def of(self, operation: Operation) -> Record | None:
        """The value that an operation writes or shows, None where it does not show all of it."""
        model = self.model
        return model.shown(operation) if model.reads(operation) else model.written(operation.invocation)


def decide_register(model: Register, operations: Sequence[Operation]) -> Linearizability | None:
    """Decides a history of one register, None where the precondition does not hold."""
    values = _Values(model)
    if not values.number(operations):
        return None
    completed = by_return(operations)
    shown = [values.of(operation) for operation in completed]
    if None in shown:
        return None
    numbers = [values.zones.get(value) if value is not None else None for value in shown]
    zones = _Zones(values.calls)
    for index, (operation, zone) in enumerate(zip(completed, numbers, strict=True)):
        reason = _misplaced(values, zones, operation, zone)
        if reason:
            return stuck(completed, index, reason, _order(values, completed[:index], numbers))
    return held(completed, _order(values, completed, numbers))


def _misplaced(values: _Values, zones: _Zones, operation: Operation, zone: Zone | None) -> str:
    """Why an operation has no place, "" when it has."""
    if zone is None:
        return "nobody writes that value"
    end = returned(operation)
    if values.calls[zone] > end:
        return f"that value is written later, by {_written(values, zone)}"
    other = zones.add(zone, operation.invoked, end)
    if other is None:
        return ""
    return f"{_written(values, zone)} and {_written(values, other)} would each have to come before the other"


def _written(values: _Values, zone: Zone) -> str:
    write = values.writes[zone]
    return name(write) if write is not None else "the initial value"


def _order(values: _Values, prefix: Sequence[Operation], numbers: Sequence[Zone | None]) -> list[Operation]:
    """Zone after zone, by first return plus last call: of two zones of which one must come first, its sum is smaller.

    Within a zone the write comes first, then the reads by their calls. A write that has not returned is there if it was
    read. Sorted by one key after the other, since that makes no objects that the garbage collector would visit.
    """
    operations = list(prefix)
    zones = [zone for zone in numbers[: len(prefix)] if zone is not None]
    first: list[Moment] = [math.inf] * len(values.calls)
    last = list(values.calls)
    for operation, zone in zip(prefix, zones, strict=True):
        first[zone] = min(first[zone], returned(operation))
        last[zone] = max(last[zone], operation.invoked)
    written = {id(operation) for operation in prefix}
    for zone, write in enumerate(values.writes):
        if write is not None and first[zone] < math.inf and id(write) not in written:
            operations.append(write)
            zones.append(zone)
    first[INITIAL] = -math.inf
    middle = [one + other for one, other in zip(first, last, strict=True)]
    order = sorted(range(len(operations)), key=lambda index: _call(values, operations[index], zones[index]))
    order.sort(key=zones.__getitem__)
    order.sort(key=lambda index: middle[zones[index]])
    return [operations[index] for index in order]


def _call(values: _Values, operation: Operation, zone: Zone) -> Moment:
    return -math.inf if operation is values.writes[zone] else operation.invoked
