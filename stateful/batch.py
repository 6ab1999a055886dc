"""Batch style: Hypothesis draws a program, the simulator explores hundreds of its schedules.

The first violation of an example counts. The seed and the strategy of its exploration are drawn too, so that the
example decides everything: shrinking the program explores the smaller one anew. The schedule that led there is made
small afterwards, by `Subject.simplify`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from p4verify.stateful.campaign import PORTFOLIO
from p4verify.stateful.families import families_of, focused
from p4verify.stateful.strategies import Programs
from p4verify.stateful.subject import Subject
from p4verify.targets.target import Exploration
from p4verify.verify.program import Program


def programs_for(subject: Subject) -> Programs:
    """Programs that exercise the invariants of a subject, of every family that does; calls of its own if none does."""
    known = families_of(subject.target, subject.config)
    known = {name: family for name, family in known.items() if name != "own"} or known
    return st.one_of(*focused(known, [invariant.id for invariant in subject.invariants]).values())


def run_batch(
    programs: Programs,
    subject: Subject,
    how: settings,
    *,
    plans: Sequence[Exploration] = PORTFOLIO,
    number: int | None = None,
) -> None:
    """Explores programs on a firmware; raises the minimal violation (with report_multiple_bugs, a group of them).

    `number` seeds Hypothesis; None leaves it to the settings.
    """

    @given(programs, st.sampled_from(plans), st.integers(0, 2**32 - 1))
    def explored(program: Program, plan: Exploration, schedule_seed: int) -> None:
        subject.explore(program, replace(plan, seed=schedule_seed))

    how(explored if number is None else seed(number)(explored))()
