"""What was applied to the telemetry model, and which states it can therefore have had.

The model is a fold over updates: register values one field at a time, S3 records and mode resets as a whole. Updates
arrive through its handlers, one after the other, so a state is a *cut*: the first k updates. Beside them the polling
task may apply a value that it has read without waiting for the event, at any moment after the read; such a direct
value touches one field, and firmware may do so or leave it to the event.

Which updates a firmware applies depends on its mode. A register update that was handled in autonomous mode is
applied; an S3 record, or a register update in connected mode, may be applied or left alone, but always as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from p4verify.verify import tokens
from p4verify.verify.history import Observation
from p4verify.verify.remembered import remembered
from p4verify.verify.timeline import NEVER, Fields, Handler, Publish, View

COMPONENT = "telemetry_model"
BATTERY_SLOTS = tuple(tokens.BATTERY)
Slot = str | int
"""A battery field, or the index of a cell."""
Slots = Mapping[Slot, float]
SAME = 2e-3
"""How far two values of one field may be apart and still be the same, after conversions in float32."""


@dataclass(slots=True)
class Update:
    """One handler run that may change the model. `slots` is empty for a reset, which clears all cells.

    `echo` marks a record that the model itself had published: it may be applied, but no source produced it.
    """

    handler: Handler
    slots: Slots
    optional: bool
    resets: bool = False
    echo: bool = False


@dataclass(frozen=True, slots=True)
class Direct:
    """A value that the polling task has read: it may be applied from `low` on, and has been by `high` if at all."""

    slot: Slot
    value: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A record that the model published: its values, when it was shown, and by when they had been taken."""

    kind: str
    slots: Slots
    fields: Fields
    publish: Publish
    until: int
    position: int


class Updates:
    """All updates of one execution, in the order in which they were handled."""

    _last: ClassVar[Updates | None] = None

    def __init__(self, view: View) -> None:
        self.view = view
        self.modes = view.handled(COMPONENT, "mode")
        self._applied: dict[tuple[Slot, float], list[tuple[int, int]]] = {}

    @cached_property
    def directs(self) -> list[Direct]:
        """What the polling task has read."""
        return _directs(self.view)

    @cached_property
    def updates(self) -> list[Update]:
        """All handler runs that may have changed the model."""
        found: list[Update] = []
        autonomous = self.initially_autonomous
        for run in self.view.handled(COMPONENT, "register", "battery", "pack", "mode"):
            before = autonomous
            if run.kind == "mode":
                autonomous = not run.fields.get("expected")
            update = self._update(run, before, autonomous)
            if update is not None:
                found.append(update)
        return found

    @cached_property
    def initially_autonomous(self) -> bool | None:
        """The mode before the first mode event: autonomous if the model polled or showed TinyBMS data, else unknown."""
        first = self.modes[0].enter if self.modes else NEVER
        polled = any(read.position < first for read in self.view.reads)
        return True if polled or any(call.start < first and _from_tinybms(call) for call in self.publishes) else None

    @cached_property
    def publishes(self) -> list[Publish]:
        """The battery and pack records that the model published."""
        return self.view.published(COMPONENT, "battery", "pack")

    @cached_property
    def snapshots(self) -> list[Snapshot]:
        """What each publish call was given, and what the bus delivered of it where that is something else.

        The bus copies during the call: a record that changes meanwhile is delivered torn, and shows only there.
        """
        shown = [Snapshot(c.kind, slots_of(c.kind, c.fields), c.fields, c, c.start, c.start) for c in self.publishes]
        return sorted(shown + self._changed_on_the_way(), key=lambda snapshot: snapshot.position)

    def _changed_on_the_way(self) -> list[Snapshot]:
        changed = []
        for kind in ("battery", "pack"):
            if not any(call.kind == kind for call in self.publishes):
                continue
            deliveries = self.view.delivered(kind)
            for run in deliveries[min(deliveries)] if deliveries else ():
                call = _origin(self, run)
                if call is not None:
                    changed.append(Snapshot(kind, slots_of(kind, run.fields), run.fields, call, call.end, run.enter))
        return changed

    def _update(self, run: Handler, before: bool | None, after: bool | None) -> Update | None:
        if run.kind == "mode":
            return Update(run, {}, optional=before is None or before == after, resets=True)
        if run.kind == "register":
            fed = _fed(run.fields)
            return Update(run, {fed[0]: fed[1]}, optional=not before) if fed is not None else None
        if run.fields:
            return Update(run, slots_of(run.kind, run.fields), optional=True, echo=self.is_own(run))
        return None

    def is_own(self, run: Handler) -> bool:
        """Whether the model published what this subscriber was given, and no one else did."""
        origins = self.view.origins(run)
        if origins:
            return all(call.component == COMPONENT for call in origins)
        return self._alone(run) and any(call.kind == run.kind and call.start < run.enter for call in self.publishes)

    def _alone(self, run: Handler) -> bool:
        """Whether no other component had published this kind of record: whose it was is certain then."""
        calls = (call for call in self.view.publishes if call.kind == run.kind and call.start < run.enter)
        return all(call.component in ("", COMPONENT) for call in calls)

    def mode_at(self, position: int) -> bool | None:
        """Autonomous (True), connected (False), or unknown: before the first mode event and while one is handled."""
        handled = [mode for mode in self.modes if mode.enter < position]
        if not handled:
            return self.initially_autonomous
        return None if handled[-1].leave > position else not handled[-1].fields.get("expected")

    def last_cut(self, position: int) -> int:
        """The largest cut that a snapshot taken before this position can be."""
        return sum(1 for update in self.updates if update.handler.enter < position)

    def explains(self, slots: Slots, until: int) -> bool:
        """Whether these values, taken together, are the state at some cut before this position."""
        wanted = dict(slots)
        if "power" in wanted and self._derived_power(wanted):
            del wanted["power"]
        return any(self._is_cut(wanted, cut, until) for cut in range(self.last_cut(until), -1, -1))

    def _is_cut(self, wanted: Slots, cut: int, until: int) -> bool:
        """Goes back from the cut: each update must account for the values it wrote that nothing newer explains.

        Taking an optional update whenever it fits is safe: it only leaves less to be explained by earlier ones.
        """
        open_slots = dict(wanted)
        ceiling = min(until, self.updates[cut].handler.leave) if cut < len(self.updates) else until
        floor = self.updates[cut - 1].handler.enter if cut else -1
        for update in reversed(self.updates[:cut]):
            written = self._written(update, open_slots)
            if not written:
                continue
            same = {slot for slot, value in written.items() if _same(open_slots[slot], value)}
            after = update.handler.enter
            fits = all(
                slot in same or self._directly(slot, open_slots[slot], after, floor, ceiling) for slot in written
            )
            if not fits and not update.optional:
                return False
            if fits and (same or not update.optional):
                for slot in written:
                    del open_slots[slot]
        return all(
            _same(value, 0.0) or self._directly(slot, value, -1, floor, ceiling) for slot, value in open_slots.items()
        )

    @staticmethod
    def _written(update: Update, open_slots: Slots) -> Slots:
        if not update.resets:
            return {slot: value for slot, value in update.slots.items() if slot in open_slots}
        return {slot: 0.0 for slot in open_slots if isinstance(slot, int)}

    def _directly(self, slot: Slot, value: float, after: int, floor: int, ceiling: int) -> bool:
        """Whether the polling task may have written this value after an update, and nothing newer by the cut.

        The cut is a moment between `floor` and `ceiling`.
        """
        reads = [direct for direct in self.directs if direct.slot == slot and direct.low < ceiling]
        return any(
            _same(read.value, value)
            and read.high >= after
            and all(newer.high >= floor for newer in reads[i + 1 : i + 2])
            for i, read in enumerate(reads)
        )

    def _derived_power(self, slots: Slots) -> bool:
        """Registers carry no power: the model derives it from voltages and currents that it had."""
        voltages = [slots["voltage"], *self._values("voltage")]
        currents = [slots["current"], *self._values("current")]
        power = slots["power"]
        return any(abs(v * i - power) <= 0.01 + 1e-5 * abs(power) for v in voltages for i in currents)

    def _values(self, slot: Slot) -> set[float]:
        return {update.slots[slot] for update in self.updates if slot in update.slots}

    @cached_property
    def _produced(self) -> dict[Slot, list[tuple[float, int, int]]]:
        """Per field, each value that a source produced, with the interval in which it may have been written."""
        produced: dict[Slot, list[tuple[float, int, int]]] = {}
        for update in self.updates:
            for slot, value in () if update.echo else update.slots.items():
                produced.setdefault(slot, []).append((value, update.handler.enter, update.handler.leave))
        for direct in self.directs:
            produced.setdefault(direct.slot, []).append((direct.value, direct.low, direct.high))
        return produced

    def productions(self, slot: Slot, value: float) -> list[tuple[int, int]]:
        """Every interval in which this value, produced by a source, may have been written to this slot."""
        return [(low, high) for other, low, high in self._produced.get(slot, ()) if abs(other - value) <= SAME]

    def applications(self, slot: Slot, value: float) -> list[tuple[int, int]]:
        """The same, and for zero also the beginning and every reset."""
        known = self._applied.get((slot, value))
        if known is None:
            resets = [(update.handler.enter, update.handler.leave) for update in self.updates if update.resets]
            known = self.productions(slot, value) + ([(-1, -1), *resets] if value == 0.0 else [])
            self._applied[slot, value] = known
        return known

    @classmethod
    def of(cls, view: View) -> Updates:
        """The updates of this view, made once."""
        last = cls._last
        if last is None or last.view is not view:
            last = cls._last = cls(view)
        return last


@remembered
def _fed(fields: Fields) -> tuple[Slot, float] | None:
    """What a register feeds with which value; None for a register that the model does not take."""
    fed = tokens.register_slot(str(fields.get("key", "")))
    return (fed[0], float(fields["value"]) / fed[1]) if fed is not None else None


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= SAME


def slot_name(slot: Slot) -> str:
    """A field or cell for people, who count cells from 1."""
    return f"cell {slot + 1}" if isinstance(slot, int) else slot


def slots_of(kind: str, fields: Fields) -> Slots:
    """The values of a battery or pack record by slot; cells of a pack beyond its cell_count are not shown."""
    return _battery_slots(fields) if kind == "battery" else _pack_slots(fields)


@remembered
def _battery_slots(fields: Fields) -> Slots:
    return {name: float(fields[name]) for name in BATTERY_SLOTS}


@remembered
def _pack_slots(fields: Fields) -> Slots:
    return dict(enumerate(tokens.cells_of(fields)))


def _from_tinybms(call: Publish) -> bool:
    return tokens.Source.TINYBMS in sources_of(call.kind, call.fields).values()


def sources_of(kind: str, fields: Fields) -> Mapping[Slot, tokens.Source]:
    """Which source each value of a record came from; values that are no function of one token are left out.

    Power is left out too: the model may derive it.
    """
    return _pack_sources(fields) if kind == "pack" else _battery_sources(fields)


@remembered
def _pack_sources(fields: Fields) -> Mapping[Slot, tokens.Source]:
    cells = enumerate(tokens.cells_of(fields))
    return {index: source for index, cell in cells if (source := tokens.cell_source(cell)) is not None}


@remembered
def _battery_sources(fields: Fields) -> Mapping[Slot, tokens.Source]:
    decoded = {name: token for name, token in tokens.battery_tokens(fields).items() if name != "power"}
    whole = len(set(decoded.values())) == 1
    return {
        name: tokens.source_of(token)
        for name, token in decoded.items()
        if token is not None and (whole or not tokens.is_ambiguous(name, float(fields[name])))
    }


def _directs(view: View) -> list[Direct]:
    """The register reads that succeeded, each with the event that the double published for it."""
    directs = []
    registers = (
        [call for call in view.publishes if call.kind == "register" and not call.operation] if view.reads else []
    )
    for read in view.reads:
        if not read["ok"]:
            continue
        before = (call for call in reversed(registers) if call.task == read.task and call.start < read.position)
        event = next(before, None)
        fed = _fed(event.fields) if event is not None else None
        if event is not None and fed is not None and event.fields["address"] == read["address"]:
            directs.append(Direct(*fed, read.position, _next_step(view, read)))
    return directs


def _next_step(view: View, read: Observation) -> int:
    """By when the polling task has done what it does with a value: it reads the next one, or pauses."""
    following = (later.position for later in view.reads if later.task == read.task and later.position > read.position)
    return min(next(following, NEVER), view.last_before(read.time_us + view.margin_us + 1))


def _origin(updates: Updates, run: Handler) -> Publish | None:
    """The model's publish call whose record changed on its way to this delivery; None when it did not change."""
    if any(call.accepted is not False for call in updates.view.origins(run)) or not updates.is_own(run):
        return None
    own = (call for call in updates.publishes if call.kind == run.kind and call.start < run.enter)
    return next((call for call in reversed(list(own)) if call.accepted is not False), None)
