"""What a command works on, made ready while its progress is told: a firmware built and audited, or the model of one.

It refuses to judge, and to explain a firmware that does not build: the error of whoever builds says that.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from p4verify.reports.command_line import doing, fail
from p4verify.stateful.opened import AnyBuild
from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.compilers import require
from p4verify.targets.building.manifest import MANIFEST, load
from p4verify.targets.model.target import model_of


def prepared(firmware: str | None, compiler: str | None, console: Console, target: str = "sim") -> AnyBuild:
    """Builds a firmware for the simulator and audits what its scheduler can see; of the model there is nothing to.

    `firmware` None is that of this folder. Raises BuildError, CompilerError, ManifestError or TargetError; ends the
    command where there is none.
    """
    if target == "model":
        return model_of(firmware or ".")
    if firmware is None and not Path(MANIFEST).is_file():
        fail(
            f"there is no {MANIFEST} in this folder, and no firmware was named. Write a manifest for your tree, or try"
            " a firmware that comes with p4verify: --firmware as_found or --firmware hardened"
        )
    manifest = load(firmware or Path())
    with doing(console, "building") as tell:
        build = build_firmware(manifest, require(compiler), progress=tell)
        tell("looking for accesses that cannot be seen")
        _ = build.audit  # kept beside the executable, so that the next run finds it
        tell("reading its debug information")
        build.symbols.read()
    return build
