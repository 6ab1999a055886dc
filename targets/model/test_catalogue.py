"""The model declares what the C adapters declare: the same operations and observers, with the same signatures."""

from __future__ import annotations

import pytest

from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.model.target import ModelTarget, model_of
from p4verify.targets.sim import SimTarget


@pytest.mark.parametrize("firmware", ["as_found", "hardened"])
def test_what_the_model_offers_is_what_the_simulator_offers(firmware: str) -> None:
    ours = ModelTarget(model_of(firmware)).description
    with SimTarget(build_firmware(load(firmware))) as target:
        theirs = target.description
    operations = {kind.name: (kind.arguments.text, kind.results.text) for kind in theirs.operations}
    assert {kind.name: (kind.arguments.text, kind.results.text) for kind in ours.operations} == operations
    observers = {kind.name: kind.fields.text for kind in theirs.observers}
    assert {kind.name: kind.fields.text for kind in ours.observers} == observers
