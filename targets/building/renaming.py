"""Keeps the names of p4verify and of the firmware apart in the link, by renaming symbols in object files.

A firmware may have an `execute`, a `poll` or a `memcpy` of its own. What p4verify defines and is no interface of the
firmware becomes `execute.p4verify`; what the firmware defines though p4verify means the C library's becomes
`poll.firmware`. No identifier of C has a dot, so nothing can clash again. It needs no objcopy. It refuses to touch
anything but names, and leaves interfaces alone: two definitions of `xQueueSend` remain the linker's error.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from p4verify.targets.building.linking import Link
from p4verify.targets.machine.source_lines import FIRMWARES

OURS = ".p4verify"

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_RESERVED = ("__", "_Z", "p4v_")
_MAINS = frozenset({"main", "app_main"})
_SYMBOL_BYTES = 24
_AT_OFFSET = 24
"""Where a section's header holds its offset, followed by its size (System V ABI, `Elf64_Shdr`)."""


@dataclass(frozen=True, slots=True)
class Names:
    """The symbols with a global name in some objects."""

    defined: frozenset[str]
    undefined: frozenset[str]


def interface(headers: Iterable[Path]) -> frozenset[str]:
    """Every identifier in headers that firmware or adapters include, comments left out."""
    texts = (_COMMENT.sub("", path.read_text()) for path in headers)
    return frozenset(word for text in texts for word in re.findall(r"[A-Za-z_]\w*", text))


def apart(what: Link, ours: Collection[Path], public: frozenset[str], folder: Path) -> Link:
    """The same link with `folder`'s copies of all objects in which a name had to change.

    `ours` are p4verify's own objects, `public` the names that stay as they are.
    """
    objects = (*what.reset, *what.engine)
    mine, theirs = _names(set(objects) & set(ours)), _names(set(objects) - set(ours))
    private = {name for name in mine.defined - public if not name.startswith(_RESERVED)}
    wrapped = {name for name in what.wraps if f"__wrap_{name}" in mine.defined}
    wanted = theirs.defined & (mine.undefined | wrapped) - _MAINS
    taken = {name for name in wanted if not name.startswith(_RESERVED)}

    def renamed(paths: Sequence[Path]) -> tuple[Path, ...]:
        changes = ((path, (private, OURS) if path in ours else (taken, FIRMWARES)) for path in paths)
        return tuple(_copy(path, names, suffix, folder) for path, (names, suffix) in changes)

    return replace(what, reset=renamed(what.reset), engine=renamed(what.engine))


def _names(paths: Iterable[Path]) -> Names:
    defined: set[str] = set()
    undefined: set[str] = set()
    for path in paths:
        for _, symbol in _globals(_table(ELFFile(BytesIO(path.read_bytes())))):
            (undefined if symbol["st_shndx"] == "SHN_UNDEF" else defined).add(symbol.name)
    return Names(frozenset(defined), frozenset(undefined - defined))


def _table(elf: ELFFile) -> SymbolTableSection | None:
    table = elf.get_section_by_name(".symtab")
    return table if isinstance(table, SymbolTableSection) else None


def _globals(table: SymbolTableSection | None) -> Iterator[tuple[int, Any]]:
    """(number, symbol) of those whose name other objects see."""
    for number, symbol in enumerate(table.iter_symbols() if table else ()):
        if symbol["st_info"]["bind"] != "STB_LOCAL" and symbol.name:
            yield number, symbol


def _copy(path: Path, names: Collection[str], suffix: str, folder: Path) -> Path:
    data = path.read_bytes()
    changed = with_suffix(data, names, suffix)
    if changed == data:
        return path
    copy = folder / path.name
    copy.write_bytes(changed)
    return copy


def with_suffix(data: bytes, names: Collection[str], suffix: str) -> bytes:
    """An object file in which these symbols carry a suffix. The table of names moves to the end, where it can grow."""
    elf = ELFFile(BytesIO(data))
    table = _table(elf)
    wanted = [(number, symbol.name) for number, symbol in _globals(table) if symbol.name in names]
    if table is None or not wanted:
        return data
    text, changed = bytearray(elf.get_section(table["sh_link"]).data()), bytearray(data)
    for number, name in wanted:
        struct.pack_into("<I", changed, table["sh_offset"] + number * _SYMBOL_BYTES, len(text))
        text += f"{name}{suffix}\0".encode()
    header = elf["e_shoff"] + table["sh_link"] * elf["e_shentsize"]
    struct.pack_into("<QQ", changed, header + _AT_OFFSET, len(changed), len(text))
    return bytes(changed + text)
