"""What `check`, `replay` and `litmus` tell of what came out: on a console, as JSON, and by an exit status.

It refuses to judge: verdicts come in, words and numbers go out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console

from p4verify.reports.command_line import HELD, INCONCLUSIVE, VIOLATED
from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.lanes import show
from p4verify.reports.listing import outcome_lines
from p4verify.reports.source_text import SourceText
from p4verify.reports.summary import Figures, show_summary
from p4verify.reports.values import printable
from p4verify.stateful.check import CheckResult
from p4verify.stateful.litmus import LitmusResult
from p4verify.verify import criteria


def show_finding(finding: ConfirmedFinding, root: Path, console: Console) -> None:
    """With the text of its source lines, where they lie below `root`."""
    show(finding, console, SourceText(root))


# ---- check ----


def show_check(result: CheckResult, root: Path, report: Path, console: Console) -> None:
    """Findings, table of the criteria, and where the report lies; of a quiet console the last two."""
    for finding in result.findings:
        show_finding(finding, root, console)
    console.quiet = False  # the result is what --quiet leaves
    figures = Figures(result.executions, result.distinct, result.exploring_seconds)
    show_summary(result.criteria, figures, console, result.hidden)
    if result.failures:
        console.print(_failed(result.failures), soft_wrap=True)
    console.print(f"report: {report}", soft_wrap=True)
    if result.interrupted:
        console.print("interrupted: the verdicts rest on what was run until then")


def _failed(failures: Sequence[str]) -> str:
    """In one line, whatever the firmware had printed before its end."""
    times = f" {len(failures)} times, first" if len(failures) > 1 else ""
    return f"the simulator failed{times}: {printable(' '.join(failures[0].split()))}"


def check_as_json(result: CheckResult, firmware: str, target: str, seed: int) -> object:
    """The stable form of verify/criteria.py, with the suppressed races where there are any."""
    shown = criteria.as_json(
        result.criteria, firmware=firmware, target=target, seed=seed, executions=result.executions,
        seconds=round(result.seconds, 3),
    )  # fmt: skip
    hidden = [{"what": one.what, "reason": one.reason, "races": one.races} for one in result.hidden]
    return {**shown, **({"suppressed": hidden} if hidden else {})}


def check_status(result: CheckResult, expected: frozenset[str] | None, console: Console) -> int:
    """The exit status; `expected` are the criteria that --expect names, None without it."""
    if expected is None:
        status = criteria.exit_status(result.criteria)
        return INCONCLUSIVE if result.interrupted and status == HELD else status
    if result.interrupted:
        typer.echo("p4verify: interrupted: whether all is as expected is not known", err=True)
        return INCONCLUSIVE
    if criteria.as_expected(result.criteria, expected):
        console.print("as expected")
        return HELD
    typer.echo(f"p4verify: not as expected: {criteria.difference(result.criteria, expected)}", err=True)
    return VIOLATED


# ---- litmus ----


def show_litmus(result: LitmusResult, console: Console) -> None:
    """The finding, the outcomes and what could not be seen, then one line that a quiet console keeps."""
    if result.finding is not None:
        show_finding(result.finding, result.root, console)
    for line in (*outcome_lines(result.outcomes), *(f"not seen: {spot}" for spot in result.blind)):
        console.print(line)
    found = "a failure" if result.finding else "no failure"
    once = f" (seen once, and not again: {result.unconfirmed})" if result.unconfirmed else ""
    typer.echo(f"{found}{once} in {result.executions:,} executions")
