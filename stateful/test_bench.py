"""`p4verify bench`: how figures are chosen, run and summed up; and that every one of them measures what it says.

Nothing here depends on how fast a machine is.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from io import StringIO

import pytest
from rich.console import Console

from p4verify.stateful.bench import BenchResult, Measured, as_json, ratios, run_bench, select, show
from p4verify.stateful.figures import (
    FLAWS,
    BenchError,
    Ceiling,
    Exploring,
    Figure,
    HardenedCheck,
    check_program,
    figures,
)
from p4verify.stateful.strategies import BATTERY, ONLINE, PACK, assemble
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.compilers import Compiler, require
from p4verify.targets.building.manifest import load
from p4verify.targets.building.objects import OnProgress
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.explore import Tally, judge
from p4verify.verify.history import History
from p4verify.verify.program import Program
from p4verify.verify.verdict import NOT_EXERCISED, Invariant, Setting, violated


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


def test_names_are_whole_on_a_narrow_terminal() -> None:
    name, reason = "sim.first_finding_seconds.non_atomic_mode_reset", "it was not seen within thirty seconds or so"
    result = BenchResult({name: Measured("s", (1.0,))}, {f"{name}s": reason})
    assert f"{name} " in shown(result, 80)
    assert f"{name}s: {reason[:20]}" in shown(result, 80)


@pytest.mark.parametrize("width", [20, 60, 80, 100, 120])
def test_numbers_are_never_cut(width: int) -> None:
    """Names are folded, and where that is not enough there is the median alone."""
    runs = (5_243_187.0, 4_999_999.0, 6_123_456.0)
    result = BenchResult({figure.name: Measured(figure.unit, runs) for figure in figures()}, {})
    lines = [line.rstrip() for line in shown(result, width).splitlines()]
    assert "…" not in "".join(lines)
    assert max(map(len, lines)) <= max(width, 60)
    numbers = ["5,243,187"] if width < 80 else ["5,243,187", "4,999,999", "6,123,456"]
    rates = [line.split() for line in lines if line.endswith(" /s")]
    assert len(rates) == sum("/s" in figure.unit for figure in figures())
    assert all(words[-1 - len(numbers) : -1] == numbers for words in rates)


def shown(result: BenchResult, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width)
    show(result, console)
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


KNOWN = [(BATTERY, 0), (PACK, 0), (ONLINE, 0)]
TORN = {
    "torn_point": assemble([[*KNOWN, *[(BATTERY, 1000)] * 3]], (5,), {}, 1000, ()),
    "torn_pack": assemble([[*KNOWN, *[(PACK, 1000)] * 3], [(PACK, 1000)] * 3], (5, 5), {}, 1000, ()),
}


def evidence(name: str, firmware: str, program: Program) -> list[str]:
    """What a flaw's invariant says of the executions of a program, the first that it says."""
    invariant = FLAWS[name].judged_by()
    said: list[str] = []
    build = build_firmware(load(firmware))
    assert build.manifest is not None
    setting = Setting(program, build.manifest.config, build.manifest.limits)

    def found(one: Found) -> bool:
        violation = judge(invariant, one.execution, setting).violation
        said.extend([] if violation is None else [violation.summary])
        return not said

    with SimTarget(build) as target:
        for strategy, depth in (("delay", 2), ("pct", 3), ("pct", 2), ("random", 0)):
            if not said:
                target.explore(program, Exploration(strategy, depth=depth, executions=600, seed=1), found)
    return said


@pytest.mark.parametrize("name", TORN)
def test_a_torn_battery_and_a_torn_pack_are_two_findings(name: str) -> None:
    (said,) = evidence(name, "as_found", TORN[name])
    kind, other = ("battery", "pack") if name == "torn_point" else ("pack", "battery")
    assert f"mixture: {kind} token" in said
    assert f"{other} token" not in said
    assert said.count(" token ") > 1
    assert evidence(name, "hardened", TORN[name]) == []


def test_the_flaw_of_one_record_is_not_shown_by_the_other() -> None:
    (other,) = set(TORN) - {"torn_point"}
    assert evidence(other, "as_found", TORN["torn_point"]) == []


def _execution() -> Execution:
    return Execution(History((), (), 0, 0), Ending(Outcome.COMPLETED))


def test_hardened_must_be_judged_in_full_and_hold() -> None:
    figure = HardenedCheck()
    unheard = Invariant("np.fifo", "", lambda _execution, _setting: NOT_EXERCISED)
    figure._look(Tally([unheard]))  # goes on
    bad = Tally([Invariant("np.fifo", "", lambda _execution, _setting: violated("wrong"))])
    bad.consume(_execution(), Setting(check_program(), {}, {}))
    with pytest.raises(BenchError, match=r"violates np\.fifo"):
        figure._look(bad)
