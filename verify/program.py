"""A program: what the tasks call, and what the world around them does.

A `Program` is a frozen value. It says which FreeRTOS tasks perform which invocations, and how the environment (HTTP
server, BMS) answers. It never says in which order tasks step: that is a `Schedule`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Value = int | float | bool | str | bytes
"""What an operation takes or an observer reports; a float is a float32 of the firmware, exactly represented."""

POWER: Final = "power"
"""The stream of the environment that says how boots end, one value a boot. A program that has it may boot up to 8
times: esp_restart boots again, too, and ends an execution only where there is no such stream."""
CUT_KINDS: Final = 1_000_000
"""A value of it is kind * CUT_KINDS + n, and the power is cut 1: before the n-th write to flash of that boot, 2: after
it, 3: before the n-th frame of telemetry, 4: after it, 5: at n milliseconds. Anything else is no cut."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """An operation to call. `delay_ms` of virtual time pass in the calling task before it."""

    operation: str
    arguments: tuple[Value, ...] = ()
    delay_ms: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A FreeRTOS task that performs invocations in order. `core` None lets it run on either core."""

    name: str
    invocations: tuple[Invocation, ...]
    priority: int = 5
    core: int | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """Tasks that run concurrently, the environment's answers, and what is called once everything has settled.

    `environment` maps a stream's name ("http", "tinybms") to the values that the doubles take from it, one a request;
    a stream that has run out answers with its double's default. After the last task has ended, `settle_ms` of virtual
    time pass, then `final` is performed by the main task.
    """

    tasks: tuple[Task, ...]
    environment: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    settle_ms: int = 2000
    final: tuple[Invocation, ...] = ()

    @property
    def size(self) -> int:
        """How many invocations it has, the final ones not counted: what shrinking makes smaller."""
        return sum(len(task.invocations) for task in self.tasks)
