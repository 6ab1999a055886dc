"""From the engine's races (c/sim/session.c, put_races) to values in the words of the source."""

from __future__ import annotations

from typing import Final

from p4verify.targets.machine.symbols import Symbols
from p4verify.targets.protocol.description import Reader
from p4verify.verify.execution import Access, Caller, Race

_NOT_LOOKED_FOR: Final = 255
_WRITE, _ATOMIC = 1, 2
_HEAP: Final = 0x4000_0000
_STACKS: Final = 0x5000_0000
"""Where they begin, see c/sim/engine.h."""


def read_races(reader: Reader, symbols: Symbols) -> tuple[Race, ...] | None:
    """The races of one execution; None when the detector was off."""
    count = reader.uint(1)
    if count == _NOT_LOOKED_FOR:
        return None
    return tuple(_race(reader, symbols) for _ in range(count))


def _race(reader: Reader, symbols: Symbols) -> Race:
    variable = _named(reader.uint(4) * 4, symbols)
    return Race(variable, _access(reader, symbols), _access(reader, symbols))


def _access(reader: Reader, symbols: Symbols) -> Access:
    task, address, flags, count = reader.text(), reader.uint(4), reader.uint(1), reader.uint(1)
    locks = tuple(_named(reader.uint(4), symbols) for _ in range(count))
    place, callers = symbols.call_place(address), _callers(reader, symbols)
    write, atomic = bool(flags & _WRITE), bool(flags & _ATOMIC)
    return Access(task, write, atomic, place.file, place.line, place.function, locks, callers)


def _callers(reader: Reader, symbols: Symbols) -> tuple[Caller, ...]:
    places = (symbols.call_place(reader.uint(4)) for _ in range(reader.uint(1)))
    return tuple(Caller(place.file, place.line, place.function) for place in places)


def _named(address: int, symbols: Symbols) -> str:
    """Memory without a name is told by where it lies."""
    if address < _HEAP:
        return symbols.data(address) or f"0x{address:x}"
    return f"{'heap' if address < _STACKS else 'stack'} at 0x{address:x}"
