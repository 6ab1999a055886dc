"""Which variables of a frame other tasks may reach: those whose address was stored in other memory or given to a call.

An address that is stored in another variable of the frame is known when that one is. It refuses to follow addresses
through memory that is not the frame, and a pointer that is one of several variables' by the path that was taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from p4verify.targets.machine.frames import Local

Thing = Local | str
"""A variable of the frame, or the argument register in which the function was given an address."""

ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")

_ATOMIC = re.compile(r"__tsan_atomic\d+_(store|exchange|compare_exchange_\w+)")
_COPYING = re.compile(
    r"(?:__wrap_|__real_)?(?:mem(?:cpy|move|set|cmp|chr)|str(?!dup)\w+|v?s?n?printf|sscanf)|esp_log_write"
    r"|xQueue(?:Generic)?(?:Send|Receive|Peek|Overwrite)\w*|xTask(?:Generic)?Notify\w*|[vx]TaskDelayUntil"
    r"|esp_timer_create"
)
"""Functions that are done with what a pointer names when they return (ISO C, FreeRTOS `queue.h` and `task.h`,
ESP-IDF `esp_timer.h`): no task holds it afterwards."""


@dataclass(slots=True)
class Escapes:
    """What has escaped on some path up to here; `holds` are variables with the thing whose address lies in them."""

    escaped: set[Thing] = field(default_factory=set)
    holds: set[tuple[Thing, Thing]] = field(default_factory=set)

    def copy(self) -> Escapes:
        """An independent copy."""
        return Escapes(set(self.escaped), set(self.holds))

    @classmethod
    def merged(cls, all_: Iterable[Escapes]) -> Escapes:
        """What any of the paths let escape."""
        result = cls()
        for one in all_:
            result.escaped |= one.escaped
            result.holds |= one.holds
        result.give_away(set())
        return result

    def give_away(self, things: set[Thing]) -> None:
        """Other tasks may hold the addresses of these, and find those that lie in them."""
        self.escaped |= things
        while found := {inner for outer, inner in self.holds if outer in self.escaped} - self.escaped:
            self.escaped |= found

    def keep(self, into: set[Thing], things: set[Thing]) -> None:
        """The addresses of `things` were stored in the frame: they escape when what they lie in does."""
        self.holds |= {(outer, inner) for outer in into for inner in things}
        self.give_away(set())


def given(name: str) -> tuple[str, ...]:
    """The argument registers that a function of another file may keep the address in, "" for one without a name."""
    if match := _ATOMIC.fullmatch(name):
        return ("rdx",) if match[1].startswith("compare") else ("rsi",)
    return () if name.startswith("__tsan_") or _COPYING.fullmatch(name) else ARGUMENTS
