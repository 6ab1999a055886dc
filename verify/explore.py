"""The loop schedule -> execute -> check, and the tally of what it found.

Exploration runs elsewhere, thousands of executions a call; what arrives here is each *distinct* history once, and
later how often it was seen again. Every applicable invariant judges a distinct history once; its judgement is kept as
one bit per invariant, so that multiplicities can arrive at any time. This module receives callables and never imports
a target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from p4verify.verify.criteria import EXERCISED_ENOUGH, InvariantResult
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.invariants.measures import MEASURES
from p4verify.verify.measuring import Figure, Measure, Readings
from p4verify.verify.verdict import NOT_EXERCISED, Invariant, Judgement, Setting, Verdict

Sighting = tuple[Execution | str, int]
"""A distinct history and how often it was seen, or the identity of one that had been reported and how often more."""
Execute = Callable[[Setting], Iterable[Sighting]]


@dataclass(frozen=True, slots=True)
class Finding:
    """The first execution that violated an invariant."""

    invariant: Invariant
    setting: Setting
    execution: Execution
    judgement: Judgement

    @property
    def summary(self) -> str:
        """The violation in one sentence."""
        return self.judgement.violation.summary if self.judgement.violation is not None else ""


@dataclass(slots=True)
class Tally:
    """Per invariant: executions, exercised, distinct histories, the first violation, and what was measured.

    With `first_only` (the default) an invariant is not judged any more once it is violated.
    """

    invariants: Sequence[Invariant]
    first_only: bool = True
    measures: Mapping[str, Measure] = field(default_factory=lambda: MEASURES)
    """By invariant: what is measured of each distinct history that exercised it."""
    executions: int = 0
    distinct: int = 0
    lost: int = 0
    """Executions whose history lost records: with any, nothing here is ok."""
    unreadable: str = ""
    """Why the first history that could not be read could not."""
    unsupported: int = 0
    unsupported_use: str = ""
    """What the first of those executions used, and where, as far as it is known."""
    findings: dict[str, Finding] = field(default_factory=dict)
    _program: int = 0
    _masks: dict[tuple[int, str], int] = field(default_factory=dict)
    _seen: dict[int, int] = field(default_factory=dict)
    _distinct: dict[int, int] = field(default_factory=dict)
    _readings: dict[str, Readings] = field(default_factory=dict)

    def next_program(self) -> None:
        """Identities seen from now on belong to another program."""
        self._program += 1
        self._masks.clear()

    def consume(self, execution: Execution, setting: Setting, count: int = 1) -> list[Finding]:
        """Judges a distinct history that was seen `count` times; returns the invariants that it is first to violate."""
        key = (self._program, execution.identity)
        if execution.identity and key in self._masks:
            self.count(execution.identity, count)
            return []
        self.executions += count
        self.distinct += 1
        if execution.history.lost:
            self.lost += count
            self.unreadable = self.unreadable or unreadable(execution)
        if execution.ending.outcome is Outcome.UNSUPPORTED:
            self.unsupported += count
            self.unsupported_use = self.unsupported_use or unsupported_use(execution)
            return []
        mask, found = self._judge(execution, setting)
        self._seen[mask] = self._seen.get(mask, 0) + count
        self._distinct[mask] = self._distinct.get(mask, 0) + 1
        if execution.identity:
            self._masks[key] = mask
        return found

    def count(self, identity: str, more: int) -> None:
        """Says that a history of this program was seen `more` times. One that was never reported is not judged."""
        self.executions += more
        mask = self._masks.get((self._program, identity))
        if mask is not None:
            self._seen[mask] += more

    def _judge(self, execution: Execution, setting: Setting) -> tuple[int, list[Finding]]:
        mask = 0
        found = []
        for index, invariant in enumerate(self.invariants):
            if self.first_only and invariant.id in self.findings:
                continue
            judgement = judge(invariant, execution, setting)
            if judgement.exercised:
                mask |= 1 << index
                self._measure(invariant.id, execution, setting)
            if judgement.violation is not None and invariant.id not in self.findings:
                finding = Finding(invariant, setting, execution, judgement)
                self.findings[invariant.id] = finding
                found.append(finding)
        return mask, found

    def _measure(self, id_: str, execution: Execution, setting: Setting) -> None:
        measure = self.measures.get(id_)
        if measure is not None:
            self._readings.setdefault(id_, Readings(measure)).take(execution, setting)

    def figures(self, id_: str) -> tuple[Figure, ...]:
        """What was measured where this invariant was exercised."""
        return self._readings[id_].figures() if id_ in self._readings else ()

    def exercised(self, id_: str) -> int:
        """In how many executions the invariant's precondition held."""
        return self._sum(self._seen, id_)

    def _sum(self, counts: dict[int, int], id_: str) -> int:
        bit = next(1 << index for index, invariant in enumerate(self.invariants) if invariant.id == id_)
        return sum(count for mask, count in counts.items() if mask & bit)

    def results(self, enough: int = EXERCISED_ENOUGH) -> list[InvariantResult]:
        """What the tally says of each invariant it ran."""
        return [self._result(invariant, enough) for invariant in self.invariants]

    def _result(self, invariant: Invariant, enough: int) -> InvariantResult:
        exercised = self.exercised(invariant.id)
        verdict, summary = self._verdict(invariant.id, exercised, enough)
        distinct = self._sum(self._distinct, invariant.id)
        return InvariantResult(
            invariant.id, verdict, self.executions, exercised, distinct, None, summary,
            figures=self.figures(invariant.id),
        )  # fmt: skip

    def _verdict(self, id_: str, exercised: int, enough: int) -> tuple[Verdict, str]:
        finding = self.findings.get(id_)
        if finding is not None:
            return Verdict.VIOLATION, finding.summary
        if self.lost:
            return Verdict.UNKNOWN, lost_records(self.lost, self.unreadable)
        if self.unsupported:
            used = f"{self.unsupported} executions used something that is not supported"
            return Verdict.UNKNOWN, f"{used}: {self.unsupported_use}"
        if exercised < enough:
            return Verdict.UNKNOWN, f"exercised in {exercised} executions, {enough} are needed"
        return Verdict.OK, f"held in {exercised} executions that exercised it"


def unreadable(execution: Execution) -> str:
    """Why its history cannot be read, in words; nothing where it can."""
    return execution.history.unreadable.why if execution.history.unreadable is not None else ""


def lost_records(executions: int, why: str) -> str:
    """That so many executions show nothing but how they ended; `why` the first could not be read, if that it was."""
    first = f"; what the first of them recorded cannot be read: {why}" if why else ""
    return f"{executions} executions lost records of their history{first}"


def unsupported_use(execution: Execution) -> str:
    """What an execution used that the target does not offer: the words of its ending, the operation, the place."""
    ending = execution.ending
    calls = (call.name for call in execution.history.operations if call.task == ending.task and call.returned is None)
    place = (("task", ending.task), ("operation", next(calls, "")), ("at", ending.where))
    where = ", ".join(f"{what} {name}" for what, name in place if name)
    return f"{ending.detail} ({where})" if where else ending.detail


def judge(invariant: Invariant, execution: Execution, setting: Setting) -> Judgement:
    """What an invariant says of one execution; one that lost records shows nothing but how it ended."""
    lost = execution.history.lost > 0
    if execution.ending.outcome is Outcome.UNSUPPORTED or (lost and not invariant.of_ending):
        return NOT_EXERCISED
    judgement = invariant.check(execution, setting)
    return NOT_EXERCISED if lost and judgement.violation is None else judgement


def explore(
    settings: Iterable[Setting], execute: Execute, tally: Tally, *, out_of_budget: Callable[[], bool]
) -> Iterator[Finding]:
    """Runs one program after the other until the budget is gone, and yields each finding when it is made."""
    for setting in settings:
        if out_of_budget():
            return
        tally.next_program()
        for sighting, count in execute(setting):
            if isinstance(sighting, str):
                tally.count(sighting, count)
            else:
                yield from tally.consume(sighting, setting, count)
            if out_of_budget():
                return
