"""The command line: the composition root. The only module that may import everything, lazily; nothing imports it.

Exit status: 0 all that could be judged held, 1 a violation was found, 2 usage or environment error, 3 inconclusive,
130 ended by a second Ctrl-C. Each command only reads its options, calls one function and prints what comes back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec

import typer

from p4verify.reports.command_line import (
    HELD,
    INCONCLUSIVE,
    RUNS,
    UNUSABLE,
    VIOLATED,
    CompilerOption,
    Firmware,
    FirmwareFound,
    JsonTo,
    Quiet,
    Seed,
    console_for,
    doing,
    fail,
    finite,
    guarded,
    require_folder,
    require_writable,
    run_app,
    show_version,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    from rich.console import Console

    from p4verify.stateful.check import CheckResult
    from p4verify.stateful.opened import AnyBuild

TARGETS = ("model", "sim", "native", "serial")
BUILT = ("sim", "model")
BUDGETS = {"sim": 45.0, "model": 300.0}
"""Seconds in which a run of `check` exercises every invariant often enough, with some to spare."""
P = ParamSpec("P")

app = typer.Typer(
    name="p4verify",
    help="Verifies the concurrency of ESP32-P4 firmware: your C, every interleaving under control.",
    epilog="\b\nStart with:\n  p4verify check --firmware as_found"
    "\nthen run `p4verify check` beside your own p4verify.toml.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main() -> None:
    """The console script."""
    run_app(app)


# ---- what commands share ----


def _expected_errors() -> tuple[type[Exception], ...]:
    """Whose text is for the user and says what to do."""
    from p4verify.stateful.figures import BenchError
    from p4verify.stateful.replaying import ReplayError
    from p4verify.targets.building.build import BuildError
    from p4verify.targets.building.compilers import CompilerError
    from p4verify.targets.building.manifest import ManifestError
    from p4verify.targets.protocol.description import ProtocolError
    from p4verify.targets.protocol.link import LinkError
    from p4verify.targets.protocol.program_code import ProgramError
    from p4verify.targets.target import TargetError
    from p4verify.verify.codec import RecordError

    return (
        BenchError, BuildError, CompilerError, LinkError, ManifestError, ProgramError, ProtocolError, RecordError,
        ReplayError, TargetError,
    )  # fmt: skip


def _guarded(command: Callable[P, None]) -> Callable[P, None]:
    return guarded(command, _expected_errors)


@app.callback()
def _root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="The version, and nothing else.")
    ] = False,
) -> None:
    pass


# ---- check ----


@app.command(
    epilog="\b\nExamples:\n  p4verify check --firmware as_found"
    "\n  p4verify check --only NP-3,tm.cells-coherent --budget 120"
    "\n  p4verify check --firmware hardened --json -\n  p4verify check --firmware as_found --expect violation:NP-3,TM-1"
    "\n\nExit status: 0 all that could be judged held, 1 violation, 2 usage or environment, 3 inconclusive.",
)
@_guarded
def check(
    *,
    firmware: Firmware = None,
    target: Annotated[str, typer.Option(help="sim or model; native and serial are not built yet.")] = "sim",
    only: Annotated[str | None, typer.Option(metavar="ID,..", help="Criteria or invariants; see --list.")] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS", help="For all but the build. Default: 45; 300 of the model.", min=1, callback=finite,
            show_default=False,
        ),
    ] = None,
    seed: Seed = 0,
    run_dir: Annotated[str | None, typer.Option(metavar="DIR", help=f"Default: {RUNS}/TIME.")] = None,
    json_to: JsonTo = None,
    markdown_to: Annotated[
        str | None, typer.Option("--markdown", metavar="FILE|-", help="The acceptance report, for a pull request.")
    ] = None,
    expect: Annotated[
        str | None, typer.Option(metavar="violation:ID,..", help="Exit 0 only if exactly these are violated.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Lists criteria and invariants.")] = False,
    compiler: CompilerOption = None,
    quiet: Quiet = False,
) -> None:
    """Judges every acceptance criterion on a firmware."""
    if listing:
        _list(_chosen(only))
        return
    if target not in BUILT:
        built = " and ".join(BUILT)
        fail(f"--target {target}: {built} are built so far" if target in TARGETS else f"there is no target {target!r}")
    chosen = _chosen(only)
    expected = _checked(chosen, expect)
    if json_to == markdown_to == "-":
        fail("--json - and --markdown - would be mixed on the standard output: name a file for one of them")
    require_writable(json_to)
    require_writable(markdown_to)
    if run_dir == "":  # which Path would take for this folder
        fail("--run-dir names nothing: leave it out, or name a folder you may write to by --run-dir DIR")
    folder = None if run_dir is None else Path(run_dir)
    require_folder(folder)
    from p4verify.stateful.opened import root_of
    from p4verify.stateful.preparing import prepared
    from p4verify.stateful.telling import check_as_json, check_status, show_check

    console = console_for(quiet=quiet, to_stderr="-" in (json_to, markdown_to))
    build = prepared(firmware, compiler, console, target)
    seconds = BUDGETS[target] if budget is None else budget
    result, report = _check(build, firmware or build.name, (chosen, seconds, seed), folder, console)
    show_check(result, root_of(build), report, console)
    write_json(json_to, check_as_json(result, firmware or ".", target, seed))
    write_text(markdown_to, None if markdown_to is None else report.read_text(encoding="utf-8"))
    raise typer.Exit(check_status(result, expected, console))


def _list(only: tuple[str, ...]) -> None:
    from p4verify.reports.listing import criteria_lines

    _checked(only, None)
    typer.echo("\n".join(criteria_lines(only)))


def _chosen(only: str | None) -> tuple[str, ...]:
    """What --only names: nothing without it, and never nothing with it."""
    if only is None:
        return ()
    named = tuple(part.strip() for part in only.split(",") if part.strip())
    if not named:
        fail(f"--only {only!r} names nothing; `p4verify check --list` shows what there is")
    return named


def _checked(only: tuple[str, ...], expect: str | None) -> frozenset[str] | None:
    from p4verify.verify.criteria import parse_expectation, select

    try:
        select(only)
        return None if expect is None else parse_expectation(expect)
    except ValueError as error:
        fail(f"{error}; `p4verify check --list` shows what there is")


def _check(
    build: AnyBuild, firmware: str, wanted: tuple[tuple[str, ...], float, int], run_dir: Path | None, console: Console
) -> tuple[CheckResult, Path]:
    """The result, and where the acceptance report of it lies."""
    from p4verify.stateful.accepting import write_acceptance
    from p4verify.stateful.check import CheckPlan
    from p4verify.stateful.check import check as run_check
    from p4verify.stateful.watching import ConsoleWatcher

    only, budget, seed = wanted
    plan = CheckPlan(build, firmware, _run_folder(run_dir), only, budget, seed)
    with ConsoleWatcher(console, budget) as watcher:
        result = run_check(plan, watcher)
    return result, write_acceptance(plan, result)


def _run_folder(run_dir: Path | None) -> Path:
    from p4verify.reports.run_folder import RunFolder, new_folder

    try:
        return RunFolder(run_dir).path if run_dir else new_folder(RUNS).path
    except OSError as error:
        wanted = f"--run-dir {run_dir}" if run_dir else f"the run's folder in {RUNS}"
        fail(f"{wanted} cannot be made ({error.strerror}): name a folder you may write to by --run-dir DIR")


# ---- replay ----


@app.command(
    epilog="\b\nExample:\n  p4verify replay .p4verify/runs/20261122-120000/counterexamples/np.point-intact.json"
    "\n\nExit status: 1 it still happens, 0 it does not, 2 it cannot be replayed here.",
)
@_guarded
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A counterexample that `check` saved.")],
    *,
    firmware: FirmwareFound = None,
    times: Annotated[int, typer.Option(metavar="N", help="How often.", min=1, max=100_000)] = 100,
    compiler: CompilerOption = None,
    quiet: Quiet = False,
) -> None:
    """Re-runs a counterexample and says whether it still happens."""
    from p4verify.stateful.opened import root_of
    from p4verify.stateful.preparing import prepared
    from p4verify.stateful.replaying import counterexample_in, firmware_of
    from p4verify.stateful.replaying import replay as run_replay
    from p4verify.stateful.telling import show_finding

    console = console_for(quiet=quiet)
    counterexample = counterexample_in(file)
    named = firmware or firmware_of(counterexample)
    build = prepared(named, compiler, console, "model" if counterexample.build_id.startswith("model-") else "sim")
    replayed = run_replay(counterexample, build, str(file), times)
    if replayed.finding is not None:
        show_finding(replayed.finding, root_of(build), console)
    where = " (in another build: its choices were found again by source line)" if replayed.relocated else ""
    typer.echo(f"{counterexample.invariant}: violated in {replayed.times} of {replayed.of} replays{where}")
    raise typer.Exit(VIOLATED if replayed.times else HELD)


# ---- litmus ----


def _defines(pairs: Sequence[str]) -> dict[str, str]:
    parts = [pair.partition("=") for pair in pairs]
    if any(not name.isidentifier() for name, _, _ in parts):
        raise typer.BadParameter("write NAME or NAME=VALUE")
    return {name: value if equals else "1" for name, equals, value in parts}


@app.command(
    epilog="\b\nExamples:\n  p4verify litmus counter.c"
    "\n  p4verify litmus queue.c stubs.c -D DEPTH=4 -I include --budget 60"
    "\n  p4verify litmus lock.c --strategy pct --depth 3"
    "\n\nExit status: 0 nothing found, 1 found, 2 usage or environment, 3 seen once and not again.",
)
@_guarded
def litmus(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="C or C++ with main or app_main.")],
    *,
    strategy: Annotated[str | None, typer.Option(help="random, pct or delay; default: all in turn.")] = None,
    depth: Annotated[int, typer.Option(help="Of pct and delay.", min=0, max=100)] = 3,
    sync: Annotated[bool, typer.Option("--sync", help="Preempt at RTOS calls and atomics only.")] = False,
    races: Annotated[
        bool, typer.Option("--races/--no-races", help="Whether a data race is a failure; volatile orders nothing.")
    ] = True,
    executions: Annotated[int, typer.Option(metavar="N", help="At most so many.", min=1, max=2**31)] = 1_000_000,
    budget: Annotated[float, typer.Option(metavar="SECONDS", help="For exploring.", min=0.1, callback=finite)] = 10,
    seed: Seed = 0,
    define: Annotated[list[str] | None, typer.Option("--define", "-D", metavar="NAME[=VALUE]")] = None,
    include: Annotated[list[Path] | None, typer.Option("--include", "-I", metavar="DIR")] = None,
    compiler: CompilerOption = None,
    quiet: Quiet = False,
) -> None:
    """Explores self-contained C files until an assertion fails, or they race, crash, hang or deadlock."""
    from p4verify.stateful.litmus import LitmusPlan, run_litmus
    from p4verify.stateful.telling import show_litmus
    from p4verify.targets.building.compilers import require
    from p4verify.verify.schedule import Granularity

    if strategy not in (None, "random", "pct", "delay"):
        raise typer.BadParameter(f"there is no strategy {strategy!r}: random, pct or delay")
    plan = LitmusPlan(
        tuple(files), strategy, Granularity.SYNC if sync else Granularity.WORDS, depth, executions, budget, seed,
        defines=_defines(define or ()), include=tuple(include or ()), arguments=tuple(sys.argv[2:]), races=races,
    )  # fmt: skip
    console = console_for(quiet=quiet)
    with doing(console, "building") as tell:
        result = run_litmus(
            plan, require(compiler), progress=tell,
            watch=lambda now: tell(f"{now.doing}: {now.executions:,} executions"),
        )  # fmt: skip
    show_litmus(result, console)
    raise typer.Exit(result.status)


# ---- bench ----


@app.command(epilog="\b\nExamples:\n  p4verify bench\n  p4verify bench --only 'sim.executions_per_second.*' --json -")
@_guarded
def bench(
    *,
    only: Annotated[str | None, typer.Option(metavar="GLOB", help="Figures whose name matches.")] = None,
    json_to: JsonTo = None,
    compiler: CompilerOption = None,
    quiet: Quiet = False,
) -> None:
    """Measures how fast exploring is on this machine: the median of five runs of each figure."""
    from p4verify.stateful.bench import as_json, run_bench, show
    from p4verify.targets.building.compilers import require

    require_writable(json_to)
    console = console_for(quiet=quiet, to_stderr=json_to == "-")
    with doing(console, "preparing") as tell:
        result = run_bench(require(compiler), only, progress=tell)
    show(result, console)
    write_json(json_to, as_json(result))
    raise typer.Exit(INCONCLUSIVE if result.failed else HELD)


# ---- doctor ----


@app.command(epilog="\b\nExamples:\n  p4verify doctor\n  p4verify doctor --cc gcc --json -")
@_guarded
def doctor(*, json_to: JsonTo = None, compiler: CompilerOption = None, quiet: Quiet = False) -> None:
    """Checks the environment: what is there, what is missing and how to get it (exit status 0 or 2)."""
    from p4verify.stateful.doctor import Examined, as_json, examine, healthy, show

    require_writable(json_to)
    console = console_for(quiet=quiet, to_stderr=json_to == "-")
    lines: list[Examined] = []
    for line in examine(compiler):
        lines.append(line)
        show(line, console)
    write_json(json_to, as_json(lines))
    raise typer.Exit(_said(lines, healthy(lines), console))


def _said(lines: Sequence[object], well: bool, console: Console) -> int:
    console.quiet = False
    console.print("all that is needed is here" if well else f"{len(lines)} lines above: what is marked ✗ is needed")
    return HELD if well else UNUSABLE


if __name__ == "__main__":
    main()
