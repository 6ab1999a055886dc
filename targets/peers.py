"""For tests: a firmware that does nothing but store and talk as a program says, through the doubles of NVS and UART."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from p4verify.targets.building.build import Build, build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.driven_c import C
from p4verify.targets.sim import SimTarget
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.history import History
from p4verify.verify.program import Invocation, Program, Task, Value
from p4verify.verify.schedule import Granularity, Schedule

MANIFEST: Final = """
[firmware]
name = "peers"
sources = ["firmware.c"]
adapters = ["nvs", "uart", "verify/peers.c"]
"""
FIRMWARE: Final = "int unused_by_all(void); int unused_by_all(void) { return 0; }\n"
SYNC: Final = Schedule(granularity=Granularity.SYNC)
CODE: Final = 1_000_000
"""What a code in the streams "nvs", "bms" and "power" is multiplied by."""
BEFORE_NVS, AFTER_NVS, AT_MS = 1, 2, 5


def build_peers(tree: Path) -> Build:
    """The firmware and its adapter (c/shim/test/peers.c), written to `tree` and built."""
    (tree / "p4verify.toml").write_text(MANIFEST)
    (tree / "firmware.c").write_text(FIRMWARE)
    (tree / "verify").mkdir()
    shutil.copy(C / "shim/test/peers.c", tree / "verify/peers.c")
    return build_firmware(load(tree))


def call(name: str, *arguments: Value) -> Invocation:
    """One of the adapter's operations."""
    return Invocation(f"peers.{name}", arguments)


def run(
    sim: SimTarget, *calls: Invocation, final: tuple[Invocation, ...] = (), streams: Mapping[str, tuple[int, ...]] = {}
) -> Execution:
    """One task performs `calls` and nothing interferes; AssertionError when the execution does not complete."""
    program = Program((Task("a", calls),), streams, settle_ms=50, final=final)
    execution = sim.execute(program, SYNC)
    assert execution.ending.outcome is Outcome.COMPLETED, execution.ending
    return execution


def results(history: History, name: str) -> list[Mapping[str, Value]]:
    """What the operations of this name returned, without those that did not."""
    return [operation.results for operation in history.calls(f"peers.{name}") if operation.results is not None]
