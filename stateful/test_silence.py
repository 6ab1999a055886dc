"""How long a register read blocks its caller while the BMS is silent and two callers poll it."""

from __future__ import annotations

import pytest

from p4verify.stateful.bms_families import AT_BOOT, QUICK_US, SILENT, read
from p4verify.stateful.gateway_families import coded
from p4verify.stateful.strategies import assemble
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.invariants.measures import MEASURES
from p4verify.verify.invariants.tinybms import TIMEOUT, Wire
from p4verify.verify.measuring import Merge, Readings
from p4verify.verify.schedule import Granularity
from p4verify.verify.verdict import Setting

POLLS = 12
SILENCE = [AT_BOOT, *[coded(SILENT, QUICK_US)] * 400]
"""But for the first request, which the client makes when it starts."""
PLANS = (
    Exploration("random", Granularity.SYNC, seed=1, executions=100),
    Exploration("delay", Granularity.WORDS, seed=1, executions=60, depth=2),
    Exploration("pct", Granularity.WORDS, seed=1, executions=60, depth=3),
)
LONGEST = "longest wait of tinybms_read_register"


class Silent:
    """The waits of two callers, one of which polls faster than a read gives up."""

    def __init__(self, firmware: str) -> None:
        self.waits_us: list[int] = []
        self.results: set[int | None] = set()
        self.readings = Readings(MEASURES["tc.bounded-wait"])
        self.violated = False
        with SimTarget(build_firmware(load(firmware))) as target:
            self._explore(target)

    def _explore(self, target: SimTarget) -> None:
        callers = [[(read(0), 0), *[(read(0), 100)] * POLLS], [(read(1), 0), *[(read(1), 30)] * POLLS]]
        program = assemble(callers, (5, 5), {"bms": SILENCE}, 3000, ())
        manifest = target.build.manifest
        assert manifest is not None
        setting = Setting(program, manifest.config, manifest.limits)

        def found(one: Found) -> bool:
            (wire,) = Wire.of(one.execution, setting)
            self.waits_us += [wire.until_us(request) - request.begun_us for request in wire.requests]
            self.results |= {request.result for request in wire.requests}
            self.readings.take(one.execution, setting)
            self.violated |= INVARIANTS["tc.bounded-wait"].check(one.execution, setting).violation is not None
            return True

        for plan in PLANS:
            target.explore(program, plan, found)

    def longest_ms(self) -> float:
        return max(self.waits_us) / 1000


@pytest.fixture(scope="module")
def hardened() -> Silent:
    return Silent("hardened")


def test_a_read_blocks_for_less_than_50_ms(hardened: Silent) -> None:
    assert not hardened.violated
    assert hardened.results == {TIMEOUT}
    assert 30 < hardened.longest_ms() < 50


def test_the_figure_of_the_report_is_that_wait(hardened: Silent) -> None:
    (longest,) = (figure for figure in hardened.readings.figures() if figure.name == LONGEST)
    assert (longest.value, longest.bound, longest.merge) == (hardened.longest_ms(), 50, Merge.MOST)


def test_as_found_a_read_blocks_for_seconds() -> None:
    as_found = Silent("as_found")
    assert as_found.violated
    assert as_found.longest_ms() > 2000
