"""A violation as an exception: one type per invariant, so that Hypothesis keeps distinct findings apart.

Hypothesis calls two failures the same when their types and the lines that raised them are. With a type per invariant,
shrinking one finding never slips into another one. Nothing here decides what is a violation.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from p4verify.targets.target import Shared
from p4verify.verify.confidential import masked
from p4verify.verify.explore import Finding
from p4verify.verify.program import Invocation, Program
from p4verify.verify.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Case:
    """What was run: enough to run it again on the same build. `tick_budget` is how many TICK choices may be taken.

    `shared` is what the simulator knew about shared memory; None: what the program itself teaches.
    """

    program: Program
    schedule: Schedule
    tick_budget: int = 0
    shared: Shared | None = None


class ViolatedError(AssertionError):
    """An invariant did not hold."""

    def __init__(self, finding: Finding, case: Case) -> None:
        self.finding = finding
        self.case = case
        super().__init__(describe(finding, case))


@cache
def violated_type(invariant_id: str) -> type[ViolatedError]:
    """The exception type of one invariant: `NpPointIntactViolated` for np.point-intact."""
    words = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", invariant_id))
    return type(f"{words}Violated", (ViolatedError,), {"__doc__": f"{invariant_id} did not hold."})


def violation(finding: Finding, case: Case) -> ViolatedError:
    """The exception to raise for a finding."""
    return violated_type(finding.invariant.id)(finding, case)


def describe(finding: Finding, case: Case) -> str:
    """The violation in words, the program task by task, and the schedule."""
    tasks = [f"  {task.name} (priority {task.priority}): {_calls(task.invocations)}" for task in case.program.tasks]
    streams = [f"  {name} answers: {list(values)}" for name, values in case.program.environment.items()]
    ticks = f", {case.tick_budget} early ticks" if case.tick_budget else ""
    schedule = f"  schedule: {case.schedule.encode()} ({len(case.schedule.choices)} choices{ticks})"
    return "\n".join([f"{finding.invariant.id}: {masked(finding.summary)}", *tasks, *streams, schedule])


def _calls(invocations: tuple[Invocation, ...]) -> str:
    return "; ".join(_call(invocation) for invocation in invocations)


def _call(invocation: Invocation) -> str:
    after = f"after {invocation.delay_ms} ms " if invocation.delay_ms else ""
    return f"{after}{invocation.operation}({', '.join(map(repr, invocation.arguments))})"
