"""Names for the addresses of one executable: what an engine reports in numbers, in the words of the source.

All tables are built when they are first needed. Works with what gcc, clang and zig write (DWARF 4 and 5).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from p4verify.targets.machine.source_lines import Place, SourceLines
from p4verify.targets.machine.variables import Variables


class Symbols:
    """Lookups in one executable; repeated ones cost a dictionary access."""

    def __init__(self, executable: Path, sources: frozenset[str] = frozenset()) -> None:
        self.lines = SourceLines(executable)
        self.variables = Variables(executable, sources)
        self.place = lru_cache(maxsize=65536)(self.lines.place)

    def read(self) -> None:
        """Reads the tables now, which takes a second, and not when the first address is met."""
        self.lines.read()
        self.variables.read()

    def call_place(self, return_address: int) -> Place:
        """Where the call was made that returns to `return_address`."""
        return self.place(return_address - 1)

    def data(self, address: int) -> str:
        """The static variable and member at `address` ("s_state.last_batt.soc"); "" for heap, stack and code."""
        return self.variables.name(address)

    def code_of(self, function: str) -> tuple[int, int] | None:
        """The code [start, stop) of a function by its symbol name, static ones too; None when there is none."""
        found = next((one for one in self.lines.functions if one.name == function), None)
        return (found.start, found.stop) if found else None
