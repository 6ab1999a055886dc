"""The acceptance report of a run: written into its folder whenever `check` comes to an end.

It gathers what the report shows; how that looks is reports/acceptance.py.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from p4verify.reports.acceptance import Acceptance, to_markdown
from p4verify.reports.source_text import SourceText
from p4verify.reports.summary import Figures
from p4verify.stateful.check import REPORT, CheckPlan, CheckResult
from p4verify.stateful.opened import compiler_of, root_of, target_name


def write_acceptance(plan: CheckPlan, result: CheckResult) -> Path:
    """Writes the file in one step; whoever reads it sees all of it or none."""
    path = plan.run / REPORT
    unfinished = path.with_name(path.name + ".part")
    text = to_markdown(acceptance_of(plan, result), SourceText(root_of(plan.build)))
    unfinished.write_text(text, encoding="utf-8", errors="replace")
    return unfinished.replace(path)


def acceptance_of(plan: CheckPlan, result: CheckResult) -> Acceptance:
    """What the report tells of a run."""
    return Acceptance(
        plan.build.name, target_name(plan.build), compiler_of(plan.build), plan.seed, plan.budget, version("p4verify"),
        plan.build.identity, result.criteria, Figures(result.executions, result.distinct, result.exploring_seconds),
        result.findings, result.hidden, result.blind, result.failures, result.interrupted,
    )  # fmt: skip
