"""What the history shows of a violation: the records at its positions, and which field came from which event.

It reads the history and the tokens in it; it never judges again. Bodies are read with the same reader as the
invariants use.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from p4verify.reports import values
from p4verify.reports.finding import ConfirmedFinding
from p4verify.verify import tokens
from p4verify.verify.history import Observation, Operation
from p4verify.verify.points import read_point
from p4verify.verify.program import Invocation, Value
from p4verify.verify.timeline import KINDS

Number = tuple[str, float]
_REQUEST, _RESPONSE = "http.request", "http.response"
_EVENTS: Final = ("battery", "pack")


@dataclass(frozen=True, slots=True)
class Origin:
    """A field of a record, its value, and what it came from: the token (None: no event has it), and in words."""

    field: str
    value: float
    token: int | None
    whence: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the history as a row: "a calls bus.battery(16)". `token` is the event's, where it has just one."""

    position: int
    time_us: int
    task: str
    verb: str
    what: str
    detail: str = ""
    origins: tuple[Origin, ...] = ()
    token: int | None = None
    evidence: bool = False
    last: bool = False
    """Whether it completes the evidence."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """A record whose fields come from more than one event."""

    record: Record
    origins: tuple[Origin, ...]

    @property
    def tokens(self) -> tuple[int, ...]:
        """The tokens in it, ascending."""
        return tuple(sorted({origin.token for origin in self.origins if origin.token is not None}))


def records(finding: ConfirmedFinding) -> tuple[Record, ...]:
    """The records at the finding's positions in order, with the calls and the posts that lie between them."""
    wanted = set(finding.positions)
    first, last = (min(wanted), max(wanted)) if wanted else (0, 0)
    found = _posts(finding, first, last) | {record.position: record for record in _Reader(finding).observed()}
    for operation in finding.execution.history.operations:
        found |= {record.position: record for record in _called(operation, wanted, first, last)}
    complete = max(wanted, default=-1)
    return tuple(replace(found[position], last=position == complete) for position in sorted(found))


def _posts(finding: ConfirmedFinding, first: int, last: int) -> dict[int, Record]:
    """Requests and answers between the first and the last evidence by tasks that have a part in it: they take time."""
    observations = finding.execution.history.observations
    tasks = {observation.task for observation in observations if observation.position in finding.positions}
    between = (o for o in observations if first < o.position < last and o.task in tasks)
    return {
        o.position: Record(o.position, o.time_us, o.task, *_words(o, None))
        for o in between
        if o.observer in (_REQUEST, _RESPONSE)
    }


def mixtures(finding: ConfirmedFinding) -> tuple[Mixture, ...]:
    """The records of the evidence whose fields come from more than one event, each kind of event for itself."""
    reader = _Reader(finding)
    found = []
    for observation in reader.at_positions():
        torn = tuple(o for group in reader.groups(observation) if len({o.token for o in group}) > 1 for o in group)
        if len({origin.token for origin in torn} - {None}) > 1:
            found.append(Mixture(reader.record(observation), torn))
    return tuple(found)


# ---- observations ----


class _Reader:
    """Reads the observations of one finding, knowing which tokens were given to the firmware and by whom."""

    def __init__(self, finding: ConfirmedFinding) -> None:
        self._wanted = frozenset(finding.positions)
        self._observations = finding.execution.history.observations
        self._given = _given(finding)

    def at_positions(self) -> Iterable[Observation]:
        return (observation for observation in self._observations if observation.position in self._wanted)

    def observed(self) -> Iterable[Record]:
        return (self.record(observation) for observation in self.at_positions())

    def record(self, observation: Observation) -> Record:
        source = self._payload(observation) or observation
        origins = tuple(origin for group in self.groups(source) for origin in group)
        seen = {origin.token for origin in origins}
        token = seen.pop() if len(seen) == 1 else None
        verb, what = _words(observation, token)
        detail = "" if origins else _detail(source)
        shown = () if token and observation is not source else origins
        position, time_us, task = observation.position, observation.time_us, observation.task
        return Record(position, time_us, task, verb, what, detail, shown, token, evidence=True)

    def _payload(self, observation: Observation) -> Observation | None:
        """What a handler was given: the record that follows its entry."""
        if observation.observer != "handler.enter":
            return None
        later = (o for o in self._observations if o.position > observation.position and o.task == observation.task)
        following = next(later, None)
        return following if following is not None and following.observer.startswith("deliver.") else None

    def groups(self, observation: Observation) -> Sequence[tuple[Origin, ...]]:
        """Its measurements with where they came from, the battery's and the pack's apart."""
        if observation.observer == _REQUEST:
            return self._body_groups(str(observation.fields.get("body", "")))
        kind = observation.observer.rpartition(".")[2]
        return [self._origins(kind, _numbers(observation.fields))] if kind in _EVENTS else []

    def _body_groups(self, body: str) -> Sequence[tuple[Origin, ...]]:
        try:
            point = read_point(body)
        except ValueError:
            return []
        return [self._origins("battery", point.battery), self._origins("pack", point.pack)]

    def _origins(self, kind: str, group: Sequence[Number]) -> tuple[Origin, ...]:
        laws = tokens.BATTERY if kind == "battery" else tokens.PACK
        return tuple(
            self._origin(name, value, tokens.decode(value, *laws[name])) for name, value in group if name in laws
        )

    def _origin(self, name: str, value: float, token: int | None) -> Origin:
        whence = self._given.get(token) if token is not None else None
        if whence is None or token is None:
            return Origin(name, value, None, "never set" if value == 0 else "no event")
        return Origin(name, value, token, f"{whence} {token}")


def _given(finding: ConfirmedFinding) -> dict[int, str]:
    """What brought each token into the firmware: an operation of the program, or a read of the BMS."""
    given: dict[int, str] = {}
    for observation in finding.execution.history.seen("tm.read"):
        given[int(observation["token"])] = "TinyBMS read"
    for task in finding.program.tasks:
        for invocation in task.invocations:
            kind = invocation.operation.removeprefix("bus.")
            at = {"battery": 0, "pack": 0, "register": 1}.get(kind)
            if at is not None and len(invocation.arguments) > at:
                given[int(invocation.arguments[at])] = f"{kind} event"
    return given


def _words(observation: Observation, token: int | None) -> tuple[str, str]:
    name = observation.observer
    if name.startswith("handler."):
        kind = KINDS.get(int(observation["event"]), "other")
        if name == "handler.return":
            return "leaves", f"the {kind} handler"
        return "handles", f"{kind} event" + (f" {token}" if token else "")
    if name == _REQUEST:
        return "posts", f"HTTP request {int(observation['serial'])}"
    if name == _RESPONSE:
        return "gets", f"the answer to request {int(observation['serial'])}"
    if name.startswith("bus.publish."):
        return "publishes", name.removeprefix("bus.publish.")
    return "sees", name


def _detail(observation: Observation) -> str:
    hidden = {"serial", "subscriber", "digest", "event"}
    shown = {name: value for name, value in observation.fields.items() if name not in hidden}
    body = shown.pop("body", None)
    return values.printable(str(body)) if body is not None else values.fields(shown)


def _numbers(fields: Mapping[str, Value]) -> tuple[Number, ...]:
    known = {**tokens.BATTERY, **tokens.PACK}
    return tuple((name, float(value)) for name, value in fields.items() if name in known)


# ---- operations ----


def _called(operation: Operation, wanted: set[int], first: int, last: int) -> Iterable[Record]:
    """The call when it lies between the first and the last evidence, its return when it is evidence itself."""
    text = call(operation.invocation)
    if first <= operation.invoked <= last or operation.invoked in wanted:
        evidence = operation.invoked in wanted
        yield Record(operation.invoked, operation.invoked_us, operation.task, "calls", text, evidence=evidence)
    if operation.returned is not None and operation.returned_us is not None and operation.returned in wanted:
        detail = values.fields(operation.results or {})
        what = f"from {operation.name}"
        yield Record(operation.returned, operation.returned_us, operation.task, "returns", what, detail, evidence=True)


def call(invocation: Invocation) -> str:
    """An invocation as it would be written: bus.battery(16)."""
    arguments = ", ".join(values.field(invocation.operation, value) for value in invocation.arguments)
    return f"{invocation.operation}({arguments})"
