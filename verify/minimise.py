"""Makes a counterexample small: fewest preemptions, then fewest operations, then the shortest delays.

Operations are taken away first, each candidate program being searched anew for a violation of the same invariant;
then the choices of the schedule that is left are taken away, and where more than two remain, every schedule with one
or two choices near them is tried. Everything is bounded by `more`, which says whether there is time left; what has
been reached by then is returned, and it is never larger than what came in.

Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (TSE 2002), with one deviation: choices are
taken away from the end, because a choice decides what the later ones mean. That few preemptions suffice for most
defects: Musuvathi and Qadeer, "Iterative context bounding" (PLDI 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import combinations, takewhile
from typing import TypeVar

from p4verify.verify.program import CUT_KINDS, POWER, Program, Task
from p4verify.verify.schedule import TICK, Schedule

Case = TypeVar("Case")
Part = TypeVar("Part")
Search = Callable[[Program], Case | None]
"""Looks for the violation in a program; None when it is not found."""
Holds = Callable[[Schedule], bool]
"""Whether a schedule still shows the violation."""
More = Callable[[], bool]
Segment = tuple[int, int]
RunSegments = Callable[[tuple[Segment, ...]], tuple[Segment, ...] | None]

FEW = 2
"""Choices above which the neighbourhood of those that are left is searched for fewer."""
NEAR = 6
"""How many choice points before and after a choice count as near it."""


def smallest_program(program: Program, case: Case, search: Search[Case], more: More) -> tuple[Program, Case]:
    """The smallest program that `search` still finds the violation in, with what it found there last.

    One way of making it simpler is used up before the next; no program is searched twice.
    """
    tried = {repr(program)}
    improved = True
    while improved and more():
        improved = False
        for simpler in _SIMPLER:
            while (found := _first(simpler(program), search, tried, more)) is not None:
                program, case = found
                improved = True
    return program, case


def _first(
    candidates: Iterable[Program], search: Search[Case], tried: set[str], more: More
) -> tuple[Program, Case] | None:
    for candidate in candidates:
        if not more():
            return None
        key = repr(candidate)
        if key in tried:
            continue
        tried.add(key)
        case = search(candidate)
        if case is not None:
            return candidate, case
    return None


def _without_tasks(program: Program) -> Iterator[Program]:
    if len(program.tasks) > 1:
        for index in range(len(program.tasks)):
            yield replace(program, tasks=program.tasks[:index] + program.tasks[index + 1 :])


def _without_calls(program: Program) -> Iterator[Program]:
    """Runs of calls of one task: halves first, then single ones; a task that has none left goes."""
    for index, task in enumerate(program.tasks):
        for kept in _without_runs(task.invocations):
            tasks = list(program.tasks)
            tasks[index] = replace(task, invocations=kept)
            remaining = tuple(task for task in tasks if task.invocations)
            if remaining:
                yield replace(program, tasks=remaining)


def _without_runs(items: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    size = max(1, len(items) // 2)
    while items:
        for start in range(len(items) - size, -1, -size):
            yield items[:start] + items[start + size :]
        if size == 1:
            return
        size //= 2


def _without_environment(program: Program) -> Iterator[Program]:
    """Whole streams, then their ends, then single values; then values become 0."""
    for name, values in program.environment.items():
        others = {other: kept for other, kept in program.environment.items() if other != name}
        yield replace(program, environment=others)
        for length in range(len(values) // 2, len(values)):
            if length:
                yield replace(program, environment={**others, name: values[:length]})
        for index in range(len(values) - 1):
            yield replace(program, environment={**others, name: values[:index] + values[index + 1 :]})
        for index, value in enumerate(values):
            if value:
                plain = (*values[:index], 0, *values[index + 1 :])
                yield replace(program, environment={**others, name: plain})


def _sooner(program: Program) -> Iterator[Program]:
    """The power is cut at an earlier write, frame or moment."""
    for index, value in enumerate(program.environment.get(POWER, ())):
        n = value % CUT_KINDS
        for fewer in dict.fromkeys((1, n // 2, n - 1)):
            if 0 < fewer < n:
                yield _cut_at(program, index, value - n + fewer)


def _without_calls_before_cuts(program: Program) -> Iterator[Program]:
    """Without one call, and a cut comes as much earlier as it wrote or received."""
    for index, value in enumerate(program.environment.get(POWER, ())):
        for simpler in _without_calls(program):
            if simpler.size == program.size - 1:
                yield from (_cut_at(simpler, index, value - less) for less in (1, 2) if value % CUT_KINDS > less)


def _cut_at(program: Program, index: int, value: int) -> Program:
    cuts = program.environment[POWER]
    return replace(program, environment={**program.environment, POWER: (*cuts[:index], value, *cuts[index + 1 :])})


def _without_final(program: Program) -> Iterator[Program]:
    for kept in _without_runs(program.final):
        yield replace(program, final=kept)


def _shorter(program: Program) -> Iterator[Program]:
    for index, task in enumerate(program.tasks):
        for number, call in enumerate(task.invocations):
            for delay in (0, call.delay_ms // 2 // 10 * 10):
                if delay < call.delay_ms:
                    calls = list(task.invocations)
                    calls[number] = replace(call, delay_ms=delay)
                    yield _with_task(program, index, replace(task, invocations=tuple(calls)))
    for settle in (0, program.settle_ms // 2):
        if settle < program.settle_ms:
            yield replace(program, settle_ms=settle)


def _plainer(program: Program) -> Iterator[Program]:
    """Two cells instead of many, and everyone of the usual priority on any core."""
    for index, task in enumerate(program.tasks):
        for number, call in enumerate(task.invocations):
            cells = call.arguments[1] if call.operation == "bus.pack" and len(call.arguments) > 1 else 0
            if isinstance(cells, int) and cells > 2:
                calls = list(task.invocations)
                calls[number] = replace(call, arguments=(call.arguments[0], 2))
                yield _with_task(program, index, replace(task, invocations=tuple(calls)))
        if task.priority != 5:
            yield _with_task(program, index, replace(task, priority=5))
        if task.core is not None:
            yield _with_task(program, index, replace(task, core=None))


_SIMPLER = (
    _without_tasks, _without_calls, _without_environment, _sooner, _without_calls_before_cuts, _without_final, _shorter,
    _plainer,
)  # fmt: skip
"""The greatest steps first."""


def _with_task(program: Program, index: int, task: Task) -> Program:
    return replace(program, tasks=(*program.tasks[:index], task, *program.tasks[index + 1 :]))


def fewest_choices(schedule: Schedule, holds: Holds, more: More) -> Schedule:
    """A schedule none of whose choices can be left out, as early and with as small offsets as they can be.

    `schedule` itself is taken to hold. What is returned has been seen to hold, or is `schedule`.
    """
    smaller = _fewest(schedule, holds, more)
    if len(smaller.choices) > FEW:
        smaller = next(filter(holds, takewhile(lambda _: more(), _fewer_near(smaller))), smaller)
    smaller = _simplest(_earlier(smaller, holds, more), holds, more)
    return _fewest(smaller, holds, more)


def _fewest(schedule: Schedule, holds: Holds, more: More) -> Schedule:
    """Runs of choices are taken away from the end: halves, then quarters, at last single ones until none can go."""
    size = max(1, len(schedule.choices) // 2)
    while schedule.choices:
        removed = False
        end = len(schedule.choices)
        while end > 0:
            if not more():
                return schedule
            start = max(0, end - size)
            candidate = replace(schedule, choices=schedule.choices[:start] + schedule.choices[end:])
            if holds(candidate):
                schedule, removed = candidate, True
            end = start
        if size == 1 and not removed:
            break
        size = max(1, min(size // 2, len(schedule.choices) // 2))
    return schedule


def _fewer_near(schedule: Schedule) -> Iterator[Schedule]:
    """Every schedule with one choice, then every one with two, at the points near those of a schedule."""
    offsets = sorted({offset for _, offset in schedule.choices} | {1})
    points = {near for point, _ in schedule.choices for near in range(max(0, point - NEAR), point + NEAR + 1)}
    choices = [(point, offset) for point in sorted(points) for offset in offsets]
    for choice in choices:
        yield replace(schedule, choices=(choice,))
    for first, second in combinations(choices, 2):
        if first[0] < second[0]:
            yield replace(schedule, choices=(first, second))


def _earlier(schedule: Schedule, holds: Holds, more: More) -> Schedule:
    """Each choice as early as halving its distance to the one before finds."""
    for index in range(len(schedule.choices)):
        floor = schedule.choices[index - 1][0] + 1 if index else 0
        step = (schedule.choices[index][0] - floor + 1) // 2
        while step > 0 and more():
            point, offset = schedule.choices[index]
            candidate = _with_choice(schedule, index, (point - step, offset)) if point - step >= floor else None
            if candidate is not None and holds(candidate):
                schedule = candidate
            else:
                step //= 2
    return schedule


def fewest_segments(segments: tuple[Segment, ...], run: RunSegments, more: More) -> tuple[Segment, ...]:
    """The fewest segments (so many choice points of one task) that still show the violation.

    `run` returns the segments that really happened when the violation is still there, else None: taking one away lets
    its neighbours merge.
    """
    best = segments
    size = max(1, len(best) // 2)
    while more():
        smaller = next((found for found in _shrunk(best, size, run, more)), None)
        if smaller is not None:
            best = smaller
            size = max(1, min(size, len(best) // 2))
        elif size == 1:
            break
        else:
            size //= 2
    return best


def _shrunk(best: tuple[Segment, ...], size: int, run: RunSegments, more: More) -> Iterator[tuple[Segment, ...]]:
    for start in range(max(0, len(best) - size), -1, -size):
        for candidate in _rearranged(best, start, size):
            if not more():
                return
            happened = run(candidate)
            if happened is not None and len(happened) < len(best):
                yield happened


def _rearranged(best: tuple[Segment, ...], start: int, size: int) -> Iterator[tuple[Segment, ...]]:
    """Without the segments, and with them moved behind or before the next one of the same task."""
    kept, taken = best[:start] + best[start + size :], best[start : start + size]
    yield kept
    if size == 1:
        for where in (start + 1, start - 1):
            if 0 <= where <= len(kept):
                yield kept[:where] + taken + kept[where:]


def _simplest(schedule: Schedule, holds: Holds, more: More) -> Schedule:
    """Each choice the smallest offset that will do; letting time pass early counts as the largest."""
    for index, (point, offset) in enumerate(schedule.choices):
        for simpler in range(1, min(offset, 4 if offset == TICK else offset)):
            if not more():
                return schedule
            candidate = _with_choice(schedule, index, (point, simpler))
            if holds(candidate):
                schedule = candidate
                break
    return schedule


def _with_choice(schedule: Schedule, index: int, choice: tuple[int, int]) -> Schedule:
    return replace(schedule, choices=(*schedule.choices[:index], choice, *schedule.choices[index + 1 :]))
