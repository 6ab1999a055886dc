"""The trace of one execution of the model: every step with the line of the component that took it.

An access is named like the C variable, and carries the value that it read or wrote.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any, Final

from p4verify.targets.model.kernel import Kernel, Task
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.steps import Kind, Step
from p4verify.verify import schedule
from p4verify.verify.schedule import Encoding, Part, StepKind

ROOT: Final = Path(__file__).resolve().parent
_MACHINERY: Final = frozenset({"kernel.py", "rtos.py", "memory.py", "nvs.py"})
"""What components call; the line that called it says more."""
_KINDS: Final = {
    Kind.READ: StepKind.READ, Kind.WRITE: StepKind.WRITE, Kind.CALL: StepKind.CALL, Kind.NOTE: StepKind.CALL,
    Kind.BLOCK: StepKind.WAKE,
}  # fmt: skip


def place_of(task: Task) -> tuple[str, int, str]:
    """File (relative to the model's folder), line and function of the component's code that the task is in."""
    return named(*where(task))


def where(task: Task) -> tuple[CodeType | None, int]:
    """The same, as quickly as it can be had; `named` says it in words."""
    found: Any = None
    body: Any = task.body
    while body is not None and body.gi_frame is not None:
        if not _is_machinery(body.gi_code):
            found = body
        body = body.gi_yieldfrom
    return (None, 0) if found is None else (found.gi_code, found.gi_frame.f_lasti)


@cache
def _is_machinery(code: CodeType) -> bool:
    return Path(code.co_filename).name in _MACHINERY


@cache
def named(code: CodeType | None, instruction: int) -> tuple[str, int, str]:
    """What `where` found, in words."""
    if code is None:
        return "", 0, ""
    path = Path(code.co_filename)
    line = next(line for begin, end, line in code.co_lines() if line is not None and begin <= instruction < end)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name, line, code.co_name


class Tracing:
    """Collects steps while an execution runs."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._addresses: dict[str, int] = {}
        self._open: tuple[Kernel, Task, Step, tuple[str, int, str], int, int] | None = None
        self.steps: list[schedule.Step] = []

    def begin(self, kernel: Kernel, task: Task, step: Step) -> None:
        """The task is about to take the step."""
        self._open = (kernel, task, step, place_of(task), self._recorder.position, kernel.now_us)

    def end(self) -> None:
        """It has taken it."""
        if self._open is None:
            return
        kernel, task, step, (file, line, _), position, time_us = self._open
        kind = _KINDS.get(step.kind)
        if kind is None or not step.name:
            return
        size, value, parts = self._value(step) if step.is_access else (0, 0, ())
        self.steps.append(
            schedule.Step(
                task.name, kind, step.name, file, line, time_us, self._address(step) if size else 0, size, value,
                kernel.choice_points, 0, task.core or 0, position, parts,
            )
        )  # fmt: skip

    def boot(self, kernel: Kernel) -> None:
        """The power was cut within the step that had begun; the firmware boots again."""
        self.end()
        point, position = kernel.choice_points, self._recorder.position
        self.steps.append(schedule.Step("main", StepKind.BOOT, "power cut", "", 0, 0, point=point, position=position))

    def _address(self, step: Step) -> int:
        return self._addresses.setdefault(step.name, 0x1000 + 4 * len(self._addresses))

    @staticmethod
    def _value(step: Step) -> tuple[int, int, tuple[Part, ...]]:
        """Size, bits, and how they are read."""
        value = step.memory[step.words[0]]
        if isinstance(value, float):
            (bits,) = struct.unpack("<I", struct.pack("<f", value))
            return 4, bits, (Part(step.name, Encoding.FLOAT, 4, 0, 32, 0),)
        if not isinstance(value, int):
            return 4, 0, ()  # a request, a phase: no scalar
        encoding = Encoding.BOOL if isinstance(value, bool) else Encoding.UNSIGNED
        return 4, value & 0xFFFFFFFF, (Part(step.name, encoding, 4, 0, 32, 0),)
