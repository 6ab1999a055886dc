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
from pathlib import Path

from p4verify.targets.building.linking import Link
from p4verify.targets.machine.source_lines import FIRMWARES
from p4verify.targets.machine.symbol_table import LOCAL, SECTION, SYMBOL, UNDEFINED, ObjectFile, Symbol

OURS = ".p4verify"

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_RESERVED = ("__", "_Z", "p4v_")
_MAINS = frozenset({"main", "app_main"})
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
        for symbol in _globals(ObjectFile.read(path)):
            (undefined if symbol.section == UNDEFINED else defined).add(symbol.name)
    return Names(frozenset(defined), frozenset(undefined - defined))


def global_names(what: Link) -> frozenset[str]:
    """Every global name that an object of the link defines or uses."""
    names = _names((*what.reset, *what.engine))
    return names.defined | names.undefined


def _globals(file: ObjectFile) -> Iterator[Symbol]:
    """Those whose name other objects see."""
    return (symbol for symbol in file.symbols() if symbol.binding != LOCAL)


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
    file = ObjectFile.of(data)
    table = file.table
    wanted = [symbol for symbol in _globals(file) if symbol.name in names]
    if table is None or not wanted:
        return data
    text, changed = bytearray(file.content(file.sections[table.link])), bytearray(data)
    for symbol in wanted:
        struct.pack_into("<I", changed, table.offset + symbol.number * SYMBOL.size, len(text))
        text += f"{symbol.name}{suffix}\0".encode()
    header = file.headers_at + table.link * SECTION.size
    struct.pack_into("<QQ", changed, header + _AT_OFFSET, len(changed), len(text))
    return bytes(changed + text)
