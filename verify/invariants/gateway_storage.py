"""What the gateway's adapter keeps in NVS: re.restore-age, re.restore-intact, re.no-lost-dirty, re.delta-flush and
re.config-durable.

NVS is judged by when it is written and by what is restored after a cut; what a blob holds is nobody's business. Frames
whose callbacks overlapped have no order, so either may be the newer one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise, takewhile

from p4verify.verify import tokens
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.invariants.gateway import (
    CONFIG,
    TELEMETRY,
    WHOLE_BATTERY,
    Change,
    Gateway,
    NvsCall,
    config_token,
    record_token,
)
from p4verify.verify.limits import config, limit
from p4verify.verify.timeline import Publish, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated

EARLY_FLUSHES = "CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSHES"


# ---- what is restored


def restore_age(execution: Execution, setting: Setting) -> Judgement:
    """re.restore-age: after a cut, nothing received earlier than a flush interval before it is newer than the restored.

    Failed writes extend that: the interval then counts from the last failure.
    """
    boots = Gateway.of(execution, setting)
    if len(boots) == 1 or any(boot.foreign(execution.history.end) for boot in boots):
        return NOT_EXERCISED
    restored = [_token(boot.restored("battery"), record_token) for boot in boots]
    exercised = False
    for number, (before, after) in enumerate(pairwise(boots)):
        required = _required(before, before.changes, TELEMETRY)
        shown = restored[number + 1]
        if not required or shown == _UNREADABLE or not (shown is not None or _has_booted(after)):
            continue
        exercised = True
        verdict = _too_old("telemetry", before, after, before.arrivals, required=required, restored=shown)
        if verdict is not None:
            return verdict
    return HELD if exercised else NOT_EXERCISED


_UNREADABLE = -1
"""What is restored carries several tokens or none."""


def _token(calls: Sequence[Publish], read: Callable[[Publish], int | None]) -> int | None:
    """The token of what was restored, None when nothing was."""
    if not calls or _says_nothing(calls[0]):
        return None
    token = read(calls[0])
    return _UNREADABLE if token is None else token


def _says_nothing(call: Publish) -> bool:
    """A record that is shown as unknown, with nothing in it."""
    if call.kind == "battery":
        measured = (float(call.fields[name]) for name in tokens.BATTERY)
        return not any(measured) and not int(call.fields["flags"]) & 1
    return call.kind == "pack" and not call.fields["cell_count"]


def _has_booted(boot: Gateway) -> bool:
    """Whether the firmware had all the time it needs to restore."""
    return boot.cut is None and boot.view.execution.ending.outcome is Outcome.COMPLETED


def _required(boot: Gateway, changes: Iterable[Change], key: str) -> list[Change]:
    """What had to be in NVS when the power was cut."""
    failures = boot.failures(key)
    required = []
    for change in changes:
        since = [change.done_us, *(f.end_us for f in failures if f.end > change.given)]
        if max(since) + boot.interval_us < boot.end_us:
            required.append(change)
    return required


def _too_old(
    what: str, before: Gateway, after: Gateway, changes: list[Change], *, required: list[Change], restored: int | None
) -> Judgement | None:
    """A violation when every arrival of what was restored had ended before something required arrived."""
    newest = max(required, key=lambda change: change.given)
    candidates = [change for change in changes if change.token == restored]
    if any(all(change.done >= other.given for other in required) for change in candidates):
        return None
    shown = "nothing" if restored is None else f"{what} of token {restored}"
    return violated(
        f"after the power cut at {at(before.end_us)}, {shown} was restored, although {what} of token {newest.token} had"
        f" arrived at {at(newest.done_us)}, more than {limit(before.setting, 'flush_interval_ms') / 1000:g} s before",
        newest.given,
        *(call.start for call in after.restored("battery" if what == "telemetry" else "config")[:1]),
        after.history.end,
    )


def restore_intact(execution: Execution, setting: Setting) -> Judgement:
    """re.restore-intact: what is restored after a cut is one frame that had been received, all of it."""
    boots = Gateway.of(execution, setting)
    if len(boots) == 1 or any(boot.foreign(execution.history.end) for boot in boots):
        return NOT_EXERCISED
    exercised = False
    for number, boot in enumerate(boots[1:], start=1):
        received = [frame for earlier in boots[:number] for frame in earlier.frames if frame.variant in WHOLE_BATTERY]
        shown = [call for call in boot.restored("battery", "pack") if not _says_nothing(call)]
        exercised = exercised or bool(shown)
        for call in shown:
            token = record_token(call)
            if token is None or not any(frame.token == token for frame in received):
                return violated(
                    f"the {call.kind} restored after boot {number + 1} is none that had been received: {_words(call)}",
                    *(frame.given for frame in received[-2:]),
                    call.start,
                )
        mixed = _of_two_frames(shown)
        if mixed is not None:
            return mixed
    return HELD if exercised else NOT_EXERCISED


def _words(call: Publish) -> str:
    if call.kind == "pack":
        return "cells [" + ", ".join(f"{cell:g}" for cell in tokens.cells_of(call.fields)) + "] mV"
    return tokens.describe({name: t for name, t in tokens.battery_tokens(call.fields).items() if name != "power"})


def _of_two_frames(calls: list[Publish]) -> Judgement | None:
    by_token = {record_token(call): call for call in calls}
    if len(by_token) < 2:
        return None
    return violated(
        "what was restored belongs to several frames: "
        + " beside ".join(f"a {call.kind} of token {token}" for token, call in by_token.items()),
        *(call.start for call in by_token.values()),
    )


# ---- what is written


def no_lost_dirty(execution: Execution, setting: Setting) -> Judgement:
    """re.no-lost-dirty: a failed write is tried again; a change that came after a write began leads to another one."""
    exercised = False
    for boot in Gateway.of(execution, setting):
        verdicts = [_retried(boot, TELEMETRY), _retried(boot, CONFIG)]
        if not boot.foreign(boot.history.end):
            verdicts.append(_written(boot, TELEMETRY, boot.changes, boot.arrivals))
        for verdict in verdicts:
            if verdict is not None and verdict.violation is not None:
                return verdict
            exercised = exercised or verdict is not None
    return HELD if exercised else NOT_EXERCISED


def _retried(boot: Gateway, key: str) -> Judgement | None:
    """None when no write failed, or none long enough before the end."""
    judged = False
    for failure in boot.failures(key):
        deadline = failure.end_us + boot.interval_us
        if deadline >= boot.end_us:
            continue
        judged = True
        if not any(failure.start < call.start and call.start_us <= deadline for call in boot.sets(key)):
            return violated(
                f"the write of {key} that failed at {at(failure.end_us)} was not tried again by {at(deadline)}",
                failure.start,
                failure.end,
            )
    return HELD if judged else None


def _written(boot: Gateway, key: str, changes: list[Change], arrivals: list[Change]) -> Judgement | None:
    """Whether each new value was followed by a write in time; None when there is none of which that can be said.

    `arrivals` are the changes and all else that may have been stored. What is overtaken by a value of earlier may need
    no write, and what failed is another matter.
    """
    if not changes:
        return None
    judged = False
    known = {_token(boot.restored("battery"), record_token), _token(boot.restored("config"), config_token)}
    last_failure = max((failure.end for failure in boot.failures(key)), default=-1)
    needed = {change.given for change in changes}
    for index, change in enumerate(arrivals):
        fresh = change.token not in known
        known.add(change.token)
        deadline = change.done_us + boot.interval_us
        if change.given not in needed or not fresh or deadline >= boot.end_us or last_failure > change.given:
            continue
        if _comes_back(boot, arrivals[index + 1 :], known - {change.token}, deadline):
            continue
        judged = True
        if not any(call.start > change.given and call.start_us <= deadline for call in boot.sets(key)):
            return violated(
                f"the {key} of token {change.token} arrived at {at(change.done_us)}, but no write of it had begun by"
                f" {at(deadline)}",
                change.given,
                *(call.start for call in boot.sets(key)[-1:]),
            )
    return HELD if judged else None


def _comes_back(boot: Gateway, later: list[Change], known: set[int | None], deadline_us: int) -> bool:
    """Whether a value that had been there before arrives again until the deadline."""
    until = boot.view.first_after(deadline_us)
    return any(change.token in known for change in takewhile(lambda change: change.given < until, later))


def delta_flush(execution: Execution, setting: Setting) -> Judgement:
    """re.delta-flush: a change beyond the delta is written early, as far as the limit on early writes admits."""
    exercised = False
    for boot in Gateway.of(execution, setting):
        for change, write, deadline in flushed_early(boot):
            exercised = True
            if write is None or write.start_us > deadline:
                return violated(
                    f"the frame of token {change.token}, far from all before it, arrived at {at(change.done_us)}, but"
                    f" no write had begun by {at(deadline)}",
                    change.given,
                    *(call.start for call in boot.sets(TELEMETRY)[-1:]),
                )
    return HELD if exercised else NOT_EXERCISED


def flushed_early(boot: Gateway) -> Iterator[tuple[Change, NvsCall | None, int]]:
    """The changes that must be written early, each with the next write and by when (us) it is due."""
    if boot.foreign(boot.history.end):
        return
    for change in boot.changes:
        deadline = change.done_us + round(limit(boot.setting, "early_flush_ms") * 1000) + boot.write_us
        deadline += boot.view.margin_us
        if _may_be_early(boot, change, deadline) and _is_urgent(boot, change, deadline):
            write = next((call for call in boot.sets(TELEMETRY) if call.start > change.given), None)
            yield change, write, deadline


def _is_urgent(boot: Gateway, change: Change, deadline_us: int) -> bool:
    """Whether what NVS may hold is beyond the delta from this frame, and from all that come until the deadline."""
    if not change.done_us <= deadline_us < boot.end_us:
        return False
    restored = _token(boot.restored("battery"), record_token)
    held = {earlier.token for earlier in boot.arrivals if earlier.given < change.given}
    held |= {restored} if restored is not None else set()
    until = boot.view.first_after(deadline_us)
    coming = {later.token for later in boot.arrivals if change.given <= later.given < until}
    if not held or _UNREADABLE in held:
        return False
    return all(tokens.are_far(one, other) for one in held for other in coming)


def _may_be_early(boot: Gateway, change: Change, deadline_us: int) -> bool:
    """Whether the limit on early writes leaves room for one, and no failure delays it."""
    since = change.done_us - round(limit(boot.setting, "flush_interval_ms") * 1000) - boot.view.margin_us
    recent = [call for call in boot.sets(TELEMETRY) if call.start < change.given and call.start_us >= since]
    failed = any(since <= failure.start_us <= deadline_us for failure in boot.failures(TELEMETRY))
    return len(recent) < config(boot.setting, EARLY_FLUSHES) and not failed


# ---- configuration


def config_durable(execution: Execution, setting: Setting) -> Judgement:
    """re.config-durable: a configuration is written within its window, and restored whole and up to date."""
    boots = Gateway.of(execution, setting)
    if any(boot.unknown_configuration for boot in boots):
        return NOT_EXERCISED
    exercised = False
    for boot in boots:
        verdict = _written(boot, CONFIG, boot.configurations, boot.configurations)
        if verdict is not None and verdict.violation is not None:
            return verdict
        exercised = exercised or verdict is not None
    for number, (before, after) in enumerate(pairwise(boots), start=1):
        verdict = _restored_config(boots[:number], before, after)
        if verdict is not None and verdict.violation is not None:
            return verdict
        exercised = exercised or verdict is not None
    return HELD if exercised else NOT_EXERCISED


def _restored_config(earlier: Sequence[Gateway], before: Gateway, after: Gateway) -> Judgement | None:
    calls = after.restored("config")
    restored = _token(calls, config_token)
    received = {change.token for boot in earlier for change in boot.configurations}
    if restored is not None and restored not in received:
        fields = {name: value for name, value in calls[0].fields.items() if name != "serial"}
        return violated(f"the configuration that was restored is none that had arrived: {fields}", calls[0].start)
    required = _required(before, before.configurations, CONFIG)
    if not required or not (restored is not None or _has_booted(after)):
        return None if restored is None else HELD
    late = _too_old("configuration", before, after, before.configurations, required=required, restored=restored)
    return late or HELD
