"""Which steps of a trace matter for a finding: those in which one task came between two accesses of another.

A *run* of a task goes from one wait of its main loop to the next. Where a run was suspended, others stepped in
between; that matters when they touched, at least one side writing, memory that the run used before *and* memory that
it used after: then the run cannot have seen or left one state. Where no run was so interrupted, what matters is the
memory that the evidence was made from, and who wrote it. Nothing here knows how a finding looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from p4verify.reports.values import member_of, token_of
from p4verify.verify.schedule import Step, StepKind

LOOK_BACK: Final = 20_000
"""Steps before the evidence that are considered."""
MOST_CANDIDATES: Final = 300
NEARBY: Final = 500
"""Steps on either side of a suspension, and within it, that are compared: a bound for traces nobody minimised."""
MOST_SUSPENSIONS: Final = 2
MOST_CAUSES: Final = 48
_ACCESSES: Final = (StepKind.READ, StepKind.WRITE)
_LOOP_WAITS: Final = (
    "vTaskDelay",
    "xTaskDelay",
    "xQueueReceive",
    "ulTaskNotifyTake",
    "xTaskNotifyWait",
    "xEventGroupWait",
)
_LOCKS: Final = ("portENTER", "taskENTER", "xSemaphoreTake", "pthread_mutex_lock")
_UNLOCKS: Final = ("portEXIT", "taskEXIT", "xSemaphoreGive", "pthread_mutex_unlock")
_HANDING_ON: Final = ("xQueueSend", "xTaskNotify", "xEventGroupSet", "pthread_cond_signal", "pthread_cond_broadcast")

Touched = dict[int, bool]
"""Addresses of bytes, and whether any access wrote."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """A task had stepped at `before` and stepped again at `after` (indices into the trace); others ran in between.

    `waiting` names the call it waited in; it is "" where the task could have gone on. `addresses` are those of
    the bytes in conflict; `telling` when the task used some of them by name and without a lock.
    """

    task: str
    before: int
    after: int
    waiting: str
    addresses: frozenset[int]
    telling: bool = True
    by: str = ""
    """Who ran in between, where that is not whoever touched the bytes."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """The indices of the steps to show, ascending, and the suspensions among them."""

    steps: tuple[int, ...]
    suspensions: tuple[Suspension, ...] = field(default=())
    waits: frozenset[int] = frozenset()
    """Those of the steps that are waits without end."""
    unfinished: tuple[int, ...] = ()
    """Those that are the last of their task, which could have gone on when the execution ended."""


def touched_by(step: Step) -> range:
    """The addresses of the bytes that an access touches; none for anything else."""
    return range(step.address, step.address + step.size) if step.kind in _ACCESSES else range(0)


def relevant(
    steps: Sequence[Step], last_position: int, mixed: frozenset[int] = frozenset(),
    named: frozenset[str] = frozenset(), *, booted: int = -1,
) -> Relevance:  # fmt: skip
    """What matters of a trace whose evidence is complete with the record at `last_position`.

    `mixed` are the tokens in the evidence: where suspensions touched values of theirs, only those matter. `named` are
    the members that the violation speaks of: where one of them was used before and after, the others do not matter.
    What was done up to the record at `booted` was before anything ran concurrently.
    """
    end = next((i for i, step in enumerate(steps) if step.position > last_position), len(steps))
    begin = next((i for i, step in enumerate(steps) if step.position > booted), 0)
    first = max(begin, end - LOOK_BACK)
    runs = _runs(steps, range(first, len(steps)))
    every = list(_suspensions(steps, runs, end, named))
    carrying = [suspension for suspension in every if _carries(steps, suspension, mixed)]
    found = _most_telling(carrying or every)
    boots = {index for index in range(first, end) if steps[index].kind is StepKind.BOOT}
    if not found:
        causes = _causes(steps, runs, first, end)
        return Relevance(tuple(sorted({*causes, *boots})), unfinished=_unfinished(steps, causes))
    chosen = boots.union(index for suspension in found for index in _involved(steps, runs, suspension))
    return Relevance(tuple(sorted(chosen)), tuple(sorted(found, key=lambda s: s.before)))


def _most_telling(suspensions: Sequence[Suspension]) -> Sequence[Suspension]:
    """Those nearest to the evidence: where there are any, of named memory without locks, and of no task that waited."""
    telling = [one for one in suspensions if one.telling] or suspensions
    preempted = [one for one in telling if not one.waiting] or telling
    return sorted(preempted, key=lambda one: -one.before)[:MOST_SUSPENSIONS]


def _runs(steps: Sequence[Step], window: range) -> dict[str, list[list[int]]]:
    """Per task its runs, each a list of indices. Time passing belongs to nobody, and none lives through a boot."""
    runs: dict[str, list[list[int]]] = {}
    for index in window:
        step = steps[index]
        if step.kind is StepKind.TIME:
            continue
        if step.kind is StepKind.BOOT:
            for of_task in runs.values():
                of_task.append([])
            continue
        of_task = runs.setdefault(step.task, [[]])
        if step.kind is StepKind.CALL and step.name.startswith(_LOOP_WAITS):
            of_task.append([])
        of_task[-1].append(index)
    return runs


def _suspensions(
    steps: Sequence[Step], runs: Mapping[str, list[list[int]]], end: int, named: frozenset[str]
) -> Iterable[Suspension]:
    """Those in conflict, among the candidates nearest to the evidence."""
    candidates = [
        (run[at - 1], at, run)
        for of_task in runs.values()
        for run in of_task
        for at in range(1, len(run))
        if run[at] - run[at - 1] > 1 and run[at - 1] < end
    ]
    candidates.sort(key=lambda candidate: -candidate[0])
    found = (_conflict(steps, run, at, named) for _, at, run in candidates[:MOST_CANDIDATES])
    return (suspension for suspension in found if suspension is not None)


def _conflict(steps: Sequence[Step], run: list[int], at: int, named: frozenset[str]) -> Suspension | None:
    before, after = run[at - 1], run[at]
    task = steps[before].task
    between = range(before + 1, min(after, before + NEARBY))
    others = _touched(steps, (i for i in between if steps[i].task != task))
    if not others:
        return None
    earlier = _clash(_touched(steps, run[max(0, at - NEARBY) : at]), others)
    later = _clash(_touched(steps, run[at : at + NEARBY]), others)
    if not earlier or not later:
        return None
    waiting = steps[before].name if steps[before].kind is StepKind.BLOCK else ""
    near = run[max(0, at - NEARBY) : at + NEARBY]
    telling = (earlier | later) & _plain(steps, near)
    about = telling & _of_members(steps, near, named)
    if earlier & about and later & about:
        telling = about | telling & _copied(steps, run, at)
    return Suspension(task, before, after, waiting, telling or earlier | later, bool(telling))


def _copied(steps: Sequence[Step], run: list[int], at: int) -> frozenset[int]:
    """The record in the middle of whose copy the run was left: all of its words; nothing where it was not copying."""
    before = [index for index in run[max(0, at - NEARBY) : at] if steps[index].kind in _ACCESSES]
    after = [index for index in run[at : at + NEARBY] if steps[index].kind in _ACCESSES]
    if not before or not after or _place(steps[before[-1]]) != _place(steps[after[0]]):
        return frozenset()
    one = _place(steps[after[0]])
    copied = (index for index in (*before, *after) if _place(steps[index]) == one)
    return frozenset(address for index in copied for address in touched_by(steps[index]))


def _place(step: Step) -> tuple[StepKind, str, int, str]:
    """What the accesses of one copy have in common."""
    return step.kind, step.file, step.line, member_of(step.name)[0]


def _of_members(steps: Sequence[Step], run: list[int], named: frozenset[str]) -> frozenset[int]:
    """The addresses of members of these names."""
    found = (steps[index] for index in run if not named.isdisjoint(_members(steps[index])))
    return frozenset(address for step in found for address in touched_by(step))


def _members(step: Step) -> Iterable[str]:
    """The members that an access touches: several where they share a word."""
    return (member_of(name)[1] for name in (step.name, *(part.name for part in step.parts)))


def _plain(steps: Sequence[Step], run: list[int]) -> frozenset[int]:
    """What the run touched without a lock and by a name."""
    return frozenset(address for index in _unlocked(steps, run) for address in touched_by(steps[index]))


def _unlocked(steps: Sequence[Step], run: Iterable[int]) -> Iterable[int]:
    """The accesses of one task to memory with a name while it held no lock."""
    depth = 0
    for index in run:
        step = steps[index]
        if step.kind is StepKind.CALL:
            depth += step.name.startswith(_LOCKS) - (depth > 0 and step.name.startswith(_UNLOCKS))
        elif not depth and not step.name.startswith("0x"):
            yield index


def _carries(steps: Sequence[Step], suspension: Suspension, mixed: frozenset[int]) -> bool:
    """Whether another task touched a measurement that came from one of the mixed events meanwhile."""
    between = (steps[i] for i in range(suspension.before + 1, suspension.after) if steps[i].task != suspension.task)
    return any(
        token_of(step.name, step.size, step.value) in mixed
        for step in between
        if suspension.addresses.intersection(touched_by(step))
    )


def _touched(steps: Sequence[Step], indices: Iterable[int]) -> Touched:
    touched: Touched = {}
    for index in indices:
        writes = steps[index].kind is StepKind.WRITE
        for address in touched_by(steps[index]):
            touched[address] = touched.get(address, False) or writes
    return touched


def _clash(own: Touched, others: Touched) -> frozenset[int]:
    return frozenset(address for address in own.keys() & others.keys() if own[address] or others[address])


def _involved(steps: Sequence[Step], runs: Mapping[str, list[list[int]]], suspension: Suspension) -> Iterable[int]:
    """Accesses to the memory in conflict: by the suspended run, and by the others meanwhile; with the calls between."""
    run = next(run for run in runs[suspension.task] if suspension.before in run)
    yield from _with_calls(steps, run, suspension.addresses)
    between = range(suspension.before + 1, suspension.after)
    for task in dict.fromkeys(steps[index].task for index in between):
        if task != suspension.task:
            yield from _with_calls(steps, [i for i in between if steps[i].task == task], suspension.addresses)


def _with_calls(steps: Sequence[Step], run: Sequence[int], wanted: frozenset[int]) -> Iterable[int]:
    """The accesses to `wanted` with the locks held at them and what was handed on between them."""
    accesses = [index for index in run if any(address in wanted for address in touched_by(steps[index]))]
    if not accesses:
        return []
    return [*accesses, *_sends(steps, run, accesses), *locks_at(steps, run, frozenset(accesses))]


def _sends(steps: Sequence[Step], run: Sequence[int], accesses: Sequence[int]) -> Iterable[int]:
    """Calls that hand something on or wake somebody, between the accesses."""
    between = (index for index in run if accesses[0] < index < accesses[-1])
    return (i for i in between if steps[i].kind is StepKind.CALL and steps[i].name.startswith(_HANDING_ON))


def locks_at(steps: Sequence[Step], run: Sequence[int], accesses: frozenset[int]) -> Iterable[int]:
    """The locks that were held at any of the accesses: where they were taken and where they were released."""
    held: list[int] = []
    used: set[int] = set()
    for index in run:
        if index in accesses:
            used.update(held)
        elif steps[index].kind is StepKind.CALL and steps[index].name.startswith(_LOCKS):
            held.append(index)
        elif held and steps[index].kind is StepKind.CALL and steps[index].name.startswith(_UNLOCKS):
            taken = held.pop()
            if taken in used:
                yield from (taken, index)


def _causes(steps: Sequence[Step], runs: Mapping[str, list[list[int]]], begin: int, end: int) -> tuple[int, ...]:
    """What the task that made the evidence had read in that run, where others wrote it last, and those writes.

    What it read under a lock counts where there is nothing else: whoever wrote that may have had none.
    """
    last = next((i for i in range(end - 1, -1, -1) if steps[i].kind is not StepKind.TIME), None)
    if last is None:
        return ()
    own = next((run for run in runs.get(steps[last].task, ()) if last in run), [])
    unlocked = frozenset(_unlocked(steps, own))
    shown = _read_from_others(steps, unlocked, begin, end)
    return shown or _with_locks(steps, own, _read_from_others(steps, frozenset(own), begin, end))


def _read_from_others(steps: Sequence[Step], run: frozenset[int], begin: int, end: int) -> tuple[int, ...]:
    """What the run read of what others wrote last, and those writes."""
    writers: dict[int, int] = {}
    causes: list[tuple[int, ...]] = []
    for index in range(begin, end):
        step = steps[index]
        origins = {writers[address] for address in touched_by(step) if address in writers}
        foreign = sorted(i for i in origins if steps[i].task != step.task)
        if index in run and foreign:
            causes.append((index, *foreign))
        if step.kind is StepKind.BOOT:
            writers.clear()
        if step.kind is StepKind.WRITE:
            writers.update(dict.fromkeys(touched_by(step), index))
    shown = causes[-MOST_CAUSES:]
    copied = (i for cause in shown for i in _same_copy(steps, run, cause[0]) if i < end)
    return tuple(sorted({*copied, *(index for cause in shown for index in cause)}))


def _with_locks(steps: Sequence[Step], run: Sequence[int], chosen: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted({*chosen, *locks_at(steps, run, frozenset(chosen))}))


def _same_copy(steps: Sequence[Step], run: frozenset[int], index: int) -> Iterable[int]:
    """The accesses of the run that a step is one copy with, itself among them."""
    near = run.intersection(range(index - NEARBY, index + NEARBY))
    return (i for i in near if _place(steps[i]) == _place(steps[index]))


def _unfinished(steps: Sequence[Step], chosen: Sequence[int]) -> tuple[int, ...]:
    """Those of the writes chosen after which their task took no further step although others did."""
    last = {step.task: i for i, step in enumerate(steps) if step.kind is not StepKind.TIME}
    stopped = (i for i in chosen if steps[i].kind is StepKind.WRITE and last[steps[i].task] == i)
    return tuple(i for i in stopped if i + 1 < len(steps))
