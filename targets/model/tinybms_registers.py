"""tinybms_registers.c: the registers that the HMI knows, and their units; the same in both firmwares."""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.events import register_number, single
from p4verify.targets.model.memory import Record
from p4verify.verify.tokens import register_key

_UNITS: Final = ((10.0, False), (10.0, True), (0.1, False), (0.1, False), (0.01, True))
"""Of registers 0 to 4: the unit of a count, and whether counts are signed. Cells are in mV."""


def update_of_raw(address: int, raw: int) -> Record:
    """The update that a raw value of a register makes; the address must be that of one."""
    register = register_number(address)
    assert register is not None
    unit, signed = _UNITS[register] if register < len(_UNITS) else (1.0, False)
    counts = raw - 0x10000 if signed and raw >= 0x8000 else raw
    value = single(counts * single(unit))
    return {"address": address, "raw": raw, "value": value, "key": register_key(register)}
