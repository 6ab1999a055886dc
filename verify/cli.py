"""The command line: the composition root. The only module that may import everything, lazily; nothing imports it.

Exit status: 0 all that could be judged held, 1 a violation was found, 2 usage or environment error, 3 inconclusive.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from p4verify.stateful.check import CheckResult
    from p4verify.targets.build import Build

HELD, VIOLATED, UNUSABLE, INCONCLUSIVE = 0, 1, 2, 3

app = typer.Typer(
    name="p4verify",
    help="Verifies the concurrency of ESP32-P4 firmware: your C, every interleaving under control.",
    epilog="Start with `p4verify check --firmware as_found`, then run `p4verify check` beside your own p4verify.toml.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Firmware = Annotated[
    str | None,
    typer.Option("--firmware", metavar="DIR|as_found|hardened", help="A tree with p4verify.toml. Default: this folder."),
]
Compiler = Annotated[str | None, typer.Option("--cc", metavar="COMPILER", help="clang, gcc or zig; default: the best.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")]


class _Usage(Exception):
    """The user can mend it; the text says how."""


def main() -> None:
    """The console script."""
    try:
        app()
    except KeyboardInterrupt:
        print("p4verify: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(UNUSABLE)


def _fail(message: object) -> NoReturn:
    print(f"p4verify: {message}", file=sys.stderr)
    raise typer.Exit(UNUSABLE)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"p4verify {version('p4verify')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="The version, and nothing else.")
    ] = False,
) -> None:
    pass


def _build(firmware: str | None, compiler: str | None, console: Console) -> Build:
    """Builds a firmware for the simulator; every failure is a message and exit status 2."""
    from p4verify.targets.build import BuildError, build_firmware
    from p4verify.targets.compilers import CompilerError, require
    from p4verify.targets.manifest import MANIFEST, ManifestError, load

    if firmware is None and not Path(MANIFEST).is_file():
        _fail(
            f"there is no {MANIFEST} in this folder, and no firmware was named. Write a manifest for your tree, or try"
            " a firmware that comes with p4verify: --firmware as_found or --firmware hardened"
        )
    try:
        with console.status("building") as status:
            return build_firmware(
                load(firmware or Path()), require(compiler), progress=lambda line: status.update(line)
            )
    except (ManifestError, CompilerError, BuildError) as error:
        _fail(error)


def _console(quiet: bool = False, to_stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(quiet=quiet, stderr=to_stderr, highlight=False, soft_wrap=False)


@app.command(
    epilog="Examples:  p4verify check --firmware as_found   |   p4verify check --only NP-3,TM-1 --budget 120   |"
    "   p4verify check --firmware hardened --json -",
)
def check(
    firmware: Firmware = None,
    target: Annotated[str, typer.Option(help="model, sim, native or serial; sim is built so far.")] = "sim",
    only: Annotated[str | None, typer.Option(metavar="ID,..", help="Criteria or invariants; see --list.")] = None,
    budget: Annotated[float, typer.Option(metavar="SECONDS", help="For exploring and confirming.", min=1)] = 45,
    seed: Annotated[int, typer.Option(help="Decides programs and schedules.", min=0)] = 0,
    run_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Default: .p4verify/runs/TIME.")] = None,
    json_to: Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="Verdicts as JSON.")] = None,
    expect: Annotated[
        str | None, typer.Option(metavar="violation:ID,..", help="Exit 0 only if exactly these are violated.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Lists criteria and invariants.")] = False,
    compiler: Compiler = None,
    quiet: Quiet = False,
) -> None:
    """Judges every acceptance criterion on a firmware."""
    if listing:
        _list_criteria()
        return
    if target != "sim":
        _fail(f"--target {target}: only sim is built so far" if target in _TARGETS else f"there is no target {target!r}")
    chosen = tuple(part.strip() for part in (only or "").split(",") if part.strip())
    expected = _checked(chosen, expect)
    console = _console(quiet, to_stderr=json_to == "-")
    result = _check(firmware, compiler, chosen, budget, seed, run_dir, console)
    _report(result, firmware, seed, json_to, console)
    raise typer.Exit(_status(result, expected, console))


_TARGETS = ("model", "sim", "native", "serial")


def _checked(only: tuple[str, ...], expect: str | None) -> frozenset[str] | None:
    from p4verify.verify.criteria import parse_expectation, select

    try:
        select(only)
        return None if expect is None else parse_expectation(expect)
    except ValueError as error:
        _fail(f"{error}; `p4verify check --list` shows what there is")


def _check(
    firmware: str | None, compiler: str | None, only: tuple[str, ...], budget: float, seed: int, run_dir: Path | None,
    console: Console,
) -> CheckResult:  # fmt: skip
    from p4verify.reports.run_folder import RunFolder, new_folder
    from p4verify.stateful.check import CheckPlan
    from p4verify.stateful.check import check as run_check
    from p4verify.stateful.watching import ConsoleWatcher
    from p4verify.targets.target import TargetError

    build = _build(firmware, compiler, console)
    try:
        folder = RunFolder(run_dir) if run_dir else new_folder(Path(".p4verify/runs"))
        plan = CheckPlan(build, firmware or ".", folder.path, only, budget, seed)
        with ConsoleWatcher(console, budget) as watcher:
            return run_check(plan, watcher)
    except TargetError as error:
        _fail(error)
    except OSError as error:
        _fail(f"{error.filename or run_dir}: {error.strerror}")


def _report(result: CheckResult, firmware: str | None, seed: int, json_to: str | None, console: Console) -> None:
    from p4verify.reports.lanes import show
    from p4verify.reports.summary import Figures, show_summary
    from p4verify.targets.manifest import load
    from p4verify.verify.criteria import as_json

    root = load(firmware or Path()).root
    for finding in result.findings:
        show(finding, console, _source_of(root))
    figures = Figures(result.executions, result.distinct, result.exploring_seconds)
    show_summary(result.criteria, figures, console)
    if result.interrupted:
        console.print("interrupted: the verdicts rest on what was run until then")
    if json_to is not None:
        data = as_json(
            result.criteria, firmware=firmware or ".", target="sim", seed=seed, executions=result.executions,
            seconds=round(result.seconds, 3),
        )  # fmt: skip
        _write_json(json_to, data)


def _write_json(where: str, data: object) -> None:
    text = json.dumps(data, indent=1) + "\n"
    if where == "-":
        sys.stdout.write(text)
        return
    try:
        Path(where).write_text(text)
    except OSError as error:
        _fail(f"{where}: {error.strerror}")


def _status(result: CheckResult, expected: frozenset[str] | None, console: Console) -> int:
    from p4verify.verify.criteria import as_expected, exit_status, violated_ids

    if expected is None:
        return exit_status(result.criteria)
    if as_expected(result.criteria, expected):
        console.print("as expected")
        return HELD
    violated = ", ".join(sorted(violated_ids(result.criteria))) or "nothing"
    print(f"p4verify: not as expected: violated are {violated}", file=sys.stderr)
    return VIOLATED


def _source_of(root: Path) -> Callable[[str, int], str | None]:
    """The text of a source line, from the firmware's tree."""
    lines: dict[str, list[str]] = {}

    def source(file: str, line: int) -> str | None:
        if file not in lines:
            path = (root / file).resolve()
            inside = path.is_relative_to(root) and path.is_file()
            lines[file] = path.read_text(errors="replace").splitlines() if inside else []
        return lines[file][line - 1].strip() if 0 < line <= len(lines[file]) else None

    return source


def _list_criteria() -> None:
    from p4verify.verify.criteria import CRITERIA, INVARIANTS, NOT_BUILT

    for criterion in CRITERIA:
        print(f"{criterion.id:6} {criterion.title}")
        for id_ in criterion.invariants:
            about = INVARIANTS[id_].title if id_ in INVARIANTS else f"not available: {NOT_BUILT[id_]}"
            print(f"       {id_:24} {about}")


@app.command(epilog="Example:  p4verify replay .p4verify/runs/20261122-120000/counterexamples/np.point-intact.json")
def replay(
    file: Annotated[Path, typer.Argument(help="A counterexample that `check` saved.")],
    firmware: Firmware = None,
    times: Annotated[int, typer.Option(help="How often.", min=1, max=100_000)] = 100,
    compiler: Compiler = None,
    quiet: Quiet = False,
) -> None:
    """Re-runs a counterexample and says whether it still happens (exit status 1: it does; 0: it does not)."""
    from p4verify.reports.lanes import show
    from p4verify.stateful.replaying import ReplayError
    from p4verify.stateful.replaying import replay as run_replay
    from p4verify.targets.description import ProtocolError
    from p4verify.targets.program_code import ProgramError
    from p4verify.targets.target import TargetError
    from p4verify.verify.codec import RecordError
    from p4verify.verify.record import load_counterexample

    console = _console(quiet)
    try:
        counterexample = load_counterexample(file)
        build = _build(firmware or _firmware_of(counterexample.firmware, counterexample.manifest), compiler, console)
        replayed = run_replay(counterexample, build, str(file), times)
    except (RecordError, ReplayError, ProgramError, ProtocolError, TargetError) as error:
        _fail(error)
    if replayed.finding is not None:
        root = build.manifest.root if build.manifest else Path()
        show(replayed.finding, console, _source_of(root))
    where = " (in another build: its choices were found again by source line)" if replayed.relocated else ""
    print(f"{counterexample.invariant}: violated in {replayed.times} of {replayed.of} replays{where}")
    raise typer.Exit(VIOLATED if replayed.times else HELD)


def _firmware_of(firmware: str, manifest: str) -> str:
    """The firmware a counterexample belongs to: by its bundled name, else by its manifest."""
    from p4verify.targets.manifest import bundled

    return firmware if firmware in bundled() else manifest


if __name__ == "__main__":
    main()
