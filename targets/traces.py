"""From the engine's steps (c/sim/replay.c) to a Trace in the words of the source."""

from __future__ import annotations

import struct
from typing import Final

from p4verify.targets.machine.symbols import Symbols
from p4verify.targets.protocol.description import Reader
from p4verify.verify.schedule import Schedule, Step, StepKind, Trace

_STEP: Final = struct.Struct("<BBBBBIIQQQQ")
_KINDS: Final = (StepKind.READ, StepKind.WRITE, StepKind.CALL, StepKind.BLOCK, StepKind.WAKE, StepKind.TIME)


class TraceDecoder:
    """Collects TRACE_TASKS and TRACE payloads."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._tasks: list[str] = []
        self._handles: dict[int, str] = {}
        self._cut = 0
        self._steps: list[Step] = []

    def tasks(self, payload: bytes) -> None:
        """How many steps are missing, and the names and handles of the tasks, by number."""
        reader = Reader(payload)
        self._cut = reader.uint(4)
        for _ in range(reader.uint(1)):
            self._tasks.append(reader.text())
            self._handles[reader.uint(8)] = self._tasks[-1]

    def add(self, payload: bytes) -> None:
        """Some more steps."""
        at = 0
        while at < len(payload):
            fields = _STEP.unpack_from(payload, at)
            at += _STEP.size
            (length,) = struct.unpack_from("<H", payload, at)
            self._steps.append(self._step(fields, payload[at + 2 : at + 2 + length].decode("utf-8", "replace")))
            at += 2 + length

    def _step(self, fields: tuple[int, ...], name: str) -> Step:
        kind, task, core, choice, size, point, position, time_us, pc, address, value = fields
        place = self._symbols.call_place(pc) if pc else None
        return Step(
            task=self._tasks[task] if task < len(self._tasks) else f"task {task}",
            kind=_KINDS[kind],
            name=name or self._symbols.data(address) or f"0x{address:x}",
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
        )

    def trace(self, schedule: Schedule, preemptions: int) -> Trace:
        """All of them."""
        return Trace(tuple(self._steps), schedule, preemptions, self._cut)
