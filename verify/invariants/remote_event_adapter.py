"""All invariants of the gateway's adapter, with what each needs to see. The checks are in the gateway_* files."""

from __future__ import annotations

from p4verify.verify.invariants import gateway_callbacks, gateway_events, gateway_storage
from p4verify.verify.verdict import Invariant

_FRAMES = frozenset({"re.telemetry", "re.frame"})
_NVS = frozenset({"nvs.call", "nvs.return"})
_RECORDS = _FRAMES | {"bus.publish.battery", "bus.publish.pack", "bus.published"}

REMOTE_EVENT_ADAPTER = (
    Invariant(
        "re.no-nvs-in-callback",
        "The task that runs a JSON callback calls no function of NVS",
        gateway_callbacks.no_nvs_in_callback,
        _FRAMES | _NVS,
    ),
    Invariant(
        "re.callback-time",
        "A JSON callback returns within its budget",
        gateway_callbacks.callback_time,
        _FRAMES | _NVS,
    ),
    Invariant(
        "re.write-reduction",
        "At two frames a second, one in ten leads to a write at most",
        gateway_callbacks.write_reduction,
        _FRAMES | _NVS | {"nvs.stored"},
    ),
    Invariant(
        "re.restore-age",
        "After a power cut, what is restored is a flush interval old at most",
        gateway_storage.restore_age,
        _RECORDS | _NVS,
    ),
    Invariant(
        "re.restore-intact",
        "What is restored is one frame that had been received",
        gateway_storage.restore_intact,
        _RECORDS,
    ),
    Invariant(
        "re.no-lost-dirty",
        "A failed write is tried again, and no change stays unwritten",
        gateway_storage.no_lost_dirty,
        _FRAMES | _NVS,
    ),
    Invariant(
        "re.delta-flush",
        "A change beyond the delta is written early",
        gateway_storage.delta_flush,
        _RECORDS | _NVS,
    ),
    Invariant(
        "re.config-durable",
        "A configuration is written within its window and restored whole",
        gateway_storage.config_durable,
        _NVS | {"re.config", "bus.publish.config", "bus.published"},
    ),
    Invariant(
        "re.events-intact",
        "Battery and pack carry the token of one frame",
        gateway_events.events_intact,
        _RECORDS,
    ),
    Invariant(
        "re.cells-coherent",
        "Min, max, avg and delta of a pack are those of its cells, whatever the frame claims",
        gateway_events.cells_coherent,
        _RECORDS,
    ),
    Invariant(
        "re.partial-frame",
        "A frame without the data leaves the last good state alone",
        gateway_events.partial_frame,
        _RECORDS,
    ),
)
