"""Thresholds: the frozen defaults of the acceptance criteria, and the firmware's CONFIG values with their defaults.

A manifest may change a limit under `[limits]`; nothing else does.
"""

from __future__ import annotations

from p4verify.verify.verdict import Setting

DEFAULTS: dict[str, float] = {
    "cadence_tolerance": 1.0,  # ticks
    "drain_per_period": 8.0,  # points
    "callback_budget_ms": 5.0,
    "flush_interval_ms": 10000.0,
    "flush_delta_mv": 20.0,
    "early_flush_ms": 2000.0,  # between a change beyond the delta and its write, and between early writes
    "reactive_ms": 250.0,
    "read_wait_ms": 50.0,
    "write_wait_ms": 400.0,
    "dispatcher_budget_ms": 20.0,
    "settle_ms": 2000.0,
    "clock_tick_hz": 100.0,
    # What has been idle for this long has blocked, so that all it had to do is done: time passes in sim only when
    # every task blocks, or by microseconds where a clock is read. Targets in real time set more.
    "rest_ms": 1.0,
    # A change of at least this much is significant to any firmware of the family; smaller ones may be either.
    "significant_cell_mv": 20.0,
    "significant_battery": 1.0,  # percent, volt, ampere, degree Celsius
}

CONFIG_DEFAULTS: dict[str, int] = {
    "CONFIG_NETWORK_TELEMETRY_PERIOD_MS": 5000,
    "CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH": 32,
    "CONFIG_EVENT_BUS_QUEUE_LENGTH": 32,
    "CONFIG_TELEMETRY_MODEL_MIN_PUBLISH_MS": 250,
    "CONFIG_TINYBMS_STATS_INTERVAL_MS": 1000,
    # Of a firmware that states no number of early writes, no more than one per flush interval is expected.
    "CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSHES": 1,
}

CONFIGURED = {
    "flush_interval_ms": "CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS",
    "flush_delta_mv": "CONFIG_REMOTE_EVENT_CACHE_FLUSH_DELTA_MV",
    "early_flush_ms": "CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSH_GAP_MS",
    "read_wait_ms": "CONFIG_TINYBMS_READ_WAIT_MS",
    "write_wait_ms": "CONFIG_TINYBMS_WRITE_WAIT_MS",
}
"""Limits that a firmware may state itself, in its CONFIG."""


def limit(setting: Setting, key: str) -> float:
    """The limit the manifest states, else the firmware's CONFIG where it has one, else the frozen default.

    KeyError for a limit that does not exist.
    """
    if key in setting.limits:
        return float(setting.limits[key])
    stated = _number(setting, CONFIGURED[key]) if key in CONFIGURED else None
    return DEFAULTS[key] if stated is None else float(stated)


def config(setting: Setting, key: str) -> int:
    """The firmware's CONFIG value, else the Kconfig default. A value that is no number counts as absent."""
    value = _number(setting, key)
    return CONFIG_DEFAULTS[key] if value is None else value


def _number(setting: Setting, key: str) -> int | None:
    value = setting.config.get(key)
    if isinstance(value, (bool, bytes)) or value is None:
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def offline_buffer(setting: Setting) -> bool:
    """False only where the firmware was configured without its offline buffer."""
    return setting.config.get("CONFIG_NETWORK_TELEMETRY_OFFLINE_BUFFER", True) not in (False, 0, "n")


def tick_us(setting: Setting) -> int:
    """One tick of the RTOS clock in microseconds."""
    return round(1_000_000 / limit(setting, "clock_tick_hz"))
