"""The command line: the composition root. The only module that may import everything, lazily; nothing imports it.

Exit status: 0 all that could be judged held, 1 a violation was found, 2 usage or environment error, 3 inconclusive,
130 ended by a second Ctrl-C. Each command only reads its options, calls one function and prints what comes back.
"""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, ParamSpec

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from p4verify.reports.finding import ConfirmedFinding
    from p4verify.stateful.check import CheckResult
    from p4verify.targets.build import Build

HELD, VIOLATED, UNUSABLE, INCONCLUSIVE, INTERRUPTED = 0, 1, 2, 3, 130
RUNS = Path(".p4verify/runs")
TARGETS = ("model", "sim", "native", "serial")
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
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by the caller
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that has no such letters
    try:
        app()
    except SystemExit as ended:
        # Whoever read the output has gone; the status that the libraries give would mean a violation.
        sys.exit(UNUSABLE if isinstance(ended.__context__, BrokenPipeError) else ended.code)


# ---- what commands share ----


def _fail(message: object) -> NoReturn:
    typer.echo(f"p4verify: {message}", err=True)
    raise typer.Exit(UNUSABLE)


def _expected_errors() -> tuple[type[Exception], ...]:
    """Whose text is for the user and says what to do."""
    from p4verify.stateful.replaying import ReplayError
    from p4verify.targets.build import BuildError
    from p4verify.targets.compilers import CompilerError
    from p4verify.targets.description import ProtocolError
    from p4verify.targets.link import LinkError
    from p4verify.targets.manifest import ManifestError
    from p4verify.targets.program_code import ProgramError
    from p4verify.targets.target import TargetError
    from p4verify.verify.codec import RecordError

    return (
        ReplayError, BuildError, CompilerError, ProtocolError, LinkError, ManifestError, ProgramError, TargetError,
        RecordError,
    )  # fmt: skip


def _guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Every way a command can end, as a message and an exit status that cannot be mistaken for a verdict."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            typer.echo("p4verify: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            _fail(f"{error.filename or 'cannot go on'}: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 (the last resort: said to be a fault of ours)
            if isinstance(error, _expected_errors()):
                _fail(error)
            typer.echo(traceback.format_exc() + "p4verify: this is a fault of p4verify: please report it", err=True)
            raise typer.Exit(UNUSABLE) from None

    return run


def _console(*, quiet: bool = False, to_stderr: bool = False) -> Console:
    """Plain text is plain: a path with brackets in it is no markup."""
    from rich.console import Console

    return Console(quiet=quiet, stderr=to_stderr, highlight=False, markup=False, emoji=False)


def _build(firmware: str | None, compiler: str | None, console: Console) -> Build:
    """Builds a firmware for the simulator and audits what its scheduler can see."""
    from rich.text import Text

    from p4verify.targets.build import build_firmware
    from p4verify.targets.compilers import require
    from p4verify.targets.manifest import MANIFEST, load

    if firmware is None and not Path(MANIFEST).is_file():
        _fail(
            f"there is no {MANIFEST} in this folder, and no firmware was named. Write a manifest for your tree, or try"
            " a firmware that comes with p4verify: --firmware as_found or --firmware hardened"
        )
    manifest = load(firmware or Path())
    with console.status(Text("building")) as status:
        build = build_firmware(manifest, require(compiler), progress=lambda line: status.update(Text(line)))
        status.update(Text("looking for accesses that cannot be seen"))
        _ = build.audit  # kept beside the executable, so that the next run finds it
    return build


def _show_finding(finding: ConfirmedFinding, build: Build, console: Console) -> None:
    from p4verify.reports.lanes import show
    from p4verify.reports.source_text import SourceText

    show(finding, console, SourceText(build.manifest.root if build.manifest else Path()))


def _require_writable(where: str | None) -> None:
    """Said before the work, not after it."""
    if where is None or where == "-":
        return
    path = Path(where)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        _fail(f"{where}: cannot be written to")


def _write_json(where: str | None, data: object) -> None:
    text = json.dumps(data, indent=1) + "\n"
    if where == "-":
        typer.echo(text, nl=False)
    elif where is not None:
        Path(where).write_text(text, encoding="utf-8")


# ---- options that several commands have ----


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"p4verify {version('p4verify')}")
        raise typer.Exit


def _bundled_firmware() -> list[str]:
    from p4verify.targets.manifest import bundled

    return list(bundled())


def _finite(seconds: float) -> float:
    if not math.isfinite(seconds):
        raise typer.BadParameter("must be a number of seconds")
    return seconds


Firmware = Annotated[
    str | None,
    typer.Option(
        "--firmware", metavar="DIR|as_found|hardened", help="A tree with p4verify.toml; default: this folder.",
        autocompletion=_bundled_firmware,
    ),
]  # fmt: skip
CompilerOption = Annotated[
    str | None, typer.Option("--cc", metavar="COMPILER", help="clang, gcc or zig; default: the best.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")]
JsonTo = Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="The result as JSON.")]
Seed = Annotated[int, typer.Option("--seed", help="Decides programs and schedules.", min=0, max=2**63)]


@app.callback()
def _root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="The version, and nothing else.")
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
    target: Annotated[str, typer.Option(help="model, sim, native or serial; sim is built so far.")] = "sim",
    only: Annotated[str | None, typer.Option(metavar="ID,..", help="Criteria or invariants; see --list.")] = None,
    budget: Annotated[
        float, typer.Option(metavar="SECONDS", help="For exploring and confirming.", min=1, callback=_finite)
    ] = 45,
    seed: Seed = 0,
    run_dir: Annotated[Path | None, typer.Option(metavar="DIR", help=f"Default: {RUNS}/TIME.")] = None,
    json_to: JsonTo = None,
    expect: Annotated[
        str | None, typer.Option(metavar="violation:ID,..", help="Exit 0 only if exactly these are violated.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Lists criteria and invariants.")] = False,
    compiler: CompilerOption = None,
    quiet: Quiet = False,
) -> None:
    """Judges every acceptance criterion on a firmware."""
    if listing:
        _list_criteria()
        return
    if target != "sim":
        _fail(f"--target {target}: only sim is built so far" if target in TARGETS else f"there is no target {target!r}")
    chosen = tuple(part.strip() for part in (only or "").split(",") if part.strip())
    expected = _checked(chosen, expect)
    _require_writable(json_to)
    console = _console(quiet=quiet, to_stderr=json_to == "-")
    build = _build(firmware, compiler, console)
    result = _check(build, firmware or ".", (chosen, budget, seed), run_dir, console)
    _report(result, build, console)
    _write_json(json_to, _check_json(result, firmware or ".", seed))
    raise typer.Exit(_status(result, expected, console))


def _checked(only: tuple[str, ...], expect: str | None) -> frozenset[str] | None:
    from p4verify.verify.criteria import parse_expectation, select

    try:
        select(only)
        return None if expect is None else parse_expectation(expect)
    except ValueError as error:
        _fail(f"{error}; `p4verify check --list` shows what there is")


def _check(
    build: Build, firmware: str, wanted: tuple[tuple[str, ...], float, int], run_dir: Path | None, console: Console
) -> CheckResult:
    from p4verify.reports.run_folder import RunFolder, new_folder
    from p4verify.stateful.check import CheckPlan
    from p4verify.stateful.check import check as run_check
    from p4verify.stateful.watching import ConsoleWatcher

    only, budget, seed = wanted
    folder = RunFolder(run_dir) if run_dir else new_folder(RUNS)
    with ConsoleWatcher(console, budget) as watcher:
        return run_check(CheckPlan(build, firmware, folder.path, only, budget, seed), watcher)


def _report(result: CheckResult, build: Build, console: Console) -> None:
    from p4verify.reports.summary import Figures, show_summary

    for finding in result.findings:
        _show_finding(finding, build, console)
    console.quiet = False  # the result is what --quiet leaves
    show_summary(result.criteria, Figures(result.executions, result.distinct, result.exploring_seconds), console)
    if result.interrupted:
        console.print("interrupted: the verdicts rest on what was run until then")


def _check_json(result: CheckResult, firmware: str, seed: int) -> object:
    from p4verify.verify.criteria import as_json

    return as_json(
        result.criteria, firmware=firmware, target="sim", seed=seed, executions=result.executions,
        seconds=round(result.seconds, 3),
    )  # fmt: skip


def _status(result: CheckResult, expected: frozenset[str] | None, console: Console) -> int:
    from p4verify.verify.criteria import as_expected, exit_status, violated_ids

    if expected is None:
        return exit_status(result.criteria)
    if as_expected(result.criteria, expected):
        console.print("as expected")
        return HELD
    violated = ", ".join(sorted(violated_ids(result.criteria))) or "nothing"
    typer.echo(f"p4verify: not as expected: violated are {violated}", err=True)
    return VIOLATED


def _list_criteria() -> None:
    from p4verify.verify.criteria import CRITERIA, INVARIANTS, NOT_BUILT

    for criterion in CRITERIA:
        typer.echo(f"{criterion.id:6} {criterion.title}")
        for id_ in criterion.invariants:
            about = INVARIANTS[id_].title if id_ in INVARIANTS else f"not available: {NOT_BUILT[id_]}"
            typer.echo(f"       {id_:24} {about}")


# ---- replay ----


@app.command(
    epilog="\b\nExample:\n  p4verify replay .p4verify/runs/20261122-120000/counterexamples/np.point-intact.json"
    "\n\nExit status: 1 it still happens, 0 it does not, 2 it cannot be replayed here.",
)
@_guarded
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A counterexample that `check` saved.")],
    *,
    firmware: Firmware = None,
    times: Annotated[int, typer.Option(metavar="N", help="How often.", min=1, max=100_000)] = 100,
    compiler: CompilerOption = None,
    quiet: Quiet = False,
) -> None:
    """Re-runs a counterexample and says whether it still happens."""
    from p4verify.stateful.replaying import replay as run_replay
    from p4verify.verify.record import load_counterexample

    console = _console(quiet=quiet)
    counterexample = load_counterexample(file)
    build = _build(firmware or _firmware_of(counterexample.firmware, counterexample.manifest), compiler, console)
    replayed = run_replay(counterexample, build, str(file), times)
    if replayed.finding is not None:
        _show_finding(replayed.finding, build, console)
    where = " (in another build: its choices were found again by source line)" if replayed.relocated else ""
    typer.echo(f"{counterexample.invariant}: violated in {replayed.times} of {replayed.of} replays{where}")
    raise typer.Exit(VIOLATED if replayed.times else HELD)


def _firmware_of(firmware: str, manifest: str) -> str:
    """The firmware a counterexample belongs to: by its bundled name, else by its manifest."""
    from p4verify.targets.manifest import bundled

    if firmware in bundled():
        return firmware
    if not Path(manifest).is_file():
        _fail(f"the firmware it was found in is not here ({manifest}): name it by --firmware DIR")
    return manifest


# ---- doctor ----


@app.command(epilog="\b\nExamples:\n  p4verify doctor\n  p4verify doctor --cc gcc --json -")
@_guarded
def doctor(*, json_to: JsonTo = None, compiler: CompilerOption = None, quiet: Quiet = False) -> None:
    """Checks the environment: what is there, what is missing and how to get it (exit status 0 or 2)."""
    from p4verify.stateful.doctor import Examined, as_json, examine, healthy, show

    _require_writable(json_to)
    console = _console(quiet=quiet, to_stderr=json_to == "-")
    lines: list[Examined] = []
    for line in examine(compiler):
        lines.append(line)
        show(line, console)
    _write_json(json_to, as_json(lines))
    raise typer.Exit(_said(lines, healthy(lines), console))


def _said(lines: Sequence[object], well: bool, console: Console) -> int:
    console.print("all that is needed is here" if well else f"{len(lines)} lines above: what is marked ✗ is needed")
    return HELD if well else UNUSABLE


if __name__ == "__main__":
    main()
