"""Tells a console how far a run is."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console

from p4verify.reports.progress import ProgressLine
from p4verify.stateful.campaign import Status


class ConsoleWatcher:
    """A progress line while exploring, then one line per finding that is confirmed."""

    def __init__(self, console: Console, budget: float) -> None:
        self._console = console
        self._line: ProgressLine | None = ProgressLine(console, budget)

    def __enter__(self) -> Self:
        if self._line is not None:
            self._line.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end_line()

    def _end_line(self) -> None:
        if self._line is not None:
            self._line.__exit__(None, None, None)
        self._line = None

    def exploring(self, status: Status) -> None:
        """Called often."""
        if self._line is not None:
            self._line.update(status.executions, status.distinct, status.findings)

    def confirming(self, invariant: str, number: int, of: int) -> None:
        """Called once for each finding."""
        self._end_line()
        self._console.print(f"confirming {number} of {of}: {invariant}", style="bright_black")

    def interrupted(self) -> None:
        """Called once, when exploring was ended before its time."""
        self._end_line()
        self._console.print("interrupted: what was found is being confirmed; Ctrl-C again ends at once")
