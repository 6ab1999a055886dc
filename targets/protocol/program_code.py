"""A Program as the agent takes it (c/agent/agent.h says which bytes). Refuses, naming the place, what cannot run.

Everything is checked here, before anything is sent, so that a user learns what an operation takes from a message and
not from a device.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from p4verify.targets.protocol.description import Description
from p4verify.verify.program import Invocation, Program, Task

FORMAT_VERSION: Final = 1
TASKS_MAX: Final = 32
STREAMS_MAX: Final = 16
TASK_NAME_MAX: Final = 15
"""FreeRTOS keeps 16 bytes of a name, the terminator included."""
PRIORITY_MAX: Final = 24
MAIN_TASK: Final = "main"
"""The name in histories of the task that boots the adapters and performs `final`."""


class ProgramError(ValueError):
    """A Program that this firmware cannot run: which operation, and what it takes."""


def encode_program(program: Program, description: Description) -> bytes:
    """The encoded program; ProgramError when it names something the firmware does not have or has other types."""
    names = [task.name for task in program.tasks]
    for name in names:
        if names.count(name) > 1 or name == MAIN_TASK:
            raise ProgramError(f"task {name!r}: the name is taken")
    parts = [
        struct.pack("<BI", FORMAT_VERSION, _within(program.settle_ms, 0xFFFFFFFF, "settle_ms")),
        bytes([_within(len(program.environment), STREAMS_MAX, "streams of the environment")]),
        *(_stream(name, values) for name, values in program.environment.items()),
        bytes([_within(len(program.tasks), TASKS_MAX, "tasks")]),
        *(_task(task, description) for task in program.tasks),
        _invocations(program.final, description, "final"),
    ]
    return b"".join(parts)


def _within(value: int, maximum: int, what: str) -> int:
    if not 0 <= value <= maximum:
        raise ProgramError(f"{what}: {value} is not within 0..{maximum}")
    return value


def _name(name: str, maximum: int, what: str) -> bytes:
    data = name.encode("utf-8", "replace")
    if not 1 <= len(data) <= maximum or b"\0" in data:
        raise ProgramError(f"{what} {name!r}: a name has 1 to {maximum} bytes and no NUL")
    return bytes([len(data)]) + data


def _stream(name: str, values: Sequence[int]) -> bytes:
    head = _name(name, 255, "environment") + struct.pack("<H", _within(len(values), 0xFFFF, f"environment {name!r}"))
    try:
        return head + struct.pack(f"<{len(values)}q", *values)
    except struct.error as error:
        raise ProgramError(f"environment {name!r}: its values are 64-bit integers") from error


def _task(task: Task, description: Description) -> bytes:
    if task.core not in (None, 0, 1):
        raise ProgramError(f"task {task.name!r}: core {task.core} is neither 0, 1 nor any")
    core = -1 if task.core is None else task.core
    priority = _within(task.priority, PRIORITY_MAX, f"task {task.name!r}: priority")
    placement = struct.pack("<Bb", priority, core)
    return _name(task.name, TASK_NAME_MAX, "task") + placement + _invocations(task.invocations, description, task.name)


def _invocations(invocations: Sequence[Invocation], description: Description, owner: str) -> bytes:
    count = struct.pack("<H", _within(len(invocations), 0xFFFF, f"{owner}: invocations"))
    return count + b"".join(_invocation(invocation, description) for invocation in invocations)


def _invocation(invocation: Invocation, description: Description) -> bytes:
    kind = description.operation(invocation.operation)
    if kind is None:
        known = ", ".join(kind.name for kind in description.operations)
        raise ProgramError(f"{invocation.operation}: the firmware has no such operation; it has {known}")
    try:
        arguments = kind.arguments.pack(invocation.arguments)
    except ValueError as error:
        raise ProgramError(f"{kind.name}({kind.arguments.text}): {error}") from error
    delay = _within(invocation.delay_ms, 0xFFFFFFFF, f"{kind.name}: delay_ms")
    return struct.pack("<HIH", kind.number, delay, _within(len(arguments), 0xFFFF, kind.name)) + arguments
