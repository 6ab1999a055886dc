"""What `check` says of the firmware's source: judged once per run, because it is the same for every execution."""

from __future__ import annotations

from collections.abc import Iterable

from p4verify.stateful.opened import AnyBuild
from p4verify.targets.building.build import Build
from p4verify.targets.static.review import review
from p4verify.verify.criteria import LACKING, InvariantResult, select
from p4verify.verify.invariants.static_review import STATIC_REVIEW, judge_review
from p4verify.verify.verdict import Verdict


def reviewed(build: AnyBuild, only: Iterable[str] = ()) -> tuple[InvariantResult, ...]:
    """The result of the review; none where it was not asked for, or where the target has no sources in C or C++."""
    if not isinstance(build, Build) or build.manifest is None or STATIC_REVIEW not in select(only):
        return ()
    found = review(build.manifest, build.compiler)
    if not found.files and not found.unclear:
        absent = f"{LACKING}{found.component}"
        return (InvariantResult(STATIC_REVIEW, Verdict.UNKNOWN, summary=absent, available=False),)
    judged = judge_review(found)
    return (
        InvariantResult(
            STATIC_REVIEW, judged.verdict, exercised=judged.exercised, summary=judged.summary, places=judged.places
        ),
    )
