"""The acceptance report: every criterion with verdict and evidence, as Markdown for a pull request.

It tells what it rests on and what it could not judge. It holds no secret and no path of the machine that made it, and
stays short enough for a comment: where findings are many, the lanes of the last ones are left out, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from p4verify.reports import markdown
from p4verify.reports.figures import said
from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.lanes import body
from p4verify.reports.source_text import Source, no_source
from p4verify.reports.summary import Figures, Hidden, counted, least_exercised, not_concerned
from p4verify.verify.criteria import INVARIANTS, JUDGED_ONCE, ONE_TOOL, CriterionResult, InvariantResult
from p4verify.verify.verdict import Verdict

MOST_LETTERS: Final = 60_000
"""A comment on GitHub has 65,536 at most."""
COUNTEREXAMPLES: Final = "counterexamples"
_WIDTH: Final = 96
_MOST_LISTED: Final = 20
_MARKS: Final = {Verdict.OK: "✅ ok", Verdict.VIOLATION: "❌ violation", Verdict.UNKNOWN: "❔ unknown"}
_RESTS_ON: Final = (
    "`ok` says that nothing violated the criterion in these executions; it is evidence and no proof. Executions are"
    " those in which the precondition of the criterion's least exercised invariant held (of a violated one, until it"
    " was), histories the distinct ones among them. Times are virtual; sums count each distinct history once."
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A run of `check`. `firmware` is the manifest's name; `blind` are accesses that the scheduler cannot see."""

    firmware: str
    target: str
    compiler: str
    seed: int
    budget: float
    version: str
    build: str
    criteria: Sequence[CriterionResult]
    figures: Figures
    findings: Sequence[ConfirmedFinding] = ()
    hidden: Sequence[Hidden] = ()
    blind: Sequence[str] = ()
    failures: Sequence[str] = ()
    interrupted: bool = False

    @property
    def invariants(self) -> dict[str, InvariantResult]:
        """Each once, in the order of the criteria."""
        return {part.id: part for result in self.criteria for part in result.invariants}


def to_markdown(run: Acceptance, source: Source = no_source) -> str:
    """The whole report, ending with a newline."""
    head = [*_heading(run), *_criteria(run)]
    tail = [*_not_judged(run), *_hidden(run), *_every_invariant(run), *_basis(run)]
    room = MOST_LETTERS - _letters([*head, *tail])
    return "\n".join([*head, *_findings(run, room, source), *tail]) + "\n"


def _heading(run: Acceptance) -> list[str]:
    verdicts = counted(run.criteria)
    interrupted = " It was interrupted: the verdicts rest on what was run until then." if run.interrupted else ""
    rate = f"{run.figures.executions:,} executions, {run.figures.distinct:,} distinct histories"
    return [
        f"# Acceptance of {markdown.code(run.firmware)}",
        "",
        f"**{verdicts}**: {rate}, in {run.figures.seconds:.1f} s on {markdown.text(run.target)}.{interrupted}",
        "",
    ]


# ---- the criteria


def _criteria(run: Acceptance) -> list[str]:
    head = ("criterion", "verdict", "executions", "histories", "evidence")
    rows = [_criterion(result) for result in run.criteria if result.concerns]
    elsewhere = not_concerned(run.criteria)
    return [*markdown.table(head, rows, "llrrl"), "", *([f"{elsewhere}.", ""] if elsewhere else []), _RESTS_ON, ""]


def _criterion(result: CriterionResult) -> tuple[str, ...]:
    least = least_exercised(result)
    numbers = ("", "") if least is None else (f"{least.exercised:,}", f"{least.distinct_histories:,}")
    title = f"**{result.criterion.id}** {markdown.text(result.criterion.title)}"
    return title, _MARKS[result.verdict].replace(" ", "&nbsp;"), *numbers, "<br>".join(_evidence(result))


def _evidence(result: CriterionResult) -> list[str]:
    """Violated invariants, then figures, then what is unknown."""
    shown = [f"❌ {markdown.code(p.id)}" for p in result.invariants if p.verdict is Verdict.VIOLATION]
    for part in result.invariants:
        shown += [f"{markdown.code(part.id)}: {part.exercised:,} places in the source"] * (_is_source(part))
        shown += [markdown.text(said(figure)) for figure in part.figures]
    shown += [markdown.text(ONE_TOOL)] * result.lacks_tools
    unknown = [part for part in result.invariants if part.verdict is Verdict.UNKNOWN]
    return [*shown, *(f"{'❔' if part.available else 'not here:'} {markdown.code(part.id)}" for part in unknown)]


def _is_source(part: InvariantResult) -> bool:
    return part.id in JUDGED_ONCE and part.available


# ---- findings


def _findings(run: Acceptance, room: int, source: Source) -> list[str]:
    """The lanes of each as long as there is room; the violations of the source have none."""
    by_id = {finding.invariant: finding for finding in run.findings}
    violated = [part for part in run.invariants.values() if part.verdict is Verdict.VIOLATION]
    lines = _findings_heading(len(violated)) if violated else []
    heads = {part.id: _finding(part, by_id.get(part.id)) for part in violated}
    room -= _letters(lines) + sum(_letters([*head, *_LEFT_OUT]) for head in heads.values())
    for part in violated:
        lanes = _lanes(by_id[part.id], source) if part.id in by_id else []
        fits = _letters(lanes) <= room
        lines += [*heads[part.id], *(lanes if fits or not lanes else _LEFT_OUT)]
        room -= _letters(lanes) if fits else 0
    return lines


def _letters(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)


_LEFT_OUT: Final = ("*The interleaving is left out here, where there are many; the command shows it.*", "")


_BELIEVED: Final = (
    "Each was made smaller and replayed before it was believed. The commands are for the folder of the run, in which"
    " this report lies."
)


def _findings_heading(count: int) -> list[str]:
    return [
        f"## {count} finding{'s' * (count != 1)}",
        "",
        _BELIEVED,
        "",
    ]


def _finding(part: InvariantResult, finding: ConfirmedFinding | None) -> list[str]:
    title = INVARIANTS[part.id].title if part.id in INVARIANTS else JUDGED_ONCE.get(part.id, "")
    lines = [f"### {markdown.code(part.id)} {markdown.text(title)}", "", markdown.text(part.summary), ""]
    lines += [f"- {markdown.text(place)}" for place in part.places[:_MOST_LISTED]]
    lines += [f"- and {len(part.places) - _MOST_LISTED} more"] * (len(part.places) > _MOST_LISTED)
    lines += [""] * bool(part.places)
    if finding is None:
        return lines
    facts = [f"criterion {', '.join(finding.criteria)}"]
    if finding.preemptions is not None:
        facts.append(f"{finding.preemptions} preemption{'s' * (finding.preemptions != 1)}")
    facts.append(f"replayed {finding.replayed} of {finding.replays}")
    return [*lines, markdown.text(" · ".join(facts)), "", *markdown.block([_command(part)], "sh"), ""]


def _command(part: InvariantResult) -> str:
    name = PurePath(part.counterexample).name if part.counterexample else f"{part.id}.json"
    return f"p4verify replay {COUNTEREXAMPLES}/{name}"


def _lanes(finding: ConfirmedFinding, source: Source) -> list[str]:
    shown = [line.plain for line in body(finding, _WIDTH, source)]
    return [*markdown.folded("Program and interleaving", markdown.block(shown)), ""] if shown else []


# ---- what was not judged, and on what the rest rests


def _not_judged(run: Acceptance) -> list[str]:
    owners = {p.id: result.criterion.id for result in run.criteria if result.concerns for p in result.invariants}
    unknown = [part for part in run.invariants.values() if part.verdict is Verdict.UNKNOWN and part.id in owners]
    if not unknown:
        return []
    rows = [(owners[p.id], markdown.code(p.id), markdown.text(p.summary or "no reason was given")) for p in unknown]
    return ["## Not judged", "", *markdown.table(("criterion", "invariant", "why"), rows), ""]


def _hidden(run: Acceptance) -> list[str]:
    if not run.hidden:
        return []
    rows = [(markdown.code(one.what), f"{one.races:,}", markdown.text(one.reason)) for one in run.hidden]
    head = ("suppressed by the manifest", "pairs of places", "reason")
    return ["## Races that were suppressed", "", *markdown.table(head, rows, "lrl"), ""]


def _every_invariant(run: Acceptance) -> list[str]:
    head = ("invariant", "verdict", "executions", "histories", "what it says")
    rows = [_invariant(part) for part in run.invariants.values()]
    return [*markdown.folded(f"All {len(rows)} invariants", markdown.table(head, rows, "llrrl")), ""]


def _invariant(part: InvariantResult) -> tuple[str, ...]:
    verdict = _MARKS[part.verdict].replace(" ", "&nbsp;")
    title = INVARIANTS[part.id].title if part.id in INVARIANTS else JUDGED_ONCE.get(part.id, "")
    if not part.available:
        return markdown.code(part.id), "not here", "", "", markdown.text(title or part.summary)
    if part.id in JUDGED_ONCE:
        return markdown.code(part.id), verdict, f"{part.exercised:,} places", "", markdown.text(title)
    return markdown.code(part.id), verdict, f"{part.exercised:,}", f"{part.distinct_histories:,}", markdown.text(title)


def _basis(run: Acceptance) -> list[str]:
    seconds = f"{run.budget:g} s, of which {run.figures.seconds:.1f} s for exploring"
    facts = [
        ("firmware", markdown.code(run.firmware)),
        ("build", markdown.code(run.build[:_DIGITS])),
        ("target", markdown.text(run.target)),
        ("compiler", markdown.text(run.compiler)),
        ("seed", str(run.seed)),
        ("budget", seconds),
        ("p4verify", markdown.text(run.version)),
    ]
    unseen = _listed("accesses that the scheduler cannot see", run.blind)
    failed = _listed("failures of the simulator, with which nothing is ok", run.failures)
    return ["## The run", "", *markdown.table(("", ""), facts), "", *unseen, *failed][:-1]


_DIGITS: Final = 18


def _listed(what: str, texts: Sequence[str]) -> list[str]:
    if not texts:
        return []
    shown = [f"- {markdown.text(one)}" for one in texts[:_MOST_LISTED]]
    more = [f"- and {len(texts) - _MOST_LISTED} more"] * (len(texts) > _MOST_LISTED)
    return [f"{len(texts)} {what}:", "", *shown, *more, ""]
