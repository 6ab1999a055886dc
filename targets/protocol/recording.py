"""From the agent's ring of records (c/agent/agent.h) to a History.

Thousands of histories a second pass through here, so that everything that depends on program and firmware only is
looked up once, in HistoryDecoder. The histories of one program begin alike and go on alike: of ten observations nine
have been made before, at the same position and with the same content, and are that value again.

It refuses bytes that contradict the program: ProtocolError, never a History that is not what happened.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from p4verify.targets.protocol.description import Description, MisdeclaredError, ProtocolError
from p4verify.targets.protocol.program_code import MAIN_TASK
from p4verify.targets.protocol.signature import Signature
from p4verify.verify.history import Boot, History, Observation, Operation
from p4verify.verify.program import Invocation, Program, Value

_RECORD: Final = struct.Struct("<BBHIQ")
_KIND: Final = struct.Struct("<B3xI")
"""Kind and length of a record alone."""
FILLER, INVOKE, RETURN, OBSERVE, TASK, LOADED, DONE, BOOT = range(8)

Fields = Callable[[bytes], Mapping[str, Value]]
KEPT: Final = 1 << 14
"""Observations that one decoder remembers: some megabytes."""
BYTES_SHOWN: Final = 32


_Known = defaultdict[int, dict[bytes, Observation]]
"""By position and record."""


class _Observed:
    """The observations that were made before, by the names of the tasks, the position, and the record's bytes.

    The names decide what a task's number means, so each list of names has observations of its own.
    """

    def __init__(self, observers: tuple[tuple[str, Fields], ...]) -> None:
        self._observers = observers
        self._kept: dict[tuple[str, ...], _Known] = {}
        self._count = 0

    def among(self, names: Sequence[str]) -> _Known:
        """By position, what tasks of these names have recorded so far."""
        if self._count > KEPT:
            self._kept.clear()
            self._count = 0
        return self._kept.setdefault(tuple(names), defaultdict(dict))

    def make(self, record: bytes, position: int, names: Sequence[str]) -> Observation:
        """What a record says that was not seen before."""
        _, task, number, _, time_us = _RECORD.unpack_from(record)
        self._count += 1
        name, fields = self._observers[number]
        return Observation(position, time_us, names[task], name, fields(record[_RECORD.size :]))


class _Call(NamedTuple):
    """One invocation of the program: what it is, and how its results travel."""

    invocation: Invocation
    results: Fields


class HistoryDecoder:
    """Decodes the histories of one program on one firmware."""

    def __init__(self, program: Program, description: Description) -> None:
        results = {kind.name: _fields(f"the results of {kind.name}", kind.results) for kind in description.operations}
        owners = [*((task.name, task.invocations) for task in program.tasks), (MAIN_TASK, program.final)]
        self._names = tuple(name for name, _ in owners)
        self._calls = tuple(
            tuple(_Call(invocation, results[invocation.operation]) for invocation in invocations)
            for _, invocations in owners
        )
        observers = ((kind.name, _fields(kind.name, kind.fields)) for kind in description.observers)
        self._observed = _Observed(tuple(observers))

    def decode(self, data: bytes, *, end_us: int | None = None, lost: int = 0) -> History:
        """The history in `data`; `end_us` defaults to the time of its last record. ProtocolError when it is none."""
        reading = _Reading(self._names, self._calls, self._observed)
        try:
            reading.read(data)
        except (struct.error, IndexError, KeyError, ValueError, MisdeclaredError) as error:
            kind = MisdeclaredError if isinstance(error, MisdeclaredError) else ProtocolError
            raise kind(f"record {reading.position} of the history makes no sense: {error}") from error
        return reading.history(end_us, lost)


def decode_history(
    data: bytes, program: Program, description: Description, *, end_us: int | None = None, lost: int = 0
) -> History:
    """One history; where there are many of one program, keep a HistoryDecoder."""
    return HistoryDecoder(program, description).decode(data, end_us=end_us, lost=lost)


class _Begun(NamedTuple):
    """An invocation that has not returned yet; `at` is its place among the operations."""

    at: int
    position: int
    time_us: int


_Key = tuple[int, int, int]
"""An invocation: how many boots came after the first, the number of its task, and its own."""


class _Reading:
    """One pass over the records."""

    def __init__(
        self,
        names: tuple[str, ...],
        calls: tuple[tuple[_Call, ...], ...],
        observed: _Observed,
    ) -> None:
        self._names = list(names)
        self._calls = calls
        self._observed = observed
        self._operations: list[Operation | None] = []
        self._open: dict[_Key, _Begun] = {}
        self._boots: list[Boot] = []
        self._observations: list[Observation] = []
        self.position = 0
        self._time_us = 0
        self._loaded: tuple[int, int] | None = None

    def read(self, data: bytes) -> None:
        """Takes every record, in order. Observations, which are most of them, are taken here, the others below."""
        at, size, last, position = 0, len(data), -1, 0
        kind_of, observe, known = _KIND.unpack_from, self._observations.append, self._observed.among(self._names)
        while at < size:
            self.position = position
            kind, length = kind_of(data, at)
            begin, at = at, at + 16 + length
            if at > size:
                raise ValueError(f"it ends {at - size} bytes beyond the history")
            if kind == FILLER:
                continue
            record, last = data[begin:at], begin
            if kind == OBSERVE:
                found = known[position].get(record)
                observe(self._observe(record, known) if found is None else found)
            else:
                self._other(record)
                if kind in (TASK, BOOT):
                    known = self._observed.among(self._names)
            position += 1
        self.position = position
        if last >= 0:
            *_, self._time_us = _RECORD.unpack_from(data, last)

    def _observe(self, record: bytes, known: _Known) -> Observation:
        made = self._observed.make(record, self.position, self._names)
        known[self.position][record] = made
        return made

    def _other(self, record: bytes) -> None:
        kind, task, number, _, time_us = _RECORD.unpack_from(record)
        payload = record[_RECORD.size :]
        if kind == INVOKE:
            self._invoke(task, number, time_us)
        elif kind == RETURN:
            self._return(task, number, time_us, payload)
        elif kind == TASK:
            self._task(task, payload)
        elif kind == BOOT:
            self._boot(time_us, payload)
        elif kind == LOADED:
            self._loaded = (self.position, time_us)
        elif kind != DONE:
            raise ValueError(f"there is no kind {kind}")

    def _invoke(self, task: int, index: int, time_us: int) -> None:
        key = (len(self._boots), task, index)
        gone = self._boots and task != len(self._calls) - 1
        if gone or key in self._open or index >= len(self._calls[task]):
            raise ValueError(f"invocation {index} of task {task} begins twice, or does not exist")
        self._open[key] = _Begun(len(self._operations), self.position, time_us)
        self._operations.append(None)

    def _return(self, task: int, index: int, time_us: int, payload: bytes) -> None:
        key = (len(self._boots), task, index)
        begun = self._open.get(key)
        if begun is None:
            raise ValueError(f"invocation {index} of task {task} returns, but has not begun")
        if self._operations[begun.at] is not None:
            raise ValueError(f"invocation {index} of task {task} returns twice")
        results = self._calls[task][index].results(payload)
        self._operations[begun.at] = self._operation(key, begun, self.position, time_us, results)

    def _operation(
        self,
        key: _Key,
        begun: _Begun,
        returned: int | None = None,
        returned_us: int | None = None,
        results: Mapping[str, Value] | None = None,
    ) -> Operation:
        _, task, index = key
        name, invocation = self._names[task], self._calls[task][index].invocation
        return Operation(name, index, invocation, begun.position, begun.time_us, returned, returned_us, results)

    def _task(self, task: int, payload: bytes) -> None:
        if task != len(self._names):
            raise ValueError(f"task {task} is announced where task {len(self._names)} is next")
        name = payload.decode("utf-8", "backslashreplace")
        self._names.append(f"{name}#{task}" if name in self._names else name)

    def _boot(self, time_us: int, payload: bytes) -> None:
        """What was invoked before stays pending; tasks that are not the program's are announced anew."""
        (reason,) = payload
        self._boots.append(Boot(self.position, time_us, reason))
        del self._names[len(self._calls) :]

    def history(self, end_us: int | None, lost: int) -> History:
        """What has been read; what has not returned is pending."""
        operations = (
            operation or self._operation(key, begun)
            for operation, (key, begun) in zip(self._operations, self._open.items(), strict=True)
        )
        loaded, loaded_us = self._loaded or (None, None)
        return History(
            tuple(operations),
            tuple(self._observations),
            end=self.position,
            end_us=self._time_us if end_us is None else end_us,
            loaded_us=loaded_us,
            loaded=loaded,
            lost=lost,
            boots=tuple(self._boots),
        )


def _fields(what: str, signature: Signature) -> Fields:
    """How to make a mapping of names to values out of packed bytes; `what` names them in errors (MisdeclaredError).

    The histories of one program are made of few different records, so each is unpacked once: a look-up costs a tenth.
    """
    names = signature.names
    # A struct also says when the length is wrong, and costs no call of ours.
    unpack: Callable[[bytes], tuple[Value, ...]] = signature.fixed.unpack if signature.fixed else signature.unpack

    @lru_cache(maxsize=4096)
    def fields(payload: bytes) -> Mapping[str, Value]:
        try:
            return dict(zip(names, unpack(payload), strict=True))
        except (struct.error, ValueError):
            raise MisdeclaredError(_broken(what, signature, payload)) from None

    return fields


def _broken(what: str, signature: Signature, payload: bytes) -> str:
    """What to tell the author of an adapter that declares one thing and writes another."""
    rest = len(payload) - BYTES_SHOWN
    written = payload[:BYTES_SHOWN].hex(" ") + (" .." if rest > 0 else "")
    takes = f", which takes {signature.fixed.size}" if signature.fixed else ""
    return (f'{what}: {len(payload)} bytes were written{f" ({written})" if written else ""}, '
            f'the adapter declares "{signature.text}"{takes}')  # fmt: skip
