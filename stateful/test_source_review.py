"""The review as a result of `check`: of which builds it is part, and what becomes of its verdict."""

from __future__ import annotations

from pathlib import Path

from p4verify.stateful.source_review import reviewed
from p4verify.targets.building.build import Build
from p4verify.targets.building.compilers import require
from p4verify.targets.building.manifest import Manifest, load
from p4verify.targets.model.target import model_of
from p4verify.verify.verdict import Verdict


def build_of(manifest: Manifest) -> Build:
    """A build whose executable nobody needs here."""
    return Build(manifest.name, Path("simulator"), "1", require(), frozenset(), manifest)


def test_as_found_is_a_violation_with_all_its_places() -> None:
    (found,) = reviewed(build_of(load("as_found")))
    assert (found.id, found.verdict, found.executions) == ("np.static-review", Verdict.VIOLATION, 0)
    assert found.exercised > 0
    assert any("calls buffer_push (publisher_task > publish_or_keep > buffer_push)" in place for place in found.places)


def test_hardened_holds_and_says_which_lock() -> None:
    (found,) = reviewed(build_of(load("hardened")))
    assert (found.verdict, found.places) == (Verdict.OK, ())
    assert "s_state_lock guards s_state.buffer, s_state.count" in found.summary


def test_it_is_left_out_when_it_is_not_asked_for() -> None:
    assert reviewed(build_of(load("hardened")), ["TM-1"]) == ()
    assert len(reviewed(build_of(load("hardened")), ["NP-2"])) == 1


def test_the_model_has_no_source_to_review() -> None:
    assert reviewed(model_of("hardened")) == ()


def test_a_firmware_without_the_component_is_not_judged(tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text("int other;\n")
    manifest = Manifest(tmp_path / "p4verify.toml", "other", (tmp_path / "other.c",), ())
    (found,) = reviewed(build_of(manifest))
    assert (found.verdict, found.available) == (Verdict.UNKNOWN, False)
