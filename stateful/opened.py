"""Which target runs a build: the simulator an executable, the model its Python. It refuses to know what is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypedDict

from p4verify.reports.summary import Hidden
from p4verify.stateful.campaign import PORTFOLIO
from p4verify.stateful.enduring import EnduringTarget
from p4verify.targets.building.build import Build
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.model.target import ModelBuild, ModelTarget
from p4verify.targets.shared_words import names_of, words_of
from p4verify.targets.target import Exploration, Shared
from p4verify.verify.confidential import masked

AnyBuild = Build | ModelBuild
AnyTarget = EnduringTarget | ModelTarget
MODEL_EXECUTIONS: Final = 16
"""Of one program under one strategy."""


def opened(build: AnyBuild) -> AnyTarget:
    """The target of a build; its failures are kept and do not end a run."""
    return ModelTarget(build) if isinstance(build, ModelBuild) else EnduringTarget(build)


def target_name(build: AnyBuild) -> str:
    """As `--target` names it."""
    return "model" if isinstance(build, ModelBuild) else "sim"


def compiler_of(build: AnyBuild) -> str:
    """Which compiler made it, without where it lies."""
    return "none: the model is Python" if isinstance(build, ModelBuild) else _name_of(build.compiler)


def _name_of(compiler: Compiler) -> str:
    return f"clang {compiler.major} (ziglang)" if compiler.kind == "zig" else f"{compiler.kind} {compiler.major}"


def hidden_by(target: AnyTarget) -> tuple[Hidden, ...]:
    """The races that were not told because the manifest suppresses them."""
    used = target.suppressor.used() if isinstance(target, EnduringTarget) else ()
    return tuple(Hidden(str(suppression), masked(suppression.reason), races) for suppression, races in used)


class Pace(TypedDict):
    """How a campaign spends its budget."""

    portfolio: Sequence[Exploration]
    sparing: bool


def pace_of(build: AnyBuild) -> Pace:
    """The model is slow: more programs with fewer schedules each, and those programs that are still needed."""
    if not isinstance(build, ModelBuild):
        return Pace(portfolio=PORTFOLIO, sparing=False)
    return Pace(portfolio=[replace(plan, executions=MODEL_EXECUTIONS) for plan in PORTFOLIO], sparing=True)


def root_of(build: AnyBuild) -> Path:
    """The folder in which the source lines of its traces lie."""
    if isinstance(build, ModelBuild):
        return build.root
    return build.manifest.root if build.manifest else Path()


def shared_names(build: AnyBuild, shared: Shared) -> tuple[str, ...]:
    """What has been learnt about shared memory, by the names of variables; the model has nothing to learn."""
    return () if isinstance(build, ModelBuild) else names_of(shared, build.symbols.variables)


def shared_words(build: AnyBuild, names: Sequence[str], shared: Shared) -> Shared:
    """The words of these names in a build. ValueError when they are none."""
    return Shared(()) if isinstance(build, ModelBuild) else words_of(names, shared, build.symbols.variables)
