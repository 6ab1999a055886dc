"""From the engine's steps (c/sim/replay.c) to a Trace in the words of the source."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from p4verify.targets.machine.source_lines import Place
from p4verify.targets.machine.symbols import Symbols
from p4verify.targets.protocol.description import Reader
from p4verify.verify.schedule import Schedule, Step, StepKind, Trace

_STEP: Final = struct.Struct("<BHBBBIIQQQQ")
_KINDS: Final = (
    StepKind.READ, StepKind.WRITE, StepKind.CALL, StepKind.BLOCK, StepKind.WAKE, StepKind.TIME, StepKind.BOOT,
)  # fmt: skip

_ACCESSES: Final = (StepKind.READ, StepKind.WRITE)
_CALLS: Final = (StepKind.CALL, StepKind.BLOCK)
_POINTER: Final = 8
"""Bytes of a handle."""
_SITE: Final = 4
"""Bytes of the address that a call returns to."""


class TraceDecoder:
    """Collects TRACE_TASKS and TRACE payloads."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._tasks: list[_Task] = []
        self._handles: dict[tuple[int, int], str] = {}
        """By boot, because what lies at an address in one is something else in the next."""
        self._cut = 0
        self._steps: list[Step] = []

    def tasks(self, payload: bytes) -> None:
        """How many steps are missing, and the boots, names and handles of the tasks, by number."""
        reader = Reader(payload)
        self._cut = reader.uint(4)
        for _ in range(reader.uint(2)):
            task = _Task(reader.uint(1), reader.text())
            self._tasks.append(task)
            self._handles[task.boot, reader.uint(8)] = task.name

    def add(self, payload: bytes) -> None:
        """Some more steps."""
        at = 0
        while at < len(payload):
            fields = _STEP.unpack_from(payload, at)
            at += _STEP.size
            (length,) = struct.unpack_from("<H", payload, at)
            name = payload[at + 2 : at + 2 + length].decode("utf-8", "replace")
            at += 2 + length
            callers = payload[at + 1 : at + 1 + _SITE * payload[at]]
            at += 1 + len(callers)
            self._steps.append(self._step(fields, name, callers))

    def _step(self, fields: tuple[int, ...], name: str, callers: bytes) -> Step:
        kind, task, core, choice, size, point, position, time_us, pc, address, value = fields
        place = self._place(pc, callers) if pc else None
        return Step(
            task=self._task(task),
            kind=_KINDS[kind],
            name=name or self._symbols.data(address) or f"0x{address:x}",
            about=self._about(task, address) if name and address else "",
            file=place.file if place else "",
            line=place.line if place else 0,
            time_us=time_us,
            address=address,
            size=size,
            value=value,
            point=point,
            choice=choice,
            core=core,
            position=position,
            holder=self._task(value - 1) if _KINDS[kind] is StepKind.BLOCK and value else "",
            parts=self._symbols.variables.parts(address, size) if _KINDS[kind] in _ACCESSES else (),
        )

    def _place(self, pc: int, callers: bytes) -> Place:
        """Where the firmware took the step: within a function of the toolchain, where the firmware called that."""
        place = self._symbols.call_place(pc)
        if not place.is_foreign:
            return place
        calls = (self._symbols.call_place(site) for site in struct.unpack(f"<{len(callers) // _SITE}I", callers))
        return next((call for call in calls if call.file and not call.is_foreign), place)

    def _task(self, number: int) -> str:
        return self._tasks[number].name if number < len(self._tasks) else f"task {number}"

    def _about(self, task: int, address: int) -> str:
        """The task, or the static object, that a call of this task is about."""
        boot = self._tasks[task].boot if task < len(self._tasks) else 0
        return self._handles.get((boot, address)) or self._symbols.data(address)

    def trace(self, schedule: Schedule, preemptions: int) -> Trace:
        """All of them."""
        steps = (step for boot in _boots(self._steps) for step in _named(boot))
        return Trace(tuple(steps), schedule, preemptions, self._cut)


class _Task(NamedTuple):
    """A task of one boot, the first of which is 1."""

    boot: int
    name: str


def _boots(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """The steps of each boot; every one but the first begins with a step that says so."""
    begins = [0, *(index for index, step in enumerate(steps) if step.kind is StepKind.BOOT), len(steps)]
    return (steps[begin:end] for begin, end in itertools.pairwise(begins))


def _named(steps: Sequence[Step]) -> Iterator[Step]:
    """Objects on the heap go by the first variable that is seen to hold their address."""
    holders: dict[int, str] = {}
    for step in steps:
        if step.kind in _ACCESSES and step.size == _POINTER and not step.name.startswith("0x"):
            holders.setdefault(step.value, step.name)
    return (
        replace(step, about=holders.get(step.address, ""))
        if step.address and not step.about and step.kind in _CALLS
        else step
        for step in steps
    )
