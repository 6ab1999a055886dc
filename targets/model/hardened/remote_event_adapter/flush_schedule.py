"""flush_schedule.c, hardened: when a value that changed in RAM is written to flash. Pure functions on values.

A change is written within the interval. One that is urgent is written early: the gap after the last write, and the
number of early writes per interval, are limited. What failed is tried again, and a change that arrives during a write
is not taken for written. All times are ms since boot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from p4verify.verify.program import Value

NEVER: Final = (1 << 63) - 1
LONG_AGO: Final = -(1 << 62)
MARGIN_MS: Final = 100
"""The interval is a promise of at most: the task of lowest priority needs a moment, and the write takes its time."""
RETRY_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class FlushSchedule:
    """Dirty marks, deadlines, and the limit on early writes; `early_ms` are the last ones, the oldest first."""

    interval_ms: int
    gap_ms: int
    early_ms: tuple[int, ...]
    dirty: bool = False
    urgent: bool = False
    since_ms: int = 0
    writing: bool = False
    begun_ms: int = 0
    overtaken: bool = False
    overtaken_urgent: bool = False
    overtaken_ms: int = 0
    last_flush_ms: int = LONG_AGO
    retry_ms: int = LONG_AGO

    @classmethod
    def of(cls, config: Mapping[str, Value]) -> FlushSchedule:
        """Nothing has changed yet."""
        prefix = "CONFIG_REMOTE_EVENT_CACHE_"
        early = (LONG_AGO,) * int(config[f"{prefix}EARLY_FLUSHES"])
        return cls(int(config[f"{prefix}FLUSH_INTERVAL_MS"]), int(config[f"{prefix}EARLY_FLUSH_GAP_MS"]), early)

    @property
    def _in_time(self) -> int:
        return self.since_ms + self.interval_ms - MARGIN_MS

    def marked(self, now_ms: int, *, urgent: bool) -> FlushSchedule:
        """The value changed."""
        if self.writing:
            since = self.overtaken_ms if self.overtaken else now_ms
            urgent = urgent or self.overtaken_urgent
            return replace(self, overtaken=True, overtaken_ms=since, overtaken_urgent=urgent)
        since = self.since_ms if self.dirty else now_ms
        return replace(self, dirty=True, since_ms=since, urgent=urgent or self.urgent)

    @property
    def due_ms(self) -> int:
        """When to write; NEVER when nothing is to be written."""
        if not self.dirty or self.writing:
            return NEVER
        due = self._in_time
        if self.urgent:
            due = min(due, max(self.last_flush_ms + self.gap_ms, self.early_ms[0] + self.interval_ms))
        return max(due, self.retry_ms)

    def begun(self, now_ms: int) -> FlushSchedule:
        """The value is copied, and about to be written."""
        return replace(self, writing=True, begun_ms=now_ms, overtaken=False, overtaken_urgent=False)

    def ended(self, now_ms: int, *, written: bool) -> FlushSchedule:
        """What became of the write."""
        if not written:
            urgent = self.urgent or self.overtaken_urgent
            return replace(self, writing=False, urgent=urgent, retry_ms=now_ms + RETRY_MS)
        was_early = self.begun_ms < self._in_time
        return replace(
            self, writing=False, early_ms=(*self.early_ms[1:], self.begun_ms) if was_early else self.early_ms,
            dirty=self.overtaken, urgent=self.overtaken_urgent, since_ms=self.overtaken_ms,
            last_flush_ms=self.begun_ms, retry_ms=LONG_AGO,
        )  # fmt: skip
