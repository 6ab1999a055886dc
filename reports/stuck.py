"""Which steps of a trace show why tasks wait for ever: who holds what the others want, or who was woken too early.

Where the waits are for what another task holds, the locks that were taken and never given back tell all. Where nobody
holds it, a wake-up was lost: what tells is what was done with the object, and what the waiting task had read before
somebody wrote it.
It looks at the ends of tasks only, and is of use only where nobody could go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from p4verify.reports.calls import GIVES, TAKES
from p4verify.reports.relevance import Relevance, Suspension, touched_by
from p4verify.verify.schedule import Step, StepKind

MAIN: Final = "main"
MOST_CALLS: Final = 12
MOST_STALE: Final = 4
"""Variables that the waiting task had read before they were written."""
MOST_SWITCHES: Final = 3
_NOTIFICATIONS: Final = ("ulTaskNotify", "xTaskNotify")


def stuck(steps: Sequence[Step]) -> Relevance | None:
    """What to show of an execution that ended because nobody could go on; None where nobody waits.

    What tasks waited for in an earlier boot they do not wait for any more.
    """
    begin = max((index for index, step in enumerate(steps) if step.kind is StepKind.BOOT), default=0)
    found = _stuck(steps[begin:])
    return None if found is None else _moved(found, begin)


def _moved(found: Relevance, by: int) -> Relevance:
    suspensions = (replace(one, before=one.before + by, after=one.after + by) for one in found.suspensions)
    waits = frozenset(index + by for index in found.waits)
    return Relevance(tuple(index + by for index in found.steps), tuple(suspensions), waits)


def _stuck(steps: Sequence[Step]) -> Relevance | None:
    waits = _waits(steps)
    held = {task for task, index in waits.items() if steps[index].holder}
    tasks = held | {steps[waits[task]].holder for task in held} if held else _forever(waits)
    final = {waits[task] for task in tasks if task in waits}
    if not final:
        return None
    objects = {steps[index].address for index in final}
    calls = [index for index, step in enumerate(steps) if _is_about(step, objects, tasks)]
    calls = [index for index in calls if not _ends_in(steps, index, final)]
    shown = _unreleased(steps, calls) if held else [*calls[-MOST_CALLS:], *_stale(steps, final)]
    chosen = tuple(sorted({*shown, *final}))
    return Relevance(chosen, tuple(_switches(steps, chosen, tasks)), frozenset(final))


def _waits(steps: Sequence[Step]) -> dict[str, int]:
    """The tasks whose last step is a wait, and that step."""
    last = {step.task: index for index, step in enumerate(steps) if step.kind not in (StepKind.TIME, StepKind.WAKE)}
    return {task: index for task, index in last.items() if steps[index].kind is StepKind.BLOCK}


def _forever(waits: Mapping[str, int]) -> set[str]:
    """Servers may wait for ever; main must not."""
    return {MAIN} if MAIN in waits else set(waits)


def _is_about(step: Step, objects: set[int], tasks: set[str]) -> bool:
    if step.kind is not StepKind.CALL:
        return False
    own = step.task in tasks and not step.address and step.name.startswith(_NOTIFICATIONS)
    return own or step.address in objects


def _ends_in(steps: Sequence[Step], call: int, final: set[int]) -> bool:
    """Whether this is the call in which its task waits now."""
    following = next((i for i in range(call + 1, len(steps)) if steps[i].task == steps[call].task), -1)
    return following in final


def _unreleased(steps: Sequence[Step], calls: Iterable[int]) -> list[int]:
    """Locks that were taken and not given back."""
    open_: list[int] = []
    for index in calls:
        step = steps[index]
        if step.name.startswith(GIVES):
            key = (step.task, step.address)
            taken = next((i for i in reversed(open_) if (steps[i].task, steps[i].address) == key), None)
            if taken is not None:
                open_.remove(taken)
        elif step.name.startswith(TAKES):
            open_.append(index)
    return open_[-MOST_CALLS:]


def _stale(steps: Sequence[Step], final: Iterable[int]) -> list[int]:
    """What a waiting task had read last before another wrote it, and the first such write."""
    found: list[int] = []
    for wait in final:
        read: dict[int, int] = {}
        pairs: dict[int, int] = {}
        for index, step in enumerate(steps):
            if step.kind is StepKind.READ and step.task == steps[wait].task and not step.name.startswith("0x"):
                read[step.address] = index
                pairs.pop(step.address, None)
            elif step.kind is StepKind.WRITE and step.task != steps[wait].task:
                for address in read.keys() & touched_by(step):
                    pairs.setdefault(address, index)
        for address in sorted(pairs, key=lambda one: -read[one])[:MOST_STALE]:
            found += [read[address], pairs[address]]
    return found


def _switches(steps: Sequence[Step], chosen: Sequence[int], tasks: Iterable[str]) -> list[Suspension]:
    """Where one of the tasks was left and another did what is shown."""
    found: list[Suspension] = []
    for task in sorted(tasks):
        own = [index for index, step in enumerate(steps) if step.task == task and step.kind is not StepKind.TIME]
        begun = min((index for index in chosen if steps[index].task == task), default=len(steps))
        for before, after in pairwise(own):
            between = [index for index in chosen if before < index < after]
            if between and before >= begun:
                waiting = steps[before].name if steps[before].kind is StepKind.BLOCK else ""
                by = steps[between[0]].task
                found.append(Suspension(task, before, after, waiting, frozenset(), by=by))
    return sorted(sorted(found, key=lambda one: -one.before)[:MOST_SWITCHES], key=lambda one: one.before)
