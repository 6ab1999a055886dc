"""What a flaw is, how a firmware with it is made, and what exploring it shows.

A flaw is a few changes of the text of `hardened`, made in a copy of the tree, so that the product has no switches. A
text that is not there exactly once is an error: whoever changes the product changes its flaws. It judges with every
invariant that can be judged, and refuses to know which should be violated: the test does.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from p4verify.stateful.subject import NOTHING
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import BUNDLED, MANIFEST, Manifest, load
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.criteria import Offers, available
from p4verify.verify.explore import Tally
from p4verify.verify.program import Program
from p4verify.verify.schedule import Granularity
from p4verify.verify.verdict import Setting

PRODUCT = "hardened"


class Edit(NamedTuple):
    """In a file below `components`, this text, which is there once, becomes that."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A program and the ways in which it is explored."""

    program: Program
    plans: tuple[Exploration, ...]


DELAYS = Exploration("delay", executions=60, depth=2, seed=1)
WORDS = Exploration("random", executions=60, seed=1)
RACES = Exploration("random", Granularity.SYNC, executions=40, seed=1, races=True)
ONCE = Exploration("delay", executions=2, depth=0, seed=1)
"""Where nothing but time matters."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """A flaw that violates an invariant, and `follows`: those that its programs then violate, too."""

    invariant: str
    what: str
    edits: tuple[Edit, ...]
    trial: Trial
    follows: frozenset[str] = frozenset()


def flawed(flaw: Flaw, folder: Path) -> Manifest:
    """The manifest of a copy of the product in `folder` (which must not exist) with the flaw; ValueError without it."""
    shutil.copytree(BUNDLED / PRODUCT, folder, ignore=shutil.ignore_patterns(".*"))
    for edit in flaw.edits:
        path = folder / "components" / edit.file
        text = path.read_text()
        if text.count(edit.old) != 1:
            raise ValueError(f"{edit.file} has {edit.old!r} {text.count(edit.old)} times: the flaw has lost its place")
        path.write_text(text.replace(edit.old, edit.new))
    return replace(load(folder / MANIFEST), name=f"{PRODUCT}_{flaw.invariant}")


@dataclass(frozen=True, slots=True)
class Shown:
    """What exploring showed: the violated invariants with the first violation of each, and how often each was put to
    the test.
    """

    violated: dict[str, str]
    exercised: dict[str, int]


def explored(target: SimTarget, trial: Trial) -> Shown:
    """Runs a trial to its end and judges each distinct history by every invariant."""
    manifest = target.build.manifest
    assert manifest is not None
    setting = Setting(trial.program, manifest.config, manifest.limits)
    tally = Tally(available(_offers(target), "sim"))
    target.load(trial.program)
    target.restore(NOTHING)
    for plan in trial.plans:
        tally.next_program()
        _explore(target, plan, tally, setting)
    found = {id_: finding.summary for id_, finding in tally.findings.items()}
    return Shown(found, {invariant.id: tally.exercised(invariant.id) for invariant in tally.invariants})


def _explore(target: SimTarget, plan: Exploration, tally: Tally, setting: Setting) -> None:
    def found(one: Found) -> bool:
        tally.consume(one.execution, setting)
        return True

    target.explore(None, plan, found)


def _offers(target: SimTarget) -> Offers:
    description = target.description
    operations = {kind.name: kind.results.names for kind in description.operations}
    return Offers.of(operations, [kind.name for kind in description.observers])


def shown_by(manifest: Manifest, trials: Iterable[Trial]) -> list[Shown]:
    """What each trial shows of a firmware."""
    with SimTarget(build_firmware(manifest)) as target:
        return [explored(target, trial) for trial in trials]
