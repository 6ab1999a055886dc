"""Regression files: kept, replayed exactly on their build, explored anew on any other, and refused when hostile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from p4verify.stateful import kept as files
from p4verify.stateful import replaying
from p4verify.stateful.strategies import BATTERY, ONLINE, PACK, assemble
from p4verify.stateful.subject import Subject
from p4verify.stateful.violations import ViolatedError, violated_type
from p4verify.targets.building.manifest import load
from p4verify.targets.target import Exploration
from p4verify.verify.codec import RecordError
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.program import Program

OURS = sorted((Path(__file__).parent / "regressions").glob("*.json"))
TORN = assemble([[(BATTERY, 0), (PACK, 0), (ONLINE, 0), (BATTERY, 1000)]], (5,), {}, 1000, ("np.metrics",))


@pytest.fixture(scope="module")
def as_found() -> Iterator[Subject]:
    with Subject.of(load("as_found")) as subject:
        yield subject


@pytest.fixture(scope="module")
def hardened() -> Iterator[Subject]:
    with Subject.of(load("hardened")) as subject:
        yield subject


@pytest.fixture(scope="module")
def torn(as_found: Subject) -> ViolatedError:
    subject = as_found.judging([INVARIANTS["np.point-intact"]])
    with pytest.raises(ViolatedError) as caught:
        subject.explore(TORN, Exploration("random", executions=20_000))
    return subject.simplify(caught.value)


def test_a_kept_violation_replays_exactly(tmp_path: Path, as_found: Subject, torn: ViolatedError) -> None:
    path = files.save(tmp_path / "kept", as_found, torn)
    assert files.save(tmp_path / "kept", as_found, torn) == path
    kept = files.load(path)
    assert kept.build_id == as_found.target.build.identity
    assert kept.relocations
    again = as_found.violated(files.case_of(kept))
    assert again is not None
    assert again.finding.summary == torn.finding.summary
    with pytest.raises(violated_type("np.point-intact")):
        files.replay(as_found, kept)


def test_what_needs_an_early_tick_is_replayed_with_it(tmp_path: Path, as_found: Subject) -> None:
    subject = as_found.judging([INVARIANTS["np.point-intact"]])
    apart = assemble([[(BATTERY, 0), (PACK, 0), (ONLINE, 0), (BATTERY, 995)]], (5,), {}, 1000, ("np.metrics",))
    subject.explore(apart, Exploration("random", executions=2000))  # they never meet
    with pytest.raises(ViolatedError) as caught:
        subject.explore(apart, Exploration("random", executions=20_000, tick_budget=40))
    path = files.save(tmp_path, as_found, caught.value)
    kept = files.load(path)
    assert replaying.replay(kept, as_found.target.build, str(path), times=3).times == 3
    assert replaying.replay(replace(kept, seed={"tick_budget": 0}), as_found.target.build, str(path), 3).times == 0


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ({"invariant": "np.collisions-counted"}, "cannot be judged on as_found .* no np.metrics/overwritten"),
        ({"program": Program(())}, "its program is empty"),
        ({"known_shared": ()}, "its known_shared is empty"),
    ],
)
def test_not_seeing_what_cannot_be_shown_is_no_result(
    as_found: Subject, torn: ViolatedError, damage: dict[str, Any], words: str
) -> None:
    kept = files.counterexample(as_found, torn)
    assert replaying.replay(kept, as_found.target.build, "kept.json", 3).times == 3
    with pytest.raises(replaying.ReplayError, match=words):
        replaying.replay(replace(kept, **damage), as_found.target.build, "kept.json", 3)


def test_another_build_explores_the_program_anew(as_found: Subject, hardened: Subject, torn: ViolatedError) -> None:
    kept = replace(files.counterexample(as_found, torn), build_id="another")
    with pytest.raises(violated_type("np.point-intact")):
        files.replay(as_found, kept)
    files.replay(hardened, kept)


def test_what_a_firmware_cannot_have_is_said(as_found: Subject, torn: ViolatedError) -> None:
    kept = files.counterexample(as_found, torn)
    with pytest.raises(files.NotHereError, match="cannot be judged"):
        files.replay(as_found, replace(kept, invariant="tc.queue-bounded"))
    foreign = assemble([[(("fan.speed", ()), 0)]], (5,), {}, 0, ())
    with pytest.raises(files.NotHereError, match=r"no operation fan\.speed"):
        files.replay(as_found, replace(kept, program=foreign))


@pytest.mark.parametrize(
    "damage", [{"seed": {"tick_budget": -1}}, {"known_shared": ["zz"]}, {"program": 3}, {"schema": 99}]
)
def test_a_damaged_file_is_refused(
    tmp_path: Path, as_found: Subject, torn: ViolatedError, damage: dict[str, object]
) -> None:
    path = files.save(tmp_path, as_found, torn)
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(RecordError):
        files.case_of(files.load(path))


def test_there_are_regressions_of_ours() -> None:
    assert {path.name.rsplit("-", 1)[0] for path in OURS} >= {"np.point-intact", "tm.cells-coherent"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_ours_is_still_there_as_found_and_never_in_the_hardened(
    path: Path, as_found: Subject, hardened: Subject
) -> None:
    kept = files.load(path)
    with pytest.raises(violated_type(kept.invariant)):
        files.replay(as_found, kept)
    files.replay(hardened, kept)
