"""How soon something followed that had to: the figures of np.retry, tm.reactive and re.delta-flush.

Measured is what these invariants judge, no more: what they leave out, because a status, a newer value or a limit on
writes explains it, is no reaction time. What never followed has none, and is a violation.
"""

from __future__ import annotations

from collections.abc import Iterator

from p4verify.verify.boots import lives
from p4verify.verify.execution import Execution
from p4verify.verify.invariants.gateway import Gateway
from p4verify.verify.invariants.gateway_storage import flushed_early
from p4verify.verify.invariants.publisher_timing import retried
from p4verify.verify.invariants.telemetry_timing import offered
from p4verify.verify.limits import config, limit, tick_us
from p4verify.verify.measuring import Gauge, Measure, Merge, Reading
from p4verify.verify.timeline import View
from p4verify.verify.verdict import Setting


def _views(execution: Execution, setting: Setting) -> Iterator[View]:
    return (View.of(life.execution, life.setting) for life in lives(execution, setting))


def _reading(times_us: list[int | None]) -> Reading:
    """How often something had to follow, and after how many milliseconds it did at the latest."""
    followed = [time for time in times_us if time is not None]
    return len(times_us), max(followed) / 1000 if followed else None


def _retries(execution: Execution, setting: Setting) -> Reading:
    """From the end of a post that failed to the next one."""
    return _reading(
        [
            None if again is None else again.start_us - post.end_us
            for view in _views(execution, setting)
            for post, again, _ in retried(view)
        ]
    )


def _offers(execution: Execution, setting: Setting) -> Reading:
    """From when the handler that applied a change returned to when the bus is offered it; before that it takes none."""
    return _reading(
        [
            None if offer is None else max(0, offer.start_us - update.handler.leave_us)
            for view in _views(execution, setting)
            for update, _, offer, _ in offered(view)
        ]
    )


def _early_writes(execution: Execution, setting: Setting) -> Reading:
    """From when a frame's callback had returned to when its write begins, less one that may be under way."""
    return _reading(
        [
            None if write is None else max(0, write.start_us - change.done_us - gateway.write_us)
            for gateway in Gateway.of(execution, setting)
            for change, write, _ in flushed_early(gateway)
        ]
    )


def _tick_ms(setting: Setting) -> float:
    return tick_us(setting) / 1000


def _period_ms(setting: Setting) -> float:
    return config(setting, "CONFIG_NETWORK_TELEMETRY_PERIOD_MS") + _tick_ms(setting)


def _reaction_ms(setting: Setting) -> float:
    own = config(setting, "CONFIG_TELEMETRY_MODEL_MIN_PUBLISH_MS")
    return max(limit(setting, "reactive_ms"), own) + _tick_ms(setting)


def _early_ms(setting: Setting) -> float:
    return limit(setting, "early_flush_ms") + _tick_ms(setting)


REACTIONS = {
    id_: Measure((Gauge(what, merge=Merge.SUM), Gauge(how_soon, "ms", bound=bound)), read)
    for id_, read, what, how_soon, bound in (
        ("np.retry", _retries, "posts that failed", "longest until a failed post was tried again", _period_ms),
        ("tm.reactive", _offers, "significant changes", "longest until a change was offered to the bus", _reaction_ms),
        (
            "re.delta-flush",
            _early_writes,
            "changes beyond the threshold",
            "longest until such a change was written, beyond one write",
            _early_ms,
        ),
    )
}
"""By invariant. The bounds are the promised times with the tick that all timing tolerates."""
