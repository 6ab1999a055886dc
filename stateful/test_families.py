"""The simplest program of a family makes happen what the family is for: on the hardened firmware nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from p4verify.stateful.families import FOCUS, families_of, focused
from p4verify.stateful.strategies import Programs
from p4verify.stateful.subject import Subject
from p4verify.stateful.violations import ViolatedError
from p4verify.targets.building.manifest import load
from p4verify.targets.target import Exploration
from p4verify.verify.program import Program

PURPOSE = {
    "reconnects": ("np.fifo", "np.monotone", "np.reconnect"),
    "batteries": ("np.point-intact", "np.freshness"),
    "packs": ("np.point-intact", "np.freshness"),
    "failures": ("np.retry",),
    "overflows": ("np.collisions-counted", "np.conservation"),
    "modes": ("tm.no-stale-source", "tm.snapshot-intact"),
    "resets": ("tm.atomic-mode-reset",),
    "cuts": ("re.restore-age", "re.restore-intact"),
    "flash": ("re.restore-age", "re.no-lost-dirty"),
    "broken": ("re.partial-frame", "re.events-intact"),
    "configs": ("re.config-durable",),
    "steady": ("re.write-reduction",),
    "halves": ("tc.no-overrun",),
    "writes": ("tc.verify-kept", "tc.no-zombie-write"),
}
PLAN = Exploration("random", executions=5)


@pytest.fixture(scope="module")
def hardened() -> Iterator[Subject]:
    with Subject.of(load("hardened")) as subject:
        yield subject


@pytest.fixture(scope="module")
def as_found() -> Iterator[Subject]:
    with Subject.of(load("as_found")) as subject:
        yield subject


def first_of(programs: Programs) -> Program:
    """What Hypothesis draws first: the simplest."""
    drawn: list[Program] = []

    @seed(0)
    @settings(max_examples=1, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(programs)
    def look(program: Program) -> None:
        drawn.append(program)

    look()
    return drawn[0]


@pytest.mark.parametrize("name", PURPOSE)
def test_the_simplest_program_exercises_what_its_family_is_for(hardened: Subject, name: str) -> None:
    subject = hardened.judging(hardened.invariants)
    subject.explore(first_of(families_of(subject.target, subject.config)[name]), PLAN)
    assert {id_: subject.counts.exercised[id_] for id_ in PURPOSE[name]} == dict.fromkeys(PURPOSE[name], 5)


@pytest.mark.parametrize(("name", "invariant"), [
    ("flash", "re.restore-age"), ("halves", "tc.no-overrun"), ("modes", "tm.no-stale-source"),
])  # fmt: skip
def test_the_simplest_program_shows_the_flaw(as_found: Subject, name: str, invariant: str) -> None:
    subject = as_found.judging([one for one in as_found.invariants if one.id == invariant])
    with pytest.raises(ViolatedError, match=invariant):
        subject.explore(first_of(families_of(subject.target, subject.config)[name]), PLAN)


def test_every_family_bears_on_some_invariants(hardened: Subject) -> None:
    made = families_of(hardened.target, hardened.config)
    assert set(made) - {"own"} == {name for names in FOCUS.values() for name in names}
    assert list(focused(made, ["re.restore-age"])) == list(FOCUS["re."])


def test_a_firmware_without_the_families_that_bear_on_an_invariant_has_the_others() -> None:
    """Else a campaign would have no turns, for ever."""
    own = {"own": st.nothing(), "frames": st.nothing()}
    assert list(focused(own, ["tm.race-free"])) == ["own", "frames"]
    assert list(focused(own, ["re.race-free"])) == ["frames"]
