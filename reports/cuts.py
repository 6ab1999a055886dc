"""Where a program cuts the power, in words. It refuses to say whether it got that far."""

from __future__ import annotations

from typing import Final

from p4verify.verify.program import CUT_KINDS, POWER, Program

_WORDS: Final = {
    1: "before write {} to flash",
    2: "after write {} to flash",
    3: "before telemetry frame {}",
    4: "after telemetry frame {}",
    5: "at {} ms",
}


def cuts_of(program: Program) -> list[str]:
    """One for each boot that is cut: "after write 2 to flash"."""
    cuts = (divmod(value, CUT_KINDS) for value in program.environment.get(POWER, ()))
    return [_WORDS[kind].format(n) for kind, n in cuts if kind in _WORDS]
