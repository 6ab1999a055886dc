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

from rich.table import Table

from p4verify.stateful.figures import RATIOS, BenchError, Figure, figures
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.objects import OnProgress

RUNS = 5
RUN_SECONDS = 0.7
SCHEMA = 1


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
    kept = {name: Measured(units[name], tuple(values)) for name, values in measured.items() if name not in failed}
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


def as_table(result: BenchResult) -> Table:
    """For people: figures, ratios, and what could not be measured."""
    table = Table(box=None, pad_edge=False)
    table.add_column("figure", no_wrap=True)
    for heading in ("median", "min", "max"):
        table.add_column(heading, justify="right")
    table.add_column("unit")
    for name, one in result.figures.items():
        table.add_row(name, *(_number(value) for value in (one.median, min(one.runs), max(one.runs))), one.unit)
    for title, ratio in ratios(result).items():
        table.add_row(title, f"{ratio:.2f}", "", "", "ratio")
    for name, reason in result.failed.items():
        table.add_row(name, "-", "", "", reason)
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3f}"
