from __future__ import annotations

from contextlib import ExitStack

import pytest

from p4verify.stateful.figures import figures
from p4verify.stateful.system_figures import CheckRate, system_figures, system_program
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.compilers import require
from p4verify.targets.building.manifest import load
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Outcome
from p4verify.verify.history import Observation


def test_the_figures_of_the_whole_system_are_among_all() -> None:
    names = {figure.name for figure in figures()}
    assert {figure.name for figure in system_figures()} <= names
    assert {"sim.executions_per_second.system", "check.executions_per_second"} <= names


def test_the_program_reaches_every_component_and_every_double() -> None:
    seen: list[Observation] = []

    def found(one: Found) -> bool:
        assert one.execution.ending.outcome is Outcome.COMPLETED
        assert all(operation.returned is not None for operation in one.execution.history.operations)
        seen.extend(one.execution.history.observations)
        return True

    with SimTarget(build_firmware(load("hardened"))) as target:
        target.explore(system_program(), Exploration(executions=5), found)
    shown = {record.observer for record in seen}
    doubles = {"nvs.stored", "http.response", "bms.answer", "uart.tx", "re.frame"}
    assert doubles | {"np.built", "bus.publish.battery", "bus.publish.stats", "deliver.mode"} <= shown


def test_the_rate_of_check_counts_the_cpu_of_both_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CheckRate, "EXECUTIONS", 60)
    figure = CheckRate()
    with ExitStack() as resources:
        figure.prepare(require(), lambda _line: None, resources)
        assert 0 < figure.run(0.02, 0) < 1e6
