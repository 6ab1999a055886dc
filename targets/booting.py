"""For tests: a small firmware whose power can be cut, and that stores in two steps (c/agent/test/boots.c)."""

from __future__ import annotations

import shutil
from pathlib import Path

from p4verify.targets.building.build import Build, build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.driven_c import C

_MANIFEST = """
[firmware]
name = "boots"
sources = ["firmware.c"]
adapters = ["verify/boots.c"]
[probes]
"boots.ticked" = "tick"
"""
_FIRMWARE = """\
#include <stdint.h>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
static uint32_t s_count;
uint32_t bump(void) { return ++s_count; }
void tick(void);
void tick(void) { bump(); }
static void ticker(void *unused) {
    (void)unused;
    for (;;) { vTaskDelay(1); tick(); }
}
void start(void) { xTaskCreate(ticker, "ticker", 4096, NULL, 6, NULL); }
"""


def build_booting(tree: Path) -> Build:
    """The firmware, in this empty folder."""
    (tree / "p4verify.toml").write_text(_MANIFEST)
    (tree / "firmware.c").write_text(_FIRMWARE)
    (tree / "verify").mkdir()
    shutil.copy(C / "agent/test/boots.c", tree / "verify/boots.c")
    return build_firmware(load(tree))
