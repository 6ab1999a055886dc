"""When the telemetry model publishes: tm.delta-publish, tm.reactive, tm.no-lost-update.

What counts as significant is the firmware's choice. A record equal to the last one is never significant; a first value
and a change of at least the `significant_*` limits always are; whatever lies between is not judged. A model may keep
a battery back until all five of its registers are known, and a pack until its cells are known without a gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.invariants.telemetry_updates import Slot, Update, Updates, slot_name, slots_of
from p4verify.verify.limits import config, limit
from p4verify.verify.timeline import NEVER, Fields, Publish, View, at
from p4verify.verify.tokens import REGISTERS
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated

BATTERY_REGISTERS = frozenset(field for field, _, _, _ in REGISTERS.values())


def delta_publish(execution: Execution, setting: Setting) -> Judgement:
    """tm.delta-publish: no record is published that equals the last one of its kind.

    A record that the bus refused may be offered again, and a mode change may repeat what it reset.
    """
    updates = Updates.of(View.of(execution, setting))
    exercised = False
    for kind in ("battery", "pack"):
        calls = [call for call in updates.publishes if call.kind == kind]
        exercised = exercised or len(calls) > 1
        for earlier, later in pairwise(calls):
            in_order = earlier.accepted and earlier.end < later.start
            between = any(mode.enter < later.start and mode.leave > earlier.start for mode in updates.modes)
            if in_order and not between and _equal(earlier.fields, later.fields):
                return violated(
                    f"the {kind} published at {at(later.start_us)} is the same as the one before it, at"
                    f" {at(earlier.start_us)}: nothing had changed",
                    earlier.start,
                    later.start,
                )
    return HELD if exercised else NOT_EXERCISED


def _equal(one: Fields, other: Fields) -> bool:
    return all(value == other.get(name) for name, value in one.items() if name != "serial")


def reactive(execution: Execution, setting: Setting) -> Judgement:
    """tm.reactive: a significant register update is offered to the bus within `reactive_ms`, unless a newer one is."""
    exercised = False
    for update, slot, offer, deadline in offered(View.of(execution, setting)):
        exercised = True
        if offer is None or offer.start_us > deadline:
            return violated(
                f"{slot_name(slot)} = {update.slots[slot]:g} was applied at {at(update.handler.leave_us)}, but not"
                f" offered to the bus by {at(deadline)}",
                update.handler.enter,
                update.handler.leave,
            )
    return HELD if exercised else NOT_EXERCISED


def offered(view: View) -> Iterator[tuple[Update, Slot, Publish | None, int]]:
    """The updates that must be offered to the bus, each with the first call that shows it, and when (us) it is due."""
    updates = Updates.of(view)
    reaction_us = _reaction_us(view)
    for index, update in enumerate(updates.updates):
        deadline = update.handler.leave_us + reaction_us if update.handler.leave != NEVER else NEVER
        slot = _applied_slot(updates, index) if deadline < view.history.end_us else None
        if slot is None or _superseded(updates, index, slot, deadline):
            continue
        value = update.slots[slot]
        if not _publishable(updates, index, slot) or not _significant(updates, slot, value, update.handler.enter):
            continue
        calls = (call for call in _showing(updates, slot) if call.start > update.handler.enter)
        offer = next((call for call in calls if _near(view.setting, slot, _shown(call, slot), value)), None)
        yield update, slot, offer, deadline


def no_lost_update(execution: Execution, setting: Setting) -> Judgement:
    """tm.no-lost-update: what was last applied to a field is what was last published of it.

    Judged once everything had time to settle; bus drops, newer values and a mode reset are no losses.
    """
    view = View.of(execution, setting)
    updates = Updates.of(view)
    if execution.ending.outcome is not Outcome.COMPLETED:
        return NOT_EXERCISED
    exercised = False
    latest = view.history.end_us - _reaction_us(view)
    settled = sum(1 for update in updates.updates if update.handler.leave_us < latest)
    for slot, index in _last_updates(updates).items():
        update = updates.updates[index]
        applied = _applied_slot(updates, index) is not None and index < settled
        if not applied or not _publishable(updates, settled - 1, slot):
            continue
        exercised = True
        calls = _showing(updates, slot)
        shown = _shown(calls[-1], slot) if calls else None
        if not _near(setting, slot, shown, update.slots[slot]):
            return violated(
                f"{slot_name(slot)} = {update.slots[slot]:g} was applied at {at(update.handler.leave_us)} and not"
                f" replaced, but the last record published shows {'none' if shown is None else format(shown, 'g')}",
                update.handler.enter,
                *(call.start for call in calls[-1:]),
            )
    return HELD if exercised else NOT_EXERCISED


def _reaction_us(view: View) -> int:
    rest = config(view.setting, "CONFIG_TELEMETRY_MODEL_MIN_PUBLISH_MS")
    return round(max(limit(view.setting, "reactive_ms"), rest) * 1000) + view.margin_us


def _applied_slot(updates: Updates, index: int) -> Slot | None:
    """The field that this update surely changed: a register handled in autonomous mode."""
    update = updates.updates[index]
    applied = update.handler.kind == "register" and not update.optional
    return next(iter(update.slots)) if applied else None


def _superseded(updates: Updates, index: int, slot: Slot, deadline_us: int) -> bool:
    """Whether, by the deadline, something newer may have been written to the field or the mode changed."""
    newer = (u for u in updates.updates[index + 1 :] if u.handler.enter_us <= deadline_us)
    if any(update.resets or slot in update.slots for update in newer):
        return True
    update = updates.updates[index]
    until = updates.view.first_after(deadline_us)
    reads = (read for read in updates.directs if read.slot == slot and update.handler.enter < read.high)
    return any(read.low < until and read.value != update.slots[slot] for read in reads)


def _publishable(updates: Updates, index: int, slot: Slot) -> bool:
    """Whether enough was known since the last mode event for the record to be a measurement."""
    known: set[Slot] = set()
    for update in updates.updates[: index + 1]:
        if update.resets:
            known.clear()
        elif not update.optional:
            known.update(update.slots)
    if isinstance(slot, str):
        return known >= BATTERY_REGISTERS
    cells = {slot for slot in known if isinstance(slot, int)}
    return cells == set(range(len(cells)))


def _significant(updates: Updates, slot: Slot, value: float, before: int) -> bool:
    """Whether the change is significant to any firmware: against the record that was last offered before it."""
    calls = [call for call in _showing(updates, slot) if call.start < before]
    return not _near(updates.view.setting, slot, _shown(calls[-1], slot) if calls else None, value)


def _near(setting: Setting, slot: Slot, shown: float | None, value: float) -> bool:
    threshold = limit(setting, "significant_battery" if isinstance(slot, str) else "significant_cell_mv")
    return shown is not None and abs(shown - value) < threshold


def _showing(updates: Updates, slot: Slot) -> list[Publish]:
    kind = "battery" if isinstance(slot, str) else "pack"
    return [call for call in updates.publishes if call.kind == kind]


def _shown(call: Publish, slot: Slot) -> float | None:
    """What a record shows of a field; None for a cell that it does not have or does not know."""
    value = slots_of(call.kind, call.fields).get(slot)
    return None if isinstance(slot, int) and value == 0.0 else value


def _last_updates(updates: Updates) -> dict[Slot, int]:
    """Per field, the last update that may have written it; none for what a mode event or an S3 record came after."""
    last: dict[Slot, int] = {}
    for index, update in enumerate(updates.updates):
        if update.resets:
            last.clear()
        for slot in update.slots:
            last[slot] = index
    return last
