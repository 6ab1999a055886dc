"""All invariants of the telemetry model, with what each needs to see. The checks are in the telemetry_* files."""

from __future__ import annotations

from p4verify.verify.invariants import telemetry_records, telemetry_timing
from p4verify.verify.verdict import Invariant

_PUBLISHED = frozenset({"bus.publish.battery", "bus.publish.pack", "bus.published"})
_HANDLED = frozenset({"bus.subscribe", "handler.enter", "handler.return"})
_UPDATES = _PUBLISHED | _HANDLED | {"deliver.battery", "deliver.pack", "deliver.register", "deliver.mode"}

TELEMETRY_MODEL = (
    Invariant(
        "tm.cells-coherent",
        "Min, max, avg and delta of a pack are those of its own known cells",
        telemetry_records.cells_coherent,
        _PUBLISHED,
    ),
    Invariant(
        "tm.snapshot-intact",
        "What is published is a state that the model had",
        telemetry_records.snapshot_intact,
        _UPDATES,
    ),
    Invariant(
        "tm.no-stale-source",
        "After a mode change nothing of the other source is published",
        telemetry_records.no_stale_source,
        _UPDATES,
    ),
    Invariant(
        "tm.no-time-travel",
        "Nobody is shown an older state after a newer one",
        telemetry_records.no_time_travel,
        _UPDATES,
    ),
    Invariant(
        "tm.no-flash",
        "Nothing is shown as a measurement that no source produced",
        telemetry_records.no_flash,
        _UPDATES,
    ),
    Invariant(
        "tm.flags-kept",
        "Connection flags survive a mode change",
        telemetry_records.flags_kept,
        _UPDATES | {"bus.publish.other"},
    ),
    Invariant(
        "tm.delta-publish",
        "Nothing is published without a change",
        telemetry_timing.delta_publish,
        _PUBLISHED,
    ),
    Invariant(
        "tm.reactive",
        "A significant change is offered to the bus in time",
        telemetry_timing.reactive,
        _UPDATES,
    ),
    Invariant(
        "tm.atomic-mode-reset",
        "After a mode change the old pack is gone",
        telemetry_records.atomic_mode_reset,
        _UPDATES,
    ),
    Invariant(
        "tm.no-lost-update",
        "An applied register update is not dropped in silence",
        telemetry_timing.no_lost_update,
        _UPDATES,
    ),
)
