"""`p4verify bench`: every figure five times, median, smallest and largest; as a table and as JSON.

The runs go round and round through the figures, so that a machine that is busy for a while disturbs all of them a
little and none of them alone. It refuses to compare with anything but figures of the same run: machines differ.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rich.console import Console
from rich.table import Table
from rich.text import Text

from p4verify.reports import values
from p4verify.reports.wrapping import page_width, put, wrapped
from p4verify.stateful.figures import RATIOS, BenchError, Figure, figures
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.objects import OnProgress

RUNS = 5
RUN_SECONDS = 0.7
SCHEMA = 1
_NUMBERS = ("median", "min", "max")
_SHORTEST_ROOM = 42
"""Columns that names need to be read."""
_UNITS = {"executions/s": "/s", "points/s": "/s"}
"""As the table says them; what is counted is in the figure's name."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of one figure, in the order in which they were made."""

    unit: str
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle run."""
        return statistics.median(self.runs)


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What was measured, by name; and why some were not."""

    figures: Mapping[str, Measured]
    failed: Mapping[str, str]


def select(only: str | None, known: Sequence[Figure]) -> list[Figure]:
    """The figures whose name matches a shell pattern; BenchError when none does."""
    chosen = [figure for figure in known if only is None or fnmatchcase(figure.name, only)]
    if not chosen:
        raise BenchError(f"no figure matches {only!r}; there are {', '.join(figure.name for figure in known)}")
    return chosen


def run_bench(
    compiler: Compiler,
    only: str | None = None,
    *,
    runs: int = RUNS,
    seconds: float = RUN_SECONDS,
    progress: OnProgress = lambda _line: None,
    known: Callable[[], Sequence[Figure]] = figures,
) -> BenchResult:
    """Measures. BenchError, BuildError or TargetError when a figure cannot even be prepared."""
    chosen = select(only, known())
    measured: dict[str, list[float]] = {figure.name: [] for figure in chosen}
    failed: dict[str, str] = {}
    with ExitStack() as resources:
        for figure in chosen:
            progress(f"preparing {figure.name}")
            figure.prepare(compiler, progress, resources)
        for number in range(runs):
            for figure in chosen:
                if figure.name in failed:
                    continue
                progress(f"run {number + 1} of {runs}: {figure.name}")
                try:
                    measured[figure.name].append(figure.run(seconds, number))
                except BenchError as error:
                    failed[figure.name] = str(error)
    units = {figure.name: figure.unit for figure in chosen}
    kept = {name: Measured(units[name], tuple(seen)) for name, seen in measured.items() if name not in failed}
    return BenchResult(kept, failed)


def as_json(result: BenchResult) -> dict[str, object]:
    """The stable form: schema, and by name median, min, max, unit, runs."""
    rows = {
        name: {
            "median": one.median, "min": min(one.runs), "max": max(one.runs), "unit": one.unit, "runs": len(one.runs),
        }
        for name, one in result.figures.items()
    }  # fmt: skip
    return {"schema": SCHEMA, "figures": rows}


def ratios(result: BenchResult) -> dict[str, float]:
    """Figures of one run divided by one another, where both were measured."""
    medians = {name: one.median for name, one in result.figures.items()}
    return {
        title: medians[part] / medians[whole]
        for title, (part, whole) in RATIOS.items()
        if medians.get(part) is not None and medians.get(whole)
    }


def show(result: BenchResult, console: Console) -> None:
    """For people: figures, ratios, and what could not be measured. Names are folded where it is narrow, never numbers.

    As wide as the console, within 60 to 120 columns.
    """
    width = console.width = page_width(console)
    if result.figures:
        console.print(_table(result, width))
    for name, reason in result.failed.items():
        for line in wrapped(Text(values.printable(f"{name}: {reason}")), width, 0, 4):
            put(console, line)


def _table(result: BenchResult, width: int) -> Table:
    """Without the smallest and the largest of the runs where they leave no room for names."""
    rows = [
        (name, [_number(value) for value in (one.median, min(one.runs), max(one.runs))], _UNITS.get(one.unit, one.unit))
        for name, one in result.figures.items()
    ]
    rows += [(title, [f"{ratio:.2f}", "", ""], "ratio") for title, ratio in ratios(result).items()]
    most = 3 if _room(rows, 3, width) >= _SHORTEST_ROOM else 1
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("figure", overflow="fold")
    for heading in _NUMBERS[:most]:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for name, numbers, unit in rows:
        table.add_row(_folded(name, _room(rows, most, width)), *numbers[:most], unit)
    return table


def _room(rows: Sequence[tuple[str, Sequence[str], str]], most: int, width: int) -> int:
    """Columns that so many numbers and the unit leave to the names."""
    numbers = sum(1 + max(len(heading), *(len(row[1][i]) for row in rows)) for i, heading in enumerate(_NUMBERS[:most]))
    return width - numbers - 1 - max(len("unit"), *(len(row[2]) for row in rows))


def _folded(name: str, room: int) -> str:
    """The last part of a name that is too long on a line of its own."""
    parent, dot, last = name.rpartition(".")
    return name if len(name) <= room else f"{parent}\n  {dot}{last}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}"
