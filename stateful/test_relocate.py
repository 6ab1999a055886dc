"""A counterexample in another clone (exact), in another build (found by source line), and where it does not fit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from p4verify.reports.source_text import SourceText
from p4verify.stateful.relocate import relocations
from p4verify.stateful.replaying import ReplayError, firmware_of, replay
from p4verify.stateful.test_findings import PROGRAMS, confirmed
from p4verify.targets.building.build import Build, build_firmware
from p4verify.targets.building.compilers import available
from p4verify.targets.building.manifest import BUNDLED, load
from p4verify.targets.shared_words import names_of, words_of
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Shared
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.program import Program
from p4verify.verify.record import Counterexample, load_counterexample, save_counterexample
from p4verify.verify.schedule import Schedule

IDS = ("np.point-intact", "tm.cells-coherent", "np.metrics-coherent")
TORN = "components/network/network_publisher.c"


def counterexample(target: SimTarget, id_: str) -> Counterexample:
    finding = confirmed(target, INVARIANTS[id_], PROGRAMS[id_])
    assert finding is not None
    manifest = target.build.manifest
    assert manifest is not None
    return Counterexample(
        id_, "", finding.program, finding.schedule, target.build.identity, "as_found", str(manifest.path), "0",
        known_shared=finding.shared.encode(), shared_names=names_of(finding.shared, target.build.symbols.variables),
        relocations=relocations(finding.execution, SourceText(manifest.root)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def build() -> Build:
    return build_firmware(load("as_found"))


@pytest.fixture(scope="module")
def cases(build: Build) -> Iterator[dict[str, Counterexample]]:
    with SimTarget(build) as target:
        yield {id_: counterexample(target, id_) for id_ in IDS}


def clone(folder: Path, file: str = TORN, before: str = "", after: str = "") -> Build:
    """as_found in another folder, with one text of one file replaced."""
    shutil.copytree(BUNDLED / "as_found", folder)
    path = folder / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1) if before else text)
    return build_firmware(load(folder))


@pytest.mark.parametrize("id_", IDS)
def test_its_own_build_shows_it_every_time(build: Build, cases: dict[str, Counterexample], id_: str) -> None:
    replayed = replay(cases[id_], build, "file.json")
    assert (replayed.times, replayed.of, replayed.relocated) == (100, 100, False)
    assert replayed.finding is not None


def test_another_clone_is_the_same_build(tmp_path: Path, cases: dict[str, Counterexample]) -> None:
    elsewhere = clone(tmp_path / "some where else")
    save_counterexample(tmp_path / "case.json", cases["np.point-intact"])
    replayed = replay(load_counterexample(tmp_path / "case.json"), elsewhere, "case.json")
    assert (replayed.times, replayed.of, replayed.relocated) == (100, 100, False)


@pytest.mark.parametrize("id_", IDS)
def test_lines_that_moved_are_found_again(tmp_path: Path, cases: dict[str, Counterexample], id_: str) -> None:
    commented = tmp_path / "commented"
    shutil.copytree(BUNDLED / "as_found", commented)
    for path in commented.glob("components/*/*.c"):
        path.write_text("/* A remark\n * of several\n * lines. */\nextern int moved;\n" + path.read_text())
    moved = build_firmware(load(commented))
    assert moved.identity != cases[id_].build_id
    replayed = replay(cases[id_], moved, "file.json")
    assert (replayed.times, replayed.of, replayed.relocated) == (100, 100, True)


@pytest.mark.parametrize("id_", IDS)
def test_another_compiler_is_another_build(cases: dict[str, Counterexample], build: Build, id_: str) -> None:
    others = [one for one in available() if one.kind != "gcc" and one.version != build.compiler.version]
    if not others:
        pytest.skip("there is one clang only")
    replayed = replay(cases[id_], build_firmware(load("as_found"), others[0]), "file.json")
    assert (replayed.times, replayed.of, replayed.relocated) == (100, 100, True)


def test_a_choice_without_a_place_is_refused_with_the_difference(
    build: Build, cases: dict[str, Counterexample]
) -> None:
    case = replace(cases["np.point-intact"], build_id="another")
    gone = tuple(replace(choice, text="a_line_that_was_removed();") for choice in case.relocations)
    assert gone
    with pytest.raises(ReplayError, match=r"another build .* cannot take over .*a_line_that_was_removed"):
        replay(replace(case, relocations=gone), build, "file.json")
    with pytest.raises(ReplayError, match="0 of its"):
        replay(replace(case, relocations=()), build, "file.json")


def test_a_repaired_firmware_does_not_show_it(cases: dict[str, Counterexample]) -> None:
    """Its lines are gone."""
    with pytest.raises(ReplayError, match="does not fit this one"):
        replay(cases["np.point-intact"], build_firmware(load("hardened")), "file.json", 3)


@pytest.mark.parametrize("words", [("zz+1",), ("10+0",), ("10+99999999",), ("-4+1",), ("fffffffc+2",), ("",)])
def test_shared_words_that_cannot_be_are_refused(
    build: Build, cases: dict[str, Counterexample], words: tuple[str, ...]
) -> None:
    with pytest.raises(ReplayError):
        replay(replace(cases["np.point-intact"], known_shared=words), build, "file.json", 1)


def test_shared_words_keep_their_names_when_they_move(build: Build) -> None:
    variables = build.symbols.variables
    start = variables.addresses("s_state")[0]
    shared = Shared((start // 4 << 1, start // 4 << 1 | 1, 0x4000_0010 // 4 << 1))
    names = names_of(shared, variables)
    assert names == ("s_state+0", "s_state+0~")
    assert set(shared.entries) <= set(words_of(names, shared, variables).entries)
    with pytest.raises(ValueError, match="not a word"):
        words_of(("s_state",), shared, variables)


def test_a_bundled_tree_is_found_wherever_it_was_and_a_copy_of_it_by_its_manifest(tmp_path: Path) -> None:
    program, schedule = Program(()), Schedule()
    ours = Counterexample("np.fifo", "", program, schedule, "b", "as_found", "p4verify.toml", "0")
    assert firmware_of(ours) == "as_found"
    assert firmware_of(replace(ours, manifest="/elsewhere/targets/firmware/as_found/p4verify.toml")) == "as_found"
    copy = tmp_path / "p4verify.toml"
    copy.write_text("")
    assert firmware_of(replace(ours, manifest=str(copy))) == str(copy)
    with pytest.raises(ReplayError, match="is not here"):
        firmware_of(replace(ours, manifest=str(tmp_path / "gone" / "p4verify.toml")))
