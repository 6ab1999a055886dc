"""All invariants of the network publisher, with what each needs to see. The checks are in the publisher_* files."""

from __future__ import annotations

from p4verify.verify.invariants import publisher_metrics, publisher_points, publisher_timing
from p4verify.verify.verdict import Invariant

_HTTP = frozenset({"http.request", "http.response"})
_EVENTS = frozenset({"bus.subscribe", "handler.enter", "handler.return", "deliver.battery", "deliver.pack"})
_STATUS = frozenset({"bus.subscribe", "handler.enter", "handler.return", "deliver.system"})
_METRICS = _HTTP | {"np.metrics"}

NETWORK_PUBLISHER = (
    Invariant("np.cadence", "Periodic publications start one period apart", publisher_timing.cadence, _HTTP),
    Invariant(
        "np.reconnect",
        "Once reachable, the backlog drains at the stated minimum per period",
        publisher_timing.reconnect,
        _HTTP | _STATUS | {"np.built"},
    ),
    Invariant(
        "np.retry",
        "While reachable, a failed publication is tried again within a period",
        publisher_timing.retry,
        _HTTP | _STATUS,
    ),
    Invariant(
        "np.monotone",
        "published_points never falls and grows by the publications",
        publisher_metrics.monotone,
        _METRICS,
    ),
    Invariant(
        "np.metrics-coherent",
        "A metrics snapshot is the state of one instant",
        publisher_metrics.metrics_coherent,
        _METRICS,
    ),
    Invariant(
        "np.conservation",
        "Built = published + buffered + overwritten, at rest",
        publisher_metrics.conservation,
        _METRICS | {"np.built"},
    ),
    Invariant(
        "np.point-intact",
        "A point carries one battery event and one pack event",
        publisher_points.point_intact,
        _HTTP | _EVENTS,
    ),
    Invariant(
        "np.fifo",
        "Points arrive in the order they were built, none twice without a failure",
        publisher_points.fifo,
        _HTTP,
    ),
    Invariant(
        "np.collisions-counted",
        "Every overwrite of an unsent point is counted",
        publisher_metrics.collisions_counted,
        _METRICS | {"np.built", "np.metrics/overwritten"},
    ),
    Invariant(
        "np.freshness",
        "Stamp and snapshot of a point come from one instant",
        publisher_points.freshness,
        _HTTP | _EVENTS,
    ),
)
