"""Flash and power over hours and minutes of the C firmware: how often it is written, and what a cut anywhere leaves.

A run this long needs room: `quiet_bus.c` shows only what is restored, and `steady_frames.c` gives an hour in one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import pytest

from p4verify.stateful.flaws.flaw import Edit, Flaw, flawed
from p4verify.stateful.flaws.gateway import FIRST, GATEWAY
from p4verify.stateful.gateway_families import AFTER_FRAME, AFTER_STEP, BEFORE_FRAME, BEFORE_STEP, FRAME_MS, coded
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import ADAPTERS, BUNDLED, Manifest, load
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.invariants.gateway import WRITES, Gateway
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Granularity
from p4verify.verify.tokens import FIRST_FINE, LAST_FINE
from p4verify.verify.verdict import Judgement, Setting

HOUR, TEN_MINUTES = 7200, 1200
"""Frames at 2 Hz."""
COMPONENTS = ("event_bus", "remote_event_adapter")
NEEDED = ("pack_cells.c",)
"""A source of another component that the gateway's adapter calls."""


@contextmanager
def running(manifest: Manifest, *adapters: Path) -> Iterator[SimTarget]:
    """The gateway's adapter of a firmware and the bus, and nothing else of it."""
    sources = tuple(s for s in manifest.sources if s.parent.name in COMPONENTS or s.name in NEEDED)
    chosen = (BUNDLED / "test/quiet_bus.c", *adapters, ADAPTERS / "remote_event_adapter.c")
    alone = replace(
        manifest, sources=sources, adapters=chosen, include=(*manifest.include, ADAPTERS), probes={},
        name=f"{manifest.name}_gateway",
    )  # fmt: skip
    with SimTarget(build_firmware(alone)) as target:
        yield target


def run(target: SimTarget, program: Program) -> Execution:
    """One execution, however long."""
    seen: list[Execution] = []

    def found(one: Found) -> bool:
        seen.append(one.execution)
        return True

    target.explore(program, Exploration("delay", Granularity.SYNC, executions=1, max_points=1 << 22, depth=0), found)
    (execution,) = seen
    assert execution.ending.outcome is Outcome.COMPLETED, execution.ending
    return execution


def writes_in_an_hour(firmware: str) -> int:
    calls = (Invocation("steady.frames", (HOUR,)), Invocation("steady.writes"))
    with running(load(firmware), BUNDLED / "test/steady_frames.c") as target:
        execution = run(target, Program((Task("s3", calls),)))
    assert execution.history.end_us >= HOUR * FRAME_MS * 1000
    results = execution.history.operations[-1].results
    assert results is not None
    return int(results["writes"])


def test_in_an_hour_at_2_hz_flash_is_written_a_twentieth_as_often() -> None:
    before, after = writes_in_an_hour("as_found"), writes_in_an_hour("hardened")
    assert before == HOUR
    assert 0 < after <= 0.05 * before


# ---- power cuts within ten minutes


QUIET = [token for token in range(FIRST_FINE, LAST_FINE + 1) for _ in range(5)]
"""Changes stay below the delta threshold. There are few such tokens: each stays for a while, so that it comes back only
when it has long been stale."""
LOUD = range(3, FIRST_FINE - 1, 2)
"""All changes are beyond the threshold."""
AGE, INTACT = "re.restore-age", "re.restore-intact"
MIXED = Flaw(
    INTACT,
    "What is written is the first frame but for its beginning.",
    (
        Edit(
            "remote_event_adapter/event_cache.c",
            "    memcpy(blob + sizeof(cache_blob_header_t), slot->pending, slot->size);\n",
            "    static uint8_t first[BLOB_BYTES];\n"
            "    static bool kept;\n"
            "    memcpy(first, slot->pending, kept ? 3 * sizeof(float) : slot->size);\n"
            "    kept = true;\n"
            "    memcpy(blob + sizeof(cache_blob_header_t), first, slot->size);\n",
        ),
    ),
    FIRST,
)
STALE = next(flaw for flaw in GATEWAY if flaw.invariant == AGE)


def ten_minutes(tokens: Sequence[int], cut: int | None = None) -> Program:
    """A frame of each token in turn; the power is cut once, or never."""
    calls = (Invocation("re.telemetry", (token, 4, 0), FRAME_MS) for token in islice(cycle(tokens), TEN_MINUTES))
    return Program((Task("s3", tuple(calls)),), {} if cut is None else {"power": (cut,)}, settle_ms=FRAME_MS)


def setting_of(target: SimTarget, program: Program) -> Setting:
    manifest = target.build.manifest
    assert manifest is not None
    return Setting(program, manifest.config, manifest.limits)


def cut_points(target: SimTarget, tokens: Sequence[int]) -> tuple[list[int], list[int]]:
    """Before and after each step of NVS of the run without a cut, and before and after each frame."""
    program = ten_minutes(tokens)
    (boot,) = Gateway.of(run(target, program), setting_of(target, program))
    steps = sum(call.call in WRITES for call in boot.nvs)
    assert len(boot.whole) == TEN_MINUTES
    return (
        [coded(where, n + 1) for n in range(steps) for where in (BEFORE_STEP, AFTER_STEP)],
        [coded(where, n + 1) for n in range(TEN_MINUTES) for where in (BEFORE_FRAME, AFTER_FRAME)],
    )


def judged(target: SimTarget, tokens: Sequence[int], cut: int) -> dict[str, Judgement]:
    """What both invariants say of the run that is cut there."""
    program = ten_minutes(tokens, cut)
    execution = run(target, program)
    assert len(execution.history.boots) == 1, "the power was not cut"
    return {id_: INVARIANTS[id_].check(execution, setting_of(target, program)) for id_ in (AGE, INTACT)}


def cuts_held(tokens: Sequence[int], every_step: int, every_frame: int) -> Counter[str]:
    """Cuts the run at each so many-th step of NVS and place of a frame; counts cuts, and how often each was judged."""
    held = Counter[str]()
    with running(load("hardened"), ADAPTERS / "nvs.c") as target:
        steps, places = cut_points(target, tokens)
        for cut in (*steps[::every_step], *places[::every_frame]):
            held["cuts"] += 1
            for id_, judgement in judged(target, tokens, cut).items():
                assert judgement.violation is None, (cut, judgement.violation.summary)
                held[id_] += judgement.exercised
    return held


def test_wherever_the_power_fails_a_recent_frame_is_restored_whole() -> None:
    """The strides have no factor in common with a flush interval, nor with a write: each phase of both is met."""
    held = cuts_held(QUIET, 7, 61)
    assert min(held[AGE], held[INTACT]) > 0.9 * held["cuts"] > 60, held


@pytest.mark.parametrize("flaw", [STALE, MIXED], ids=lambda flaw: flaw.invariant)
def test_a_flaw_shows_at_a_cut_of_that_run(flaw: Flaw, tmp_path: Path) -> None:
    with running(flawed(flaw, tmp_path / "tree"), ADAPTERS / "nvs.c") as target:
        violation = judged(target, QUIET, coded(AFTER_FRAME, 70))[flaw.invariant].violation
    assert violation is not None
