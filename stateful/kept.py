"""Findings as files that later runs replay first: the counterexamples of `verify/record.py`, in a folder of their own.

On the build that made it, a file replays exactly. On any other its choice points lie elsewhere, so its program is
explored anew: a regression that is repaired stays guarded, however the code around it moves.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from p4verify.stateful.campaign import PORTFOLIO
from p4verify.stateful.relocate import relocations
from p4verify.stateful.subject import Subject
from p4verify.stateful.violations import Case, ViolatedError
from p4verify.targets.building.manifest import BUNDLED
from p4verify.targets.target import Shared
from p4verify.verify.codec import RecordError
from p4verify.verify.record import Counterexample, load_counterexample, save_counterexample

MOST_TICKS = 255
"""That can be delivered early in one execution."""


class NotHereError(Exception):
    """The regression cannot be judged on this firmware; the text says why."""


def counterexample(subject: Subject, error: ViolatedError) -> Counterexample:
    """A violation as it is kept; it replays exactly on this build."""
    case, finding, build = error.case, error.finding, subject.target.build
    manifest = build.manifest
    assert manifest is not None, "a subject is a firmware, never a litmus file"
    ours = manifest.root.parent == BUNDLED.resolve()
    return Counterexample(
        invariant=finding.invariant.id,
        summary=finding.summary,
        program=case.program,
        schedule=case.schedule,
        build_id=build.identity,
        firmware=build.name if ours else str(manifest.root),
        manifest=manifest.path.name if ours else str(manifest.path),
        version=_version(),
        seed={"strategy": "explicit", "tick_budget": case.tick_budget},
        relocations=relocations(subject.run(case, trace=True)),
        known_shared=subject.known(case).encode(),
        positions=finding.judgement.violation.positions if finding.judgement.violation else (),
    )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("p4verify")
    except PackageNotFoundError:  # run from a checkout
        return "unknown"


def save(folder: Path, subject: Subject, error: ViolatedError) -> Path:
    """Writes the regression file of a violation and returns its path; the same violation makes the same name."""
    made = counterexample(subject, error)
    digest = hashlib.sha256(repr((made.program, made.schedule)).encode()).hexdigest()[:8]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{made.invariant}-{digest}.json"
    save_counterexample(path, made)
    return path


def replay(subject: Subject, kept: Counterexample) -> None:
    """Runs a regression; raises its violation when it is still there, NotHereError when it cannot be judged here."""
    invariants = [invariant for invariant in subject.invariants if invariant.id == kept.invariant]
    if not invariants:
        raise NotHereError(f"{kept.invariant} cannot be judged on {subject.target.build.name}")
    alone = subject.judging(invariants)
    used = {call.operation for task in kept.program.tasks for call in task.invocations}
    if absent := sorted(used - subject.operations):
        raise NotHereError(f"{subject.target.build.name} has no operation {', '.join(absent)}")
    if kept.build_id == subject.target.build.identity:
        alone.check(case_of(kept))
    for plan in PORTFOLIO:
        alone.explore(kept.program, plan)


def case_of(kept: Counterexample) -> Case:
    """What a regression file says is to be run. RecordError when it says nonsense."""
    try:
        return Case(kept.program, kept.schedule, tick_budget_of(kept), Shared.decode(kept.known_shared))
    except ValueError as error:
        raise RecordError(f"it cannot be replayed: {error}") from None


def tick_budget_of(kept: Counterexample) -> int:
    """How many ticks its schedule may deliver early. RecordError when that is no such number."""
    ticks = kept.seed.get("tick_budget", 0)
    if not isinstance(ticks, int) or not 0 <= ticks <= MOST_TICKS:
        raise RecordError(f"it cannot be replayed: a tick budget of {ticks!r}")
    return ticks


def load(path: Path) -> Counterexample:
    """The regression in a file; RecordError when there is none."""
    return load_counterexample(path)
