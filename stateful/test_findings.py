"""Each flaw of as_found is found by its invariant, made small, and replayed a hundred times; hardened has none of them.

Programs and seeds are fixed, and searches are ended by counts of executions, so that every run does the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from p4verify.stateful import confirm
from p4verify.stateful.confirm import Confirmed, Confirmer
from p4verify.stateful.litmus import LitmusPlan, run_litmus
from p4verify.stateful.strategies import (
    AUTONOMOUS,
    BATTERY,
    CONNECTED,
    HTTP_OK,
    NP_METRICS,
    OFFLINE,
    ONLINE,
    PACK,
    Step,
    assemble,
    http_answer,
)
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.compilers import require
from p4verify.targets.building.manifest import load
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Outcome
from p4verify.verify.explore import judge
from p4verify.verify.program import Program
from p4verify.verify.verdict import Invariant, Setting

MOST_PREEMPTIONS = 2
AMPLE_SECONDS = 60.0
SEARCHES = tuple(
    Exploration(strategy, executions=executions, depth=depth, seed=1)
    for strategy, depth, executions in (("delay", 1, 1500), ("delay", 2, 3000), ("pct", 3, 3000), ("random", 0, 1500))
)
QUICK = {"http": (http_answer(HTTP_OK, 0),) * 12}


def cell(number: int) -> Step:
    return ("bus.register", (8 + number,))


BACKLOG = assemble(
    [[(BATTERY, 0), (PACK, 0), (OFFLINE, 0)], [(ONLINE, 4000), (ONLINE, 0)], [(NP_METRICS, 4000), (NP_METRICS, 0)]],
    (5, 4, 4), QUICK, 2000, ("np.metrics",),
)  # fmt: skip
PROGRAMS: dict[str, Program] = {
    "np.point-intact": assemble([[(BATTERY, 0), (PACK, 0), (ONLINE, 0), (BATTERY, 1000)]], (5,), {}, 1000, ()),
    "np.fifo": BACKLOG,
    "np.monotone": BACKLOG,
    "np.metrics-coherent": BACKLOG,
    "tm.cells-coherent": assemble([[(AUTONOMOUS, 0), (cell(0), 500), (cell(1), 0)]], (5,), {}, 500, ()),
    "tm.snapshot-intact": assemble(
        [[(AUTONOMOUS, 0), (cell(0), 0), (cell(1), 0), (CONNECTED, 500), (AUTONOMOUS, 0)]], (5,), {}, 500, ()
    ),
    "tm.no-stale-source": assemble(
        [[(AUTONOMOUS, 0), (cell(0), 0), (("bus.register", (0,)), 0), (CONNECTED, 500)]], (5,), {}, 500, ()
    ),
    "tm.atomic-mode-reset": assemble(
        [[(AUTONOMOUS, 0), (cell(0), 0), (cell(1), 0), (CONNECTED, 500), (AUTONOMOUS, 0), (cell(0), 0)]],
        (5,), {}, 500, (),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def as_found() -> Iterator[SimTarget]:
    with SimTarget(build_firmware(load("as_found"))) as target:
        yield target


@pytest.fixture(scope="module")
def hardened() -> Iterator[SimTarget]:
    with SimTarget(build_firmware(load("hardened"))) as target:
        yield target


def setting(target: SimTarget, program: Program) -> Setting:
    manifest = target.build.manifest
    assert manifest is not None
    return Setting(program, manifest.config, manifest.limits)


def searched(target: SimTarget, invariant: Invariant, program: Program) -> tuple[Found | None, int]:
    """The first execution that violates the invariant, and in how many distinct histories it could have been."""
    met: list[Found] = []
    exercised = 0

    def found(one: Found) -> bool:
        nonlocal exercised
        judgement = judge(invariant, one.execution, setting(target, program))
        exercised += judgement.exercised
        if judgement.violation is not None:
            met.append(one)
        return not met

    for plan in SEARCHES:
        if not met:
            target.explore(program, plan, found)
    return (met[0] if met else None), exercised


def confirmed(target: SimTarget, invariant: Invariant, program: Program) -> Confirmed | None:
    found, _ = searched(target, invariant, program)
    assert found is not None
    manifest = target.build.manifest
    assert manifest is not None
    confirmer = Confirmer(target, manifest.config, manifest.limits, 0)
    return confirmer.confirm(invariant, program, found.origin, AMPLE_SECONDS)


@pytest.mark.parametrize("id_", PROGRAMS)
def test_a_flaw_is_found_made_small_and_replayed(as_found: SimTarget, id_: str) -> None:
    finding = confirmed(as_found, INVARIANTS[id_], PROGRAMS[id_])
    assert finding is not None, "it did not come back"
    assert (finding.replayed, finding.replays) == (100, 100)
    assert finding.execution.trace is not None
    assert finding.execution.trace.preemptions <= MOST_PREEMPTIONS
    assert finding.program.size <= PROGRAMS[id_].size


@pytest.mark.parametrize("id_", PROGRAMS)
def test_the_hardened_firmware_holds_where_as_found_fails(hardened: SimTarget, id_: str) -> None:
    found, exercised = searched(hardened, INVARIANTS[id_], PROGRAMS[id_])
    assert found is None
    assert exercised > 0, "the program shows nothing of the invariant"


WILD = Exploration("random", executions=6000, seed=3)
"""Its sightings have dozens of preemptions."""


def wild(target: SimTarget, id_: str) -> Found:
    met: list[Found] = []

    def found(one: Found) -> bool:
        if one.preemptions > 10 and judge(INVARIANTS[id_], one.execution, setting(target, PROGRAMS[id_])).violation:
            met.append(one)
        return not met

    target.explore(PROGRAMS[id_], WILD, found)
    assert met
    return met[0]


def confirmer_of(target: SimTarget) -> Confirmer:
    manifest = target.build.manifest
    assert manifest is not None
    return Confirmer(target, manifest.config, manifest.limits, 0)


@pytest.mark.parametrize("id_", ["np.point-intact", "np.metrics-coherent", "tm.cells-coherent", "tm.no-stale-source"])
def test_without_time_to_become_small_a_finding_is_calm_all_the_same(as_found: SimTarget, id_: str) -> None:
    finding = confirmer_of(as_found).confirm(INVARIANTS[id_], PROGRAMS[id_], wild(as_found, id_).origin, 0.0)
    assert finding is not None
    assert finding.program == PROGRAMS[id_]
    assert (finding.replayed, finding.replays) == (100, 100)
    assert finding.execution.trace is not None
    assert finding.execution.trace.preemptions <= MOST_PREEMPTIONS


def test_what_was_learnt_since_does_not_matter(as_found: SimTarget) -> None:
    id_ = "np.point-intact"
    origin = wild(as_found, id_).origin
    confirmer = confirmer_of(as_found)
    first = confirmer.confirm(INVARIANTS[id_], PROGRAMS[id_], origin, AMPLE_SECONDS)
    as_found.explore(BACKLOG, Exploration("random", executions=300), lambda _one: True)
    again = confirmer.confirm(INVARIANTS[id_], PROGRAMS[id_], origin, AMPLE_SECONDS)
    assert first is not None
    assert again is not None
    assert (again.program, again.schedule, again.shared) == (first.program, first.schedule, first.shared)


def test_what_does_not_come_back_is_no_finding(as_found: SimTarget) -> None:
    found, _ = searched(as_found, INVARIANTS["np.point-intact"], PROGRAMS["np.point-intact"])
    assert found is not None
    calm = replace(found.origin, exploration=Exploration("delay", executions=1, depth=0), ordinal=0)
    manifest = as_found.build.manifest
    assert manifest is not None
    confirmer = Confirmer(as_found, manifest.config, manifest.limits, 0)
    assert confirmer.confirm(INVARIANTS["np.point-intact"], PROGRAMS["np.point-intact"], calm, 1.0) is None


HANG = "void app_main(void) { for (;;) { } }\n"


def test_a_hang_is_replayed_as_often_as_all_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the pace that a hundred replays have time for: half of both."""
    monkeypatch.setattr(confirm, "REPLAYS", confirm.REPLAYS // 2)
    monkeypatch.setattr(confirm, "REPLAY_SECONDS", confirm.REPLAY_SECONDS / 2)
    source = tmp_path / "hang.c"
    source.write_text(HANG)
    result = run_litmus(LitmusPlan((source,), strategy="random", executions=1), require())
    assert result.finding is not None
    assert result.finding.execution.ending.outcome is Outcome.HANG
    assert (result.finding.replayed, result.finding.replays) == (50, 50)
