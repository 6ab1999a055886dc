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
}


def limit(setting: Setting, key: str) -> float:
    """The limit the manifest states, else the frozen default. KeyError for a limit that does not exist."""
    return float(setting.limits.get(key, DEFAULTS[key]))


def config(setting: Setting, key: str) -> int:
    """The firmware's CONFIG value, else the Kconfig default. A value that is no number counts as absent."""
    value = setting.config.get(key)
    if isinstance(value, (bool, bytes)) or value is None:
        return CONFIG_DEFAULTS[key]
    try:
        return int(value)
    except (ValueError, OverflowError):
        return CONFIG_DEFAULTS[key]


def offline_buffer(setting: Setting) -> bool:
    """False only where the firmware was configured without its offline buffer."""
    return setting.config.get("CONFIG_NETWORK_TELEMETRY_OFFLINE_BUFFER", True) not in (False, 0, "n")


def tick_us(setting: Setting) -> int:
    """One tick of the RTOS clock in microseconds."""
    return round(1_000_000 / limit(setting, "clock_tick_hz"))
