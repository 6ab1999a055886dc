"""Every checker can fail: a flaw in `hardened` is found by its invariant and by no other, and without it all hold.

This is the table: each invariant that the simulator judges has one flaw in `stateful/flaws`, small enough that whatever
else it violates follows from it and is listed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from p4verify.stateful.flaws.flaw import PRODUCT, Edit, Flaw, Shown, Trial, explored, flawed
from p4verify.stateful.flaws.gateway import GATEWAY
from p4verify.stateful.flaws.publisher import PUBLISHER
from p4verify.stateful.flaws.system import SYSTEM
from p4verify.stateful.flaws.telemetry import TELEMETRY
from p4verify.stateful.flaws.tinybms import TINYBMS, YOUNGEST_FIRST
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.sim import SimTarget
from p4verify.verify.criteria import INVARIANTS

FLAWS = (*PUBLISHER, *GATEWAY, *TELEMETRY, *TINYBMS, *SYSTEM)


class Product:
    """The firmware without a flaw; each trial is explored once."""

    def __init__(self, target: SimTarget) -> None:
        self._target = target
        self._shown: dict[int, Shown] = {}

    def shown(self, trial: Trial) -> Shown:
        if id(trial) not in self._shown:
            self._shown[id(trial)] = explored(self._target, trial)
        return self._shown[id(trial)]


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with SimTarget(build_firmware(load(PRODUCT))) as target:
        yield Product(target)


def test_every_invariant_that_the_simulator_judges_has_a_flaw() -> None:
    assert sorted(flaw.invariant for flaw in FLAWS) == sorted(
        id_ for id_, one in INVARIANTS.items() if "sim" in one.targets
    )


@pytest.mark.parametrize("flaw", [*FLAWS, YOUNGEST_FIRST], ids=lambda flaw: flaw.invariant)
def test_an_invariant_is_violated_with_its_flaw_and_holds_without(flaw: Flaw, product: Product, tmp_path: Path) -> None:
    with SimTarget(build_firmware(flawed(flaw, tmp_path / "tree"))) as target:
        assert set(explored(target, flaw.trial).violated) == {flaw.invariant} | flaw.follows
    without = product.shown(flaw.trial)
    assert not without.violated
    assert without.exercised[flaw.invariant] > 0, "the trial shows nothing of the invariant"


def test_a_flaw_that_has_lost_its_place_says_so(tmp_path: Path) -> None:
    lost = replace(FLAWS[0], edits=(Edit("network/network_publisher.c", "no such text", ""),))
    with pytest.raises(ValueError, match="has lost its place"):
        flawed(lost, tmp_path / "tree")
