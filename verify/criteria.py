"""The acceptance criteria, and how verdicts on invariants become verdicts on criteria and an exit status.

A criterion is a violation when one of its invariants is, ok when every invariant that can be judged here held, and
unknown when none can be judged or one that can was not: out of budget, lost data, exercised too little. What is not
available is listed with the reason and never counted as held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from p4verify.verify.boots import boot_by_boot
from p4verify.verify.confidential import masked
from p4verify.verify.invariants.event_bus import EVENT_BUS
from p4verify.verify.invariants.network_publisher import NETWORK_PUBLISHER
from p4verify.verify.invariants.races import RACE_FREE, fitted
from p4verify.verify.invariants.remote_event_adapter import REMOTE_EVENT_ADAPTER
from p4verify.verify.invariants.static_review import STATIC_REVIEW, TITLE
from p4verify.verify.invariants.system import SYSTEM
from p4verify.verify.invariants.telemetry_model import TELEMETRY_MODEL
from p4verify.verify.invariants.tinybms_client import TINYBMS_CLIENT
from p4verify.verify.measuring import Figure
from p4verify.verify.verdict import Invariant, Verdict

EXERCISED_ENOUGH = 1000
"""Executions in which an invariant's precondition held, below which it is unknown."""

INVARIANTS: dict[str, Invariant] = {
    invariant.id: invariant
    for invariant in (
        *boot_by_boot((*NETWORK_PUBLISHER, *TELEMETRY_MODEL, *EVENT_BUS)),
        *SYSTEM,
        *REMOTE_EVENT_ADAPTER,
        *TINYBMS_CLIENT,
        *RACE_FREE,
    )
}


JUDGED_ONCE: dict[str, str] = {STATIC_REVIEW: TITLE}
"""Invariants that are judged once, on the source and not on executions, with their titles."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """An acceptance criterion and the ids of the invariants that judge it."""

    id: str
    title: str
    invariants: tuple[str, ...]


CRITERIA = tuple(
    Criterion(id_, title, tuple(invariants.split()))
    for id_, title, invariants in (
        ("NP-1", "Publication keeps the configured cadence", "np.cadence np.reconnect np.retry"),
        ("NP-2", "No buffer access outside a critical section", "np.race-free np.static-review"),
        (
            "NP-3",
            "Metrics report a strictly monotone number of published points, as one coherent snapshot",
            "np.monotone np.metrics-coherent np.conservation",
        ),
        (
            "NP-4",
            "Accesses are atomic, API and cadence unchanged, collisions counted",
            "np.point-intact np.fifo np.collisions-counted np.freshness",
        ),
        ("RE-1", "Telemetry JSON is handled without blocking NVS calls", "re.no-nvs-in-callback re.callback-time"),
        ("RE-2", "NVS writes fall by at least 90 % in connected mode", "re.write-reduction"),
        (
            "RE-3",
            "After a reboot the restored telemetry differs by at most one flush interval",
            "re.restore-age re.restore-intact",
        ),
        (
            "RE-4",
            "Deferred flush, by time or by delta, without losing the ability to restore",
            (
                "re.no-lost-dirty re.delta-flush re.config-durable re.events-intact re.cells-coherent"
                " re.partial-frame re.race-free"
            ),
        ),
        (
            "TM-1",
            "Cells are coherent in autonomous mode: min, max, delta never negative or inverted",
            "tm.cells-coherent tm.snapshot-intact",
        ),
        ("TM-2", "No ThreadSanitizer or Helgrind warning", "tm.race-free tm.tsan-clean tm.helgrind-clean"),
        (
            "TM-3",
            "No intermittent flashes when S3 and TinyBMS alternate quickly",
            "tm.no-stale-source tm.no-time-travel tm.no-flash tm.flags-kept",
        ),
        (
            "TM-4",
            "Publish only on significant deltas yet stay reactive; a mode change resets the pack atomically",
            "tm.delta-publish tm.reactive tm.atomic-mode-reset tm.no-lost-update",
        ),
        ("TC-1", "A register read blocks no longer than its configured wait", "tc.bounded-wait"),
        (
            "TC-2",
            "Under load no time-out overrun, and the queue stays finite",
            "tc.no-overrun tc.queue-bounded tc.progress",
        ),
        (
            "TC-3",
            "Published stats include average latency and queued requests, confirming serialisation",
            "tc.stats-coherent tc.serialised",
        ),
        (
            "TC-4",
            "Non-blocking requests keep the retry and verify logic",
            "tc.own-answer tc.no-dead-stack tc.no-dead-task tc.no-zombie-write tc.verify-kept tc.race-free",
        ),
        (
            "SYS-1",
            "The four together: bounded event-bus queue, no deadlock, everything settles",
            (
                "bus.queue-bounded bus.payload-safe bus.per-publisher-order bus.dispatcher-bounded bus.race-free"
                " sys.one-source sys.no-deadlock sys.settles sys.race-free"
            ),
        ),
    )
)


NOT_BUILT: dict[str, str] = {
    id_: "judged on the native target, which is not built yet"
    for criterion in CRITERIA
    for id_ in criterion.invariants
    if id_ not in INVARIANTS and id_ not in JUDGED_ONCE
}
"""Invariants that nothing judges yet, with the reason."""


@dataclass(frozen=True, slots=True)
class InvariantResult:
    """What a run says of one invariant. `available` False: it cannot be judged here, and `summary` says why.

    Of those in `JUDGED_ONCE`, `executions` is 0, `exercised` counts the places that were judged, and `places` lists
    those that are wrong or unclear, `FILE:LINE: what and by which way`.
    """

    id: str
    verdict: Verdict
    executions: int = 0
    exercised: int = 0
    distinct_histories: int = 0
    counterexample: str | None = None
    summary: str = ""
    available: bool = True
    places: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    """What was measured in the executions that exercised it."""


LACKING = "not available: this firmware has no "
ONE_TOOL = "judged by the simulator's race detector alone (native tools: not built yet)"
"""What a verdict rests on where `lacks_tools`."""


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """The verdict on a criterion with those on its invariants."""

    criterion: Criterion
    verdict: Verdict
    invariants: tuple[InvariantResult, ...]

    @property
    def concerns(self) -> bool:
        """Whether it is about anything that this firmware has: False where nothing can be judged for want of it."""
        return any(part.available for part in self.invariants) or not any(
            part.summary.startswith(LACKING) for part in self.invariants
        )

    @property
    def lacks_tools(self) -> bool:
        """Whether it is ok by what is built, while what judges it with another tool is not built yet."""
        return self.verdict is Verdict.OK and any(part.id in NOT_BUILT for part in self.invariants)


@dataclass(frozen=True, slots=True)
class Offers:
    """What a target with this firmware can do and show: names of operations and observers, results of operations.

    An invariant's need is the name of an operation or observer, or `operation/result`.
    """

    names: frozenset[str]

    @classmethod
    def of(cls, operations: Mapping[str, Iterable[str]], observers: Iterable[str]) -> Offers:
        """From each operation's result names, and the observers' names (probes included)."""
        results = {f"{operation}/{result}" for operation, names in operations.items() for result in names}
        return cls(frozenset(operations) | frozenset(observers) | results)

    def missing(self, invariant: Invariant, target: str) -> str | None:
        """Why an invariant cannot be judged here, None when it can."""
        if target not in invariant.targets:
            return f"not available: judged on {', '.join(sorted(invariant.targets))}"
        absent = sorted(invariant.needs - self.names)
        return f"{LACKING}{', '.join(absent)}" if absent else None


def available(offers: Offers, target: str, only: Iterable[str] = ()) -> tuple[Invariant, ...]:
    """The invariants that can be judged here; `only` names criteria or invariants, none means all."""
    chosen = set(select(only))
    judged = (i for i in INVARIANTS.values() if i.id in chosen and offers.missing(i, target) is None)
    return tuple(fitted(invariant, offers.names) for invariant in judged)


def select(only: Iterable[str]) -> tuple[str, ...]:
    """The invariant ids that criteria and invariants named so stand for. ValueError for an id that does not exist."""
    wanted = tuple(only)
    by_criterion = {criterion.id: criterion.invariants for criterion in CRITERIA}
    every = tuple(id_ for invariants in by_criterion.values() for id_ in invariants)
    unknown = [id_ for id_ in wanted if id_ not in by_criterion and id_ not in every]
    if unknown:
        raise ValueError(f"no such criterion or invariant: {', '.join(unknown)}")
    named = {id_ for name in wanted for id_ in by_criterion.get(name, (name,))}
    return tuple(id_ for id_ in every if not wanted or id_ in named)


def summarise(
    results: Iterable[InvariantResult], offers: Offers, target: str, only: Iterable[str] = ()
) -> tuple[CriterionResult, ...]:
    """Every criterion's verdict, in the order of the task list; criteria without a chosen invariant are left out."""
    judged = {result.id: result for result in results}
    chosen = set(select(only))
    summary = []
    for criterion in CRITERIA:
        parts = tuple(_result(id_, judged, offers, target) for id_ in criterion.invariants if id_ in chosen)
        if parts:
            summary.append(CriterionResult(criterion, _verdict(parts), parts))
    return tuple(summary)


def _result(id_: str, judged: Mapping[str, InvariantResult], offers: Offers, target: str) -> InvariantResult:
    if id_ in NOT_BUILT:
        return _unavailable(id_, f"not available: {NOT_BUILT[id_]}")
    if id_ in JUDGED_ONCE:
        return judged.get(id_) or _unavailable(id_, "not available: judged on sources in C and C++, and here are none")
    missing = offers.missing(INVARIANTS[id_], target)
    if missing is not None:
        return _unavailable(id_, missing)
    return judged.get(id_) or InvariantResult(id_, Verdict.UNKNOWN, summary="it was not run")


def _unavailable(id_: str, reason: str) -> InvariantResult:
    return InvariantResult(id_, Verdict.UNKNOWN, summary=reason, available=False)


def _verdict(parts: Sequence[InvariantResult]) -> Verdict:
    judged = [part.verdict for part in parts if part.available]
    if Verdict.VIOLATION in judged:
        return Verdict.VIOLATION
    return Verdict.OK if judged and all(verdict is Verdict.OK for verdict in judged) else Verdict.UNKNOWN


def violated_ids(summary: Iterable[CriterionResult]) -> frozenset[str]:
    """The ids of all violated criteria and of all violated invariants."""
    ids = set()
    for result in summary:
        if result.verdict is Verdict.VIOLATION:
            ids.add(result.criterion.id)
        ids.update(part.id for part in result.invariants if part.verdict is Verdict.VIOLATION)
    return frozenset(ids)


def exit_status(summary: Sequence[CriterionResult]) -> int:
    """0 all that could be judged held, 1 a violation, 3 inconclusive. What is not available changes nothing."""
    parts = [part for result in summary for part in result.invariants if part.available]
    if any(part.verdict is Verdict.VIOLATION for part in parts):
        return 1
    return 0 if parts and all(part.verdict is Verdict.OK for part in parts) else 3


def parse_expectation(text: str) -> frozenset[str]:
    """The ids of `violation:ID,..`; ValueError when it is not of that form or an id does not exist."""
    kind, colon, ids = text.partition(":")
    names = [name.strip() for name in ids.split(",") if name.strip()]
    if kind != "violation" or not colon:
        raise ValueError(f"not an expectation: {text!r} (write violation:ID,..)")
    if names:
        select(names)
    return frozenset(names)


def as_expected(summary: Sequence[CriterionResult], expected: frozenset[str]) -> bool:
    """Whether exactly these are violated: criteria are compared with criteria, invariants with invariants.

    An expectation that names only criteria says nothing of which of their invariants, and the other way round; an
    empty one expects no violation at all.
    """
    criteria = {criterion.id for criterion in CRITERIA}
    violated = violated_ids(summary)
    by_criterion, by_invariant = expected & criteria, expected - criteria
    if by_criterion and by_criterion != violated & criteria:
        return False
    if by_invariant and by_invariant != violated - criteria:
        return False
    return bool(expected) or not violated


def difference(summary: Sequence[CriterionResult], expected: frozenset[str]) -> str:
    """What kept a run from being as expected, in words: what is missing, with its verdict, and what is too much."""
    verdicts = {result.criterion.id: result.verdict for result in summary}
    verdicts |= {part.id: part.verdict for result in summary for part in result.invariants}
    criteria = {criterion.id for criterion in CRITERIA}
    kinds = {id_ in criteria for id_ in expected} or {True}
    violated = {id_ for id_ in violated_ids(summary) if (id_ in criteria) in kinds}
    words = {id_: verdict.value for id_, verdict in verdicts.items()}
    missing = [f"{id_} is {words.get(id_, 'not judged')}" for id_ in sorted(expected - violated)]
    hint = " (a larger --budget may find it)" if any("unknown" in one for one in missing) else ""
    extra = sorted(violated - expected)
    parts = [f"expected to be violated, but {', '.join(missing)}{hint}"] if missing else []
    return "; ".join([*parts, *([f"violated without being expected: {', '.join(extra)}"] if extra else [])])


def as_json(
    summary: Iterable[CriterionResult], *, firmware: str, target: str, seed: int, executions: int, seconds: float
) -> dict[str, object]:
    """The `--json` of `check`, as plain values."""
    return {
        "schema": 1,
        "firmware": firmware,
        "target": target,
        "seed": seed,
        "criteria": [
            {
                "id": result.criterion.id,
                "verdict": result.verdict.value,
                "invariants": [_invariant_json(part) for part in result.invariants],
            }
            for result in summary
        ],
        "executions": executions,
        "seconds": seconds,
    }


def _invariant_json(part: InvariantResult) -> dict[str, object]:
    return {
        "id": part.id,
        "verdict": part.verdict.value,
        "executions": part.executions,
        "exercised": part.exercised,
        "distinct_histories": part.distinct_histories,
        "counterexample": part.counterexample,
        "summary": masked(part.summary),
        **({"places": [masked(place) for place in part.places]} if part.places else {}),
        **({"figures": [_figure_json(figure) for figure in part.figures]} if part.figures else {}),
    }


def _figure_json(figure: Figure) -> dict[str, object]:
    """How readings were merged stands under `merged`; `bound` only where there is one."""
    shown = {"name": figure.name, "value": figure.value, "unit": figure.unit, "merged": figure.merge.value}
    return shown if figure.bound is None else {**shown, "bound": figure.bound}
