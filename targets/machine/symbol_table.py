"""The symbols of object files and executables, quickly: every build reads those of a hundred objects three times.

Only what is linked here, ELF of 64 bits with the low byte first (System V ABI); it refuses to read anything else, with
ValueError. Debug information is left to pyelftools, which knows more and takes its time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

HEADER, SECTION, SYMBOL = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ")
TABLE_TYPE = 2
LOCAL, OBJECT, FUNCTION = 0, 1, 2
UNDEFINED, RESERVED = 0, 0xFF00
"""Section numbers: of symbols that another object defines, and from which on they are no sections."""


class Section(NamedTuple):
    """A section's header, and the name that `name_at` stands for."""

    name_at: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry_size: int


class Symbol(NamedTuple):
    """`number` counts from 0 in the table; `section` is the index of the section it lies in."""

    number: int
    name: str
    binding: int
    type: int
    section: int
    value: int
    size: int


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """The sections and symbols of one file. ValueError when it is no such file, or a damaged one."""

    data: bytes
    sections: tuple[Section, ...]
    headers_at: int
    names_in: int

    @classmethod
    def of(cls, data: bytes) -> ObjectFile:
        """From a file's bytes."""
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not an ELF file of 64 bits with the low byte first")
        try:
            header = HEADER.unpack_from(data)
            at, size, count, names = header[6], *header[11:14]
            sections = tuple(Section(*SECTION.unpack_from(data, at + size * number)) for number in range(count))
        except struct.error as error:
            raise ValueError(f"a damaged ELF file: {error}") from None
        return cls(data, sections, at, names)

    @classmethod
    def read(cls, path: Path) -> ObjectFile:
        """From a file."""
        try:
            return cls.of(path.read_bytes())
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def name_of(self, section: Section) -> str:
        """A section's name."""
        return self._text(self.sections[self.names_in], section.name_at)

    def content(self, section: Section) -> bytes:
        """A section's bytes."""
        return self.data[section.offset : section.offset + section.size]

    @property
    def table(self) -> Section | None:
        """The table of symbols; None in a file without one."""
        return next((section for section in self.sections if section.type == TABLE_TYPE), None)

    def symbols(self) -> Iterator[Symbol]:
        """All symbols, those without a name left out."""
        table = self.table
        if table is None:
            return
        names = self.sections[table.link]
        for number, (at, info, _, section, value, size) in enumerate(SYMBOL.iter_unpack(self.content(table))):
            if at:
                yield Symbol(number, self._text(names, at), info >> 4, info & 15, section, value, size)

    def _text(self, names: Section, at: int) -> str:
        begin = names.offset + at
        return self.data[begin : self.data.index(b"\0", begin)].decode("utf-8", "replace")
