"""The model's verdicts are the simulator's, criterion by criterion, as found and hardened; and which it cannot give.

One invariant stands for each criterion, where both targets show it soon: the campaigns are small, and the same.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.stateful.campaign import Campaign, Status
from p4verify.stateful.check import offers_of
from p4verify.stateful.families import families_of
from p4verify.stateful.opened import AnyBuild, opened, pace_of, target_name
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.model.target import model_of
from p4verify.verify.criteria import CRITERIA, available, summarise
from p4verify.verify.verdict import Verdict

README = Path(__file__).resolve().parents[1] / "README.md"
SHOWN_BY = {
    "NP-1": "np.cadence", "NP-2": "np.race-free", "NP-3": "np.metrics-coherent", "NP-4": "np.fifo",
    "RE-1": "re.no-nvs-in-callback", "RE-2": "re.write-reduction", "RE-3": "re.restore-age", "RE-4": "re.partial-frame",
    "TM-1": "tm.cells-coherent", "TM-2": "tm.race-free", "TM-3": "tm.no-flash", "TM-4": "tm.delta-publish",
    "TC-1": "tc.bounded-wait", "TC-2": "tc.no-overrun", "TC-3": "tc.serialised", "TC-4": "tc.own-answer",
    "SYS-1": "sys.one-source",
}  # fmt: skip
NOT_EXPRESSED = {
    "np.static-review", "sys.race-free", "tm.tsan-clean", "tm.helgrind-clean", "tc.no-dead-stack", "tc.no-dead-task",
}  # fmt: skip
PROGRAMS = {"as_found": 80, "hardened": 40}
"""The flaw that shows last takes the model some sixty."""


def build(firmware: str, target: str) -> AnyBuild:
    return model_of(firmware) if target == "model" else build_firmware(load(firmware))


def violated(firmware: str, target: str) -> set[str]:
    """The criteria that a campaign of so many programs finds violated; what holds must have been exercised."""
    made = build(firmware, target)
    assert made.manifest is not None
    config, limits = made.manifest.config, made.manifest.limits
    with opened(made) as run:
        chosen = available(offers_of(run), target_name(made), SHOWN_BY.values())
        campaign = Campaign(run, families_of(run, config), chosen, config, limits, 0, float("inf"), **pace_of(made))

        def watch(status: Status) -> None:
            if status.programs > PROGRAMS[firmware]:
                campaign.budget = 0.0

        campaign.watch = watch
        campaign.explore()
    assert all(campaign.tally.exercised(invariant) for invariant in SHOWN_BY.values())
    return {criterion for criterion, invariant in SHOWN_BY.items() if invariant in campaign.tally.findings}


def test_every_criterion_is_in_the_table() -> None:
    assert list(SHOWN_BY) == [criterion.id for criterion in CRITERIA]
    assert all(SHOWN_BY[criterion.id] in criterion.invariants for criterion in CRITERIA)


@pytest.mark.parametrize("target", ["sim", "model"])
def test_as_found_every_criterion_is_violated(target: str) -> None:
    assert violated("as_found", target) == set(SHOWN_BY)


def test_hardened_none_is_violated_on_the_model() -> None:
    assert violated("hardened", "model") == set()


def test_what_the_model_cannot_express_is_known_and_told() -> None:
    """Where the C cannot be judged either (a figure that the firmware as found lacks) is not the model's fault."""
    with opened(build("hardened", "model")) as run:
        results = summarise([], offers_of(run), "model")
    parts = [part for result in results for part in result.invariants]
    assert {part.id for part in parts if not part.available} == NOT_EXPRESSED
    assert all(part.verdict is Verdict.UNKNOWN for part in parts)
    assert all(invariant in README.read_text() for invariant in NOT_EXPRESSED)
