"""A source file as the compiler's preprocessor leaves it, less what came from outside the tree, with its places.

Macros are expanded with the build's own flags and CONFIG, so that no macro is left to be guessed at; what the headers
of ESP-IDF, FreeRTOS and the C library declare is dropped, because only names count there. It refuses to parse.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from p4verify.targets.building.objects import Unit
from p4verify.verify.static_review import Place

SECONDS = 60
_MARKER = re.compile(rb'# (\d+) "((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(rb"\\([0-7]{3}|.)")
# What the grammar does not know, and what means the same to it: `_Atomic(int)`, and the type in gcc's atomics.
_REWRITTEN = (
    (re.compile(rb"\b_Atomic\s*\(([^()]*)\)"), rb"_Atomic \1"),
    (re.compile(rb"\b__typeof__ \(\(void\)0, \*\w+\)"), rb"__auto_type"),
)
# Attributes tell nothing about locks, and their places in declarations are many.
_PLAIN = ("-E", "-w", "-D__attribute__(x)=", "-D__extension__=", "-D__restrict=", "-D__inline=inline")


class UnreadableError(Exception):
    """The file cannot be preprocessed; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """The text of the tree's own lines, and the place that each of its rows (from 0) comes from."""

    text: bytes
    places: tuple[Place, ...]

    def place(self, row: int) -> Place:
        """Where a row was written."""
        return self.places[min(row, len(self.places) - 1)] if self.places else Place("", 0)


def preprocess(unit: Unit, root: Path) -> Preprocessed:
    """Runs the preprocessor on `unit`; UnreadableError when it fails. Files are named relative to `root`."""
    flags = [flag for flag in unit.flags if not flag.startswith("-ffile-prefix-map")]
    command = (*unit.driver, *flags, *_PLAIN, str(unit.source))
    try:
        done = subprocess.run(
            command, cwd=unit.folder, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnreadableError(f"{unit.source.name}: cannot be preprocessed: {error}") from None
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["the preprocessor failed"]
        raise UnreadableError(f"{unit.source.name}: cannot be preprocessed: {_first_error(words)}")
    rows = list(own_rows(done.stdout, root))
    return Preprocessed(b"\n".join(row for row, _ in rows), tuple(place for _, place in rows))


def _first_error(words: list[str]) -> str:
    return next((line for line in words if "error" in line), words[0])


def own_rows(text: bytes, root: Path) -> Iterator[tuple[bytes, Place]]:
    """The rows of preprocessed `text` that were written under `root`, each with its place."""
    name, number, inside = "", 0, False
    for row in text.split(b"\n"):
        marker = _MARKER.match(row)
        if marker:
            name, number = _relative(_unescaped(marker[2]), root), int(marker[1])
            inside = bool(name)
            continue
        if inside and not row.startswith(b"#"):
            yield _rewritten(row), Place(name, number)
        number += 1


def _unescaped(name: bytes) -> str:
    """The file that a marker names: compilers write what is not ASCII byte by byte in octal, and escape quotes."""
    return os.fsdecode(_ESCAPED.sub(lambda one: bytes([int(one[1], 8)]) if len(one[1]) == 3 else one[1], name))


def _rewritten(row: bytes) -> bytes:
    for pattern, by in _REWRITTEN:
        row = pattern.sub(by, row)
    return row


def _relative(name: str, root: Path) -> str:
    """`name` relative to `root`; empty when it lies elsewhere, as the compiler's own `<built-in>` does."""
    if name.startswith("<"):
        return ""
    path = Path(name) if Path(name).is_absolute() else root / name
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
