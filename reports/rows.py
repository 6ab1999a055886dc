"""From the steps that matter to rows that read well: accesses to one record in one row, split where it was torn.

A `Row` is what one task did at one place of the source; a `Switch` is the moment another task came between; a `Gap`
stands for steps left out. They carry words and values, not colours or columns.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from p4verify.reports import scalars, values
from p4verify.reports.calls import words_of
from p4verify.reports.evidence import Record
from p4verify.reports.relevance import Relevance, Suspension, touched_by
from p4verify.verify.schedule import Step, StepKind

MOST_ROWS: Final = 20
_FAR: Final = 12
"""Lines of source further apart than this are rows of their own."""
_OWN_SOURCES: Final = "p4verify/"
_VERBS: Final = {StepKind.READ: "reads", StepKind.WRITE: "writes"}
_PART, _REST = "a part of", "the rest of"
_LATER: Final = {_REST: "another part of"}


@dataclass(frozen=True, slots=True)
class Reading:
    """A member and its value, with the token that it came from where it is a measurement."""

    member: str
    value: str
    token: int | None


@dataclass(frozen=True, slots=True)
class Action:
    """One line of a row: "reads s_state.last_batt" with what was read, or a call."""

    verb: str
    what: str
    readings: tuple[Reading, ...] = ()
    part: str = ""
    """Which part of a copy it is, where that was torn: "a part of"."""

    @property
    def token(self) -> int | None:
        """The token that all its measurements share."""
        found = {reading.token for reading in self.readings}
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Row:
    """What a task did on these lines of a file. `index` is its first step in the trace."""

    task: str
    index: int
    actions: tuple[Action, ...]
    file: str = ""
    lines: tuple[int, ...] = ()
    record: bool = False
    """Whether it is from the history, not from the trace."""
    evidence: bool = False
    last: bool = False
    """Whether it completes the evidence."""
    token: int | None = None
    time_us: int = 0

    @property
    def writes(self) -> bool:
        """Whether it wrote to memory."""
        return any(action.verb == _VERBS[StepKind.WRITE] for action in self.actions)


@dataclass(frozen=True, slots=True)
class Switch:
    """A task was left at its step `before` and another, `by`, ran, or (`resumed`) it went on."""

    index: int
    text: str
    task: str
    by: str = ""
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Steps that are not shown."""

    steps: int
    microseconds: int


Entry = Row | Switch | Gap


def rows(steps: Sequence[Step], relevance: Relevance, records: Iterable[Record]) -> list[Entry]:
    """Everything to show, in order, with gaps for what is left out."""
    switches = _merged(
        [
            *(switch for suspension in relevance.suspensions for switch in _switches(steps, suspension)),
            *(_for_good(steps, index) for index in relevance.unfinished),
        ]
    )
    breaks = {switch.index for switch in switches}
    accessed = _step_rows(steps, relevance, breaks)
    torn = torn_copies([row for row, _ in accessed], breaks)
    placed = [_Placed(row.index, 3, after, row) for row, (_, after) in zip(torn, accessed, strict=True)]
    placed += [_Placed(switch.index, 1, switch.index, switch) for switch in switches]
    for row in (_record_row(steps, record) for record in records):
        before_switch = row.index > 0 and steps[row.index - 1].task == row.task
        placed.append(_Placed(row.index, 0 if before_switch else 2, row.index, row))
    placed.sort(key=lambda one: (one.index, one.order))
    return _with_gaps(steps, _nearest(placed))


@dataclass(frozen=True, slots=True)
class _Placed:
    """An entry before step `index`, and where the steps that it shows end.

    `order` among those before the same step: records of the task that was running, a switch, other records, accesses.
    """

    index: int
    order: int
    after: int
    entry: Row | Switch

    @property
    def is_vital(self) -> bool:
        return isinstance(self.entry, Switch) or self.entry.evidence


def _nearest(entries: list[_Placed]) -> list[_Placed]:
    """Those nearest to a switch or to evidence, where there are too many to read."""
    if len(entries) <= MOST_ROWS:
        return entries
    vital = [i for i, entry in enumerate(entries) if entry.is_vital] or [len(entries) - 1]
    order = sorted(range(len(entries)), key=lambda i: min(abs(i - v) for v in vital))
    return [entries[i] for i in sorted(order[:MOST_ROWS])]


def _with_gaps(steps: Sequence[Step], entries: list[_Placed]) -> list[Entry]:
    result: list[Entry] = []
    shown = 0
    for placed in entries:
        if placed.index > shown:
            passed = steps[min(placed.index, len(steps) - 1)].time_us - steps[max(shown - 1, 0)].time_us
            result.append(Gap(placed.index - shown, passed))
        result.append(placed.entry)
        shown = max(shown, placed.after)
    return result


# ---- accesses and calls ----


def _step_rows(steps: Sequence[Step], relevance: Relevance, breaks: set[int]) -> list[tuple[Row, int]]:
    """Rows, each with the index after its last step."""
    groups: list[list[int]] = []
    for index in relevance.steps:
        if groups and _continues(steps, groups[-1], index, breaks):
            groups[-1].append(index)
        else:
            groups.append([index])
    return [(_row(steps, group, evidence=group[0] in relevance.waits), group[-1] + 1) for group in groups]


def _continues(steps: Sequence[Step], group: list[int], index: int, breaks: set[int]) -> bool:
    last, step = steps[group[-1]], steps[index]
    if any(steps[i].task != step.task or i in breaks for i in range(group[-1] + 1, index + 1)):
        return False
    if last.task != step.task or last.file != step.file or not {last.kind, step.kind} <= _VERBS.keys():
        return False
    if any((steps[i].kind, steps[i].address) == (step.kind, step.address) for i in group):
        return False
    same_record = values.member_of(last.name)[0] == values.member_of(step.name)[0]
    near = abs(step.line - steps[group[0]].line) <= _FAR
    return last.line == step.line or (same_record and near and last.kind is step.kind)


def _row(steps: Sequence[Step], group: list[int], *, evidence: bool) -> Row:
    first = steps[group[0]]
    actions: dict[tuple[StepKind, str], list[Step]] = {}
    for step in (steps[index] for index in group):
        actions.setdefault((step.kind, _container(step)), []).append(step)
    file = "" if first.file.startswith(_OWN_SOURCES) else first.file
    lines = tuple(sorted({steps[i].line for i in group})) if file else ()
    if first.kind in _VERBS:
        shown = tuple(_action(kind, what, parts) for (kind, what), parts in actions.items())
    else:
        shown = (_call(steps, group[0]),)
    return Row(
        first.task, group[0], shown, file, lines, evidence=evidence, last=evidence, time_us=first.time_us,
    )  # fmt: skip


def _call(steps: Sequence[Step], index: int) -> Action:
    own = (step for step in steps[index + 1 :] if step.task == steps[index].task)
    waited = steps[index].kind is StepKind.CALL and next(own, steps[index]).kind is StepKind.BLOCK
    verb, what = words_of(steps[index], waited=waited)
    return Action(verb, values.printable(what))


def _container(step: Step) -> str:
    if step.kind not in _VERBS:
        return step.name
    return "heap" if step.name.startswith("0x") else values.member_of(step.name)[0]


def _action(kind: StepKind, what: str, steps: Sequence[Step]) -> Action:
    readings = (
        *(_of_piece(what, piece) for piece in scalars.pieces(steps)),
        *dict.fromkeys(_reading(step) for step in steps if not step.parts),
    )
    return Action(_VERBS[kind], values.printable(what), readings)


def _of_piece(what: str, piece: scalars.Piece) -> Reading:
    name = scalars.name_of(piece)
    member = name[len(what) :].removeprefix(".") if name.startswith((f"{what}.", f"{what}[", f"{what} ")) else name
    member = "" if name == what else member
    return Reading(values.printable(member), values.printable(scalars.value_of(piece)), scalars.token_of(piece))


def _reading(step: Step) -> Reading:
    member = step.name if step.name.startswith("0x") else values.member_of(step.name)[1]
    token = values.token_of(step.name, step.size, step.value)
    return Reading(values.printable(member), values.bits(step.name, step.size, step.value), token)


# ---- torn copies ----


def torn_copies(found: Sequence[Row], breaks: Iterable[int]) -> list[Row]:
    """The same rows; what one statement copied of a record before and after others ran is said to be parts of it."""
    result = list(found)
    cuts = sorted(breaks)
    for task in dict.fromkeys(row.task for row in found):
        own = [i for i, row in enumerate(found) if row.task == task]
        for one, other in itertools.pairwise(own):
            if any(found[one].index < cut <= found[other].index for cut in cuts):
                result[one], result[other] = _in_parts(result[one], result[other])
    return result


def _in_parts(one: Row, other: Row) -> tuple[Row, Row]:
    if not one.lines or one.file != other.file or one.lines[-1] != other.lines[0]:
        return one, other
    rest = {_copied(action): action for action in other.actions if action.verb in _VERBS.values()}
    torn = {_copied(action) for action in one.actions if _is_rest(rest.get(_copied(action)), action)}
    first = (replace(a, part=_LATER.get(a.part, _PART)) if _copied(a) in torn else a for a in one.actions)
    second = (replace(a, part=_REST) if _copied(a) in torn else a for a in other.actions)
    return replace(one, actions=tuple(first)), replace(other, actions=tuple(second))


def _copied(action: Action) -> tuple[str, str]:
    return action.verb, action.what


def _is_rest(later: Action | None, action: Action) -> bool:
    """Whether it goes on with other members of the same record."""
    if later is None:
        return False
    members = {reading.member for reading in action.readings}
    return "" not in members and members.isdisjoint(reading.member for reading in later.readings)


# ---- records ----


def _place(steps: Sequence[Step], record: Record) -> int:
    """The index of the first step that was taken after the record had been made."""
    return next((i for i, step in enumerate(steps) if step.position > record.position), len(steps))


def _record_row(steps: Sequence[Step], record: Record) -> Row:
    readings = tuple(Reading(o.field, values.number(o.value), o.token) for o in record.origins)
    detail = (Action("", record.detail),) if record.detail else ()
    actions = (Action(record.verb, values.printable(record.what), readings), *detail)
    index, evidence = _place(steps, record), record.evidence
    return Row(
        record.task, index, actions, record=True, evidence=evidence, last=record.last, token=record.token,
        time_us=record.time_us,
    )  # fmt: skip


# ---- switches ----


def _switches(steps: Sequence[Step], suspension: Suspension) -> tuple[Switch, Switch]:
    task, after = suspension.task, steps[suspension.after]
    intruder = _intruder(steps, suspension)
    text = f"{_where(steps, suspension)}: {intruder.task} runs on core {intruder.core}"
    resume = f"{task} goes on" + (f" at line {after.line}" if _is_firmware(after) else "")
    left = Switch(suspension.before + 1, text, task, intruder.task)
    return left, Switch(suspension.after, resume, task, intruder.task, resumed=True)


def _for_good(steps: Sequence[Step], index: int) -> Switch:
    """Of a task that could have gone on after its step `index`, and never did."""
    step, other = steps[index], steps[index + 1]
    where = f"at line {step.line}" if _is_firmware(step) else "in a call"
    return Switch(index + 1, f"{step.task} stops {where} and does not go on: {other.task} runs", step.task, other.task)


def _merged(switches: Iterable[Switch]) -> list[Switch]:
    """In order; where one task goes on because another was left, that is one switch."""
    result: list[Switch] = []
    for switch in sorted(switches, key=lambda s: (s.index, not s.resumed)):
        if result and result[-1].index == switch.index and result[-1].resumed and not switch.resumed:
            left = switch.text.rpartition(": ")[0]
            result[-1] = Switch(switch.index, f"{left}: {result[-1].text}", switch.task, switch.by)
        else:
            result.append(switch)
    return result


def _intruder(steps: Sequence[Step], suspension: Suspension) -> Step:
    """The first step of the task that touched the memory in conflict."""
    between = [step for step in steps[suspension.before + 1 : suspension.after] if step.task != suspension.task]
    between = [step for step in between if step.task == suspension.by] or between
    return next((step for step in between if suspension.addresses.intersection(touched_by(step))), between[0])


def _where(steps: Sequence[Step], suspension: Suspension) -> str:
    task, before, after = suspension.task, steps[suspension.before], steps[suspension.after]
    if suspension.waiting:
        return f"while {task} waits in {values.printable(suspension.waiting)}"
    verb = "is preempted" if _intruder(steps, suspension).core == before.core else f"(core {before.core}) is"
    if not _is_firmware(before) or not _is_firmware(after):
        near = before if _is_firmware(before) else after
        return f"{task} {verb} at {short(near.file)}:{near.line}" if _is_firmware(near) else f"{task} {verb} in a call"
    if before.file != after.file:
        return f"{task} {verb} between {short(before.file)}:{before.line} and {short(after.file)}:{after.line}"
    if before.line == after.line:
        return f"{task} {verb} in the middle of line {before.line}"
    return f"{task} {verb} between line {before.line} and line {after.line}"


def _is_firmware(step: Step) -> bool:
    return bool(step.line) and not step.file.startswith(_OWN_SOURCES)


def short(file: str) -> str:
    """The file's own name, fit to be printed."""
    return values.printable(file.rsplit("/", 1)[-1])
