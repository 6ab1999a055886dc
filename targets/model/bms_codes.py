"""Constants of the TinyBMS client's interface (tinybms_client.h), the same in both firmwares, and its registers."""

from __future__ import annotations

from typing import Final

OK, FAIL, NO_MEMORY, INVALID_STATE, TIMEOUT, INVALID_CRC = 0, -1, 0x101, 0x103, 0x107, 0x109
"""Of esp_err.h."""
NOT_FINISHED: Final = 0x10C
DISCONNECTED, CONNECTING, CONNECTED = range(3)
TIMEOUT_TICKS, ATTEMPTS, RETRY_PAUSE_MS, VERIFY_PAUSE_MS = 75, 3, 100, 50
QUEUE_LENGTH: Final = 10
TEST_REGISTER, RESTART_REGISTER, RESTART_VALUE = 0x012C, 0x0086, 0xA55A
Outcome = tuple[int, int]
"""An error code, and the value that was read or read back."""
COUNTERS: Final = (
    "reads_ok", "reads_failed", "writes_ok", "writes_failed", "crc_errors", "timeouts", "nacks", "retries",
)  # fmt: skip
LATENCY_FIELDS: Final = ("avg_latency_ms", "queue_depth", "queue_depth_max")
