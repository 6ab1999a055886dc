"""What every command of the command line shares: options, console, messages, exit statuses.

It knows no command, and loads nothing but typer before it is needed.
"""

from __future__ import annotations

import functools
import json
import math
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn, ParamSpec

import typer

from p4verify.reports import values
from p4verify.verify.confidential import masked

if TYPE_CHECKING:
    from rich.console import Console

HELD, VIOLATED, UNUSABLE, INCONCLUSIVE, INTERRUPTED, UNREAD = 0, 1, 2, 3, 130, 141
"""UNREAD is what a shell says of whoever was ended by SIGPIPE: the reader of the output has gone."""
RUNS: Final = Path(".p4verify/runs")
"""Where runs lie that were not told where to."""
LONGEST_MESSAGE = 4000
PATIENCE_SECONDS = 10.0
"""How long one thing may take before somebody without a terminal, who sees no progress, is told what it is."""
P = ParamSpec("P")


# ---- how a command ends ----


def run_app(app: typer.Typer) -> NoReturn:
    """Runs the command that sys.argv names, and exits."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by the caller
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that has no such letters
    try:
        app()
    except SystemExit as ended:
        # The status that the libraries give where nobody reads any more would mean a violation.
        sys.exit(UNREAD if isinstance(ended.__context__, BrokenPipeError) else ended.code)
    sys.exit(HELD)


def fail(message: object) -> NoReturn:
    """Ends the command with a message for the user, who is spared what a hostile file may have put into it."""
    whole = masked(str(message))  # before it is cut: a part of a secret is not found any more
    text = "\n".join(values.printable(line) for line in whole[:LONGEST_MESSAGE].split("\n"))
    more = f" ... ({len(whole) - LONGEST_MESSAGE:,} letters more)" if len(whole) > LONGEST_MESSAGE else ""
    typer.echo(f"p4verify: {text}{more}", err=True)
    raise typer.Exit(UNUSABLE)


def guarded(command: Callable[P, None], expected: Callable[[], tuple[type[Exception], ...]]) -> Callable[P, None]:
    """Every way a command can end, as a message and an exit status that cannot be mistaken for a verdict.

    `expected` gives the errors whose text is for the user; it is asked when there is one.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.BadParameter, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            typer.echo("p4verify: interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            fail(f"{error.filename or 'cannot go on'}: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001 (the last resort: said to be a fault of ours)
            if isinstance(error, expected()):
                fail(error)
            where = masked(traceback.format_exc())
            typer.echo(f"{where}p4verify: this is a fault of p4verify: please report it", err=True)
            raise typer.Exit(UNUSABLE) from None

    return run


# ---- what it prints ----


def console_for(*, quiet: bool = False, to_stderr: bool = False) -> Console:
    """Plain text is plain: a path with brackets in it is no markup."""
    from rich.console import Console

    return Console(quiet=quiet, stderr=to_stderr, highlight=False, markup=False, emoji=False)


@contextmanager
def doing(
    console: Console, what: str, timer: Callable[[float, Callable[[], None]], threading.Timer] = threading.Timer
) -> Iterator[Callable[[str], None]]:
    """A line that says what is going on and can be changed; it vanishes. Its text is plain, whatever is in it.

    Where there is no terminal, what takes longer than PATIENCE_SECONDS is said on stderr, once.
    """
    from rich.text import Text

    if not console.is_terminal and not console.quiet:
        with _said_when_slow(what, timer) as tell:
            yield tell
        return
    with console.status(Text(what)) as status:
        yield lambda line: status.update(Text(line))


@contextmanager
def _said_when_slow(
    what: str, timer: Callable[[float, Callable[[], None]], threading.Timer]
) -> Iterator[Callable[[str], None]]:
    """Yields what is told that something else goes on from now on; says what goes on unchanged for too long."""
    waiting: list[threading.Timer] = []
    said = False

    def say(line: str) -> None:
        nonlocal said
        if not said:
            typer.echo(f"p4verify: {values.printable(line)}: this takes a while", err=True)
        said = True

    def tell(line: str) -> None:
        while waiting:
            waiting.pop().cancel()
        if not said:
            waiting.append(timer(PATIENCE_SECONDS, functools.partial(say, line)))
            waiting[-1].daemon = True
            waiting[-1].start()

    try:
        tell(what)
        yield tell
    finally:
        while waiting:
            waiting.pop().cancel()


def require_writable(where: str | None) -> None:
    """Said before the work, not after it."""
    if where is None or where == "-":
        return
    path = Path(where)
    if path.is_dir():
        fail(f"{where}: cannot be written to: it is a folder")
    if not path.parent.is_dir():
        fail(f"{where}: cannot be written to: there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        fail(f"{where}: cannot be written to: you may not write there")


def require_folder(where: Path | None) -> None:
    """The same of a folder that will be made with those above it; None is for one of our own.

    Its name must be fit to be printed: it is part of the commands that show findings again.
    """
    if where is None:
        return
    if not str(where).isprintable():
        shown = values.printable(str(where))
        fail(f"--run-dir {shown}: there is a newline or another control character in it: {_FOLDER}")
    nearest = next((path for path in (where, *where.absolute().parents) if path.exists()), Path("/"))
    if not nearest.is_dir():
        fail(f"--run-dir {where}: {nearest} is a file: {_FOLDER}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        fail(f"--run-dir {where}: you may not write to {nearest}: {_FOLDER}")


_FOLDER: Final = "name a folder you may write to by --run-dir DIR"


def write_json(where: str | None, data: object) -> None:
    """To stdout for `-`, to a file, or (None) nowhere."""
    write_text(where, json.dumps(data, indent=1) + "\n")


def write_text(where: str | None, text: str | None) -> None:
    """The same of a text that ends with a newline; None is nothing to write."""
    if text is None:
        return
    if where == "-":
        typer.echo(text, nl=False)
    elif where is not None:
        Path(where).write_text(text, encoding="utf-8")


# ---- options that several commands have ----


def show_version(wanted: bool) -> None:
    """The callback of --version."""
    if wanted:
        typer.echo(f"p4verify {version('p4verify')}")
        raise typer.Exit


def finite(seconds: float | None) -> float | None:
    """The callback of a budget; None is the default."""
    if seconds is not None and not math.isfinite(seconds):
        raise typer.BadParameter("must be a number of seconds")
    return seconds


def _named(firmware: str | None) -> str | None:
    """The callback of --firmware; "" would be taken for this folder, where a script's variable was empty."""
    if firmware is not None and not firmware.strip():
        raise typer.BadParameter("names nothing: leave it out, or name a tree")
    return firmware


Firmware = Annotated[
    str | None,
    typer.Option(
        "--firmware", metavar="DIR|as_found|hardened", help="A tree with p4verify.toml; default: this folder.",
        callback=_named,
        autocompletion=lambda: ["as_found", "hardened"],
    ),
]  # fmt: skip
FirmwareFound = Annotated[
    str | None,
    typer.Option(
        "--firmware", metavar="DIR|as_found|hardened", help="Another tree; default: that in which it was found.",
        callback=_named,
        autocompletion=lambda: ["as_found", "hardened"],
    ),
]  # fmt: skip
CompilerOption = Annotated[
    str | None, typer.Option("--cc", metavar="COMPILER", help="clang, gcc or zig; default: the best.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the result.")]
JsonTo = Annotated[str | None, typer.Option("--json", metavar="FILE|-", help="The result as JSON.")]
Seed = Annotated[int, typer.Option("--seed", help="Decides programs and schedules.", min=0, max=2**63)]
