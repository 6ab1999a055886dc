"""The folder of a run: where it is, and that no two runs share one.

What is in it is written by verify/record.py: run.jsonl line by line, each counterexample whole or not at all. A kill at
any moment therefore leaves a readable run. This module writes no file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

COUNTEREXAMPLES: Final = "counterexamples"
_MOST_OF_ONE_SECOND: Final = 10_000


class RunFolder:
    """One run's folder, created with room for its counterexamples. OSError where that is impossible."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / COUNTEREXAMPLES).mkdir(parents=True, exist_ok=True)


def new_folder(parent: Path, now: datetime | None = None) -> RunFolder:
    """A new folder in `parent` named after the time (UTC), with a number behind it where that one exists."""
    name = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MOST_OF_ONE_SECOND):
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return RunFolder(path)
    raise FileExistsError(f"{parent} holds too many runs of {name}")
