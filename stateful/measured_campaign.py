"""The campaigns that figures measure: `check`'s own, of a build that exists, ended when a figure has seen enough.

It refuses to measure anything: what is counted, and when it is enough, is said where a figure is defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from p4verify.stateful.campaign import Campaign, Status
from p4verify.stateful.check import offers_of
from p4verify.stateful.families import families_of
from p4verify.targets.building.build import Build, build_firmware
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.manifest import load
from p4verify.targets.building.objects import OnProgress
from p4verify.targets.sim import SimTarget
from p4verify.verify.criteria import available
from p4verify.verify.verdict import Invariant


class Enough(BaseException):
    """What a figure wanted was seen; its watcher raises this out of the campaign."""


def hardened(compiler: Compiler, progress: OnProgress) -> Build:
    """The bundled firmware without flaws."""
    return build_firmware(load("hardened"), compiler, progress=progress)


def campaign_of(
    target: SimTarget, seed: int, seconds: float, watch: Callable[[Status], None], more: Iterable[Invariant] = ()
) -> Campaign:
    """As `check` sets it up for a firmware, of at most so many seconds, with these invariants besides its own."""
    manifest = target.build.manifest
    assert manifest is not None
    return Campaign(
        target, families_of(target, manifest.config), (*available(offers_of(target), "sim"), *more), manifest.config,
        manifest.limits, seed, seconds, watch,
    )  # fmt: skip
