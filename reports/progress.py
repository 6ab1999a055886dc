"""One line that says how far a run is: rewritten in place on a terminal, a new line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from p4verify.reports import values
from p4verify.reports.summary import Figures
from p4verify.reports.wrapping import put

EVERY_SECONDS: Final = 5.0
"""Between two lines where they cannot be rewritten."""
_REFRESH_SECONDS: Final = 0.1


class ProgressLine:
    """Shows elapsed time of the budget, executions, their rate, distinct histories and the findings so far.

    `clock` returns seconds. Use it as a context manager: the line disappears from a terminal when it ends.
    """

    def __init__(self, console: Console, budget: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._budget = budget
        self._clock = clock
        self._started = self._shown = clock()
        self._told = 0
        """How many findings the lines before have named, where these stay."""
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, executions: int, distinct: int, findings: Sequence[str] = ()) -> None:
        """Shows these figures, unless the last ones were shown a moment ago. Cheap enough to be called often."""
        now = self._clock()
        if now - self._shown < (_REFRESH_SECONDS if self._live is not None else EVERY_SECONDS):
            return
        self._shown = now
        line = progress_line(Figures(executions, distinct, now - self._started), self._budget, findings, self._told)
        if self._live is not None:
            line.truncate(self._console.width - 1, overflow="ellipsis")
            self._live.update(line, refresh=True)
        else:
            put(self._console, line)
            self._told = len(findings)


def progress_line(figures: Figures, budget: float, findings: Sequence[str], told: int = 0) -> Text:
    """The line; the ids of the findings come last, where a narrow terminal cuts, without the first `told`."""
    parts = [
        f"{figures.seconds:.0f} of {budget:.0f} s",
        f"{figures.executions:,} executions ({figures.rate:,.0f}/s)",
        f"{figures.distinct:,} distinct histories",
    ]
    line = Text(" · ".join(parts) + " · ")
    if not findings:
        return line + Text("no findings", "green")
    count = f"{len(findings)} finding" + "s" * (len(findings) != 1)
    names = ", ".join(values.printable(one) for one in findings[told:])
    new = ", new: " if told else ": "
    return line + Text(f"{count}{new}{names}" if names else count, "bold red")
