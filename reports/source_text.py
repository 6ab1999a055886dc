"""The text of source lines, read from a firmware's tree. It reads nothing outside the tree, and hides secrets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from p4verify.verify.confidential import masked

Source = Callable[[str, int], str | None]
"""The stripped text of line `line` (from 1) of `file`, as the debug information names it; None where there is none."""
MOST_BYTES = 4 << 20


def no_source(_file: str, _line: int) -> str | None:
    """Where there is no tree."""
    return None


class SourceText:
    """A `Source` over the tree at `root`; each file is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._lines: dict[str, list[str]] = {}

    def __call__(self, file: str, line: int) -> str | None:
        if file not in self._lines:
            self._lines[file] = self._read(file)
        lines = self._lines[file]
        return masked(lines[line - 1].strip()) if 0 < line <= len(lines) else None

    def _read(self, file: str) -> list[str]:
        try:
            path = (self._root / file).resolve()
            if not path.is_relative_to(self._root) or not path.is_file() or path.stat().st_size > MOST_BYTES:
                return []
            return path.read_text(encoding="utf-8", errors="replace").splitlines()
        except (OSError, ValueError):  # gone meanwhile, or no name of a file
            return []
