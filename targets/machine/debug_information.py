"""The debug information of an executable, its tables of abbreviations read no further than they are asked for.

Who looks for one unit among a hundred needs the first abbreviation of each: reading all of them took two thirds of the
time that it takes to name an address. It refuses to interpret anything: what it hands out is pyelftools' own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from elftools.common.utils import struct_parse
from elftools.dwarf.abbrevtable import AbbrevDecl
from elftools.elf.elffile import ELFFile


def debug_information(elf: ELFFile) -> Any:
    """What pyelftools offers of it; None where there is none."""
    if not elf.has_dwarf_info():
        return None
    dwarf: Any = elf.get_dwarf_info(relocate_dwarf_sections=False)  # an executable's are where they belong
    # Every unit asks there for its table (DWARF 5, section 7.5.3); the method is part of the documented class.
    dwarf.get_abbrev_table = lru_cache(maxsize=None)(lambda offset: Abbreviations(dwarf, offset))
    return dwarf


class Abbreviations:
    """One table: pairs of a code and a declaration, until a code is 0."""

    def __init__(self, dwarf: Any, offset: int) -> None:
        self._structs, self._stream = dwarf.structs, dwarf.debug_abbrev_sec.stream
        self._next: int | None = offset
        self._known: dict[int, Any] = {}

    def get_abbrev(self, code: int) -> Any:
        """The declaration of a code; KeyError when the table has none."""
        while code not in self._known and self._next is not None:
            self._read(self._next)
        return self._known[code]

    def _read(self, offset: int) -> None:
        code = struct_parse(self._structs.the_Dwarf_uleb128, self._stream, offset)
        if code == 0:
            self._next = None
            return
        self._known[code] = AbbrevDecl(code, struct_parse(self._structs.Dwarf_abbrev_declaration, self._stream))
        self._next = self._stream.tell()
