"""`p4verify bench`: how figures are chosen, run and summed up; and that every one of them measures what it says.

Nothing here depends on how fast a machine is.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from io import StringIO

import pytest
from rich.console import Console

from p4verify.stateful.bench import BenchResult, Measured, as_json, as_table, ratios, run_bench, select
from p4verify.stateful.figures import BenchError, Ceiling, Exploring, Figure, check_program, figures
from p4verify.targets.building.compilers import Compiler, require
from p4verify.targets.building.objects import OnProgress


class Known(Figure):
    """A figure whose runs are given."""

    def __init__(self, name: str, runs: list[float], order: list[str]) -> None:
        super().__init__(name, "s")
        self._runs, self._order = runs, order

    def prepare(self, _compiler: Compiler, _progress: OnProgress, _resources: ExitStack) -> None:
        self._order.append(f"prepare {self.name}")

    def run(self, _seconds: float, number: int) -> float:
        self._order.append(f"{number} {self.name}")
        if number >= len(self._runs):
            raise BenchError("no more")
        return self._runs[number]


def measured(*known: Figure, runs: int = 3) -> BenchResult:
    return run_bench(require(), runs=runs, known=lambda: known)


def test_runs_go_round_and_round() -> None:
    order: list[str] = []
    result = measured(Known("a", [3, 1, 2], order), Known("b", [5, 5, 9], order))
    assert order == ["prepare a", "prepare b", "0 a", "0 b", "1 a", "1 b", "2 a", "2 b"]
    assert as_json(result) == {
        "schema": 1,
        "figures": {
            "a": {"median": 2, "min": 1, "max": 3, "unit": "s", "runs": 3},
            "b": {"median": 5, "min": 5, "max": 9, "unit": "s", "runs": 3},
        },
    }


def test_a_figure_that_fails_is_named_and_left_out() -> None:
    result = measured(Known("good", [1, 1, 1], []), Known("bad", [1], []))
    assert set(result.figures) == {"good"}
    assert result.failed == {"bad": "no more"}
    assert "no more" in shown(result)


def test_names_are_chosen_by_pattern() -> None:
    names = {figure.name for figure in select("sim.executions_per_second.*", figures())}
    assert {"sim.executions_per_second.snap", "sim.executions_per_second.check.words"} <= names
    assert not any("ceiling" in name for name in names)
    with pytest.raises(BenchError, match=r"no figure matches.*sim\.points_per_second"):
        select("nothing", figures())


def test_ratios_are_taken_where_both_were_measured() -> None:
    names = ("sim.executions_per_second.snap", "sim.ceiling_executions_per_second.snap")
    result = BenchResult({names[0]: Measured("x", (1.0,)), names[1]: Measured("x", (4.0,))}, {})
    assert ratios(result) == {"snap / ceiling": 0.25}
    assert "snap / ceiling" in shown(result)
    assert ratios(BenchResult({names[0]: Measured("x", (1.0,))}, {})) == {}


def shown(result: BenchResult) -> str:
    console = Console(file=StringIO(), width=120)
    console.print(as_table(result))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


RATES = [figure for figure in figures() if isinstance(figure, Ceiling | Exploring)]


@pytest.mark.parametrize("figure", RATES, ids=lambda one: one.name)
def test_every_rate_can_be_measured(figure: Figure) -> None:
    with ExitStack() as resources:
        figure.prepare(require(), lambda _line: None, resources)
        assert figure.run(0.02, 0) > 0


def test_the_check_program_is_the_one_that_is_documented() -> None:
    program = check_program()
    calls = [call.operation for task in program.tasks for call in task.invocations]
    wanted = {"bus.battery": 3, "bus.pack": 2, "bus.system": 1, "np.metrics": 2, "bus.mode": 1}
    assert {name: calls.count(name) for name in wanted} == wanted
    assert len(calls) == 9
    assert len(program.tasks) == 3


def test_results_are_plain_json() -> None:
    assert json.loads(json.dumps(as_json(measured(Known("a", [1.5], []), runs=1))))["schema"] == 1
