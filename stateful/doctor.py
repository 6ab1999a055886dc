"""What `p4verify doctor` does: looks whether this machine has what p4verify needs, and says how to get what is missing.

It ends with the proof: a small racy program is built and explored, and must be caught. It installs nothing.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from rich.console import Console
from rich.text import Text

from p4verify.targets.building.build import Build, BuildError, build_litmus, cache_folder
from p4verify.targets.building.cjson import HOW_TO_GET_IT, of_system
from p4verify.targets.building.compilers import GOOD_CLANG, HOW_TO_GET_ONE, CompilerError, available, require
from p4verify.targets.protocol.link import LinkError
from p4verify.targets.sim import ADDRESS_SPACE_GIB, SimTarget
from p4verify.targets.target import Exploration, Found, TargetError
from p4verify.verify.execution import Outcome

OLDEST_PYTHON = (3, 11)
CACHE_MIB = 300
SMOKE_EXECUTIONS = 300
SMOKE = """\
#include <assert.h>
#include <pthread.h>
struct reading { int volts, amperes, watts, kelvin, percent, cells; };
static struct reading latest;
static int count;
__attribute__((noinline)) static int total(struct reading r) { return r.volts + r.watts + r.percent + r.cells; }
static void *work(void *argument) {
    latest.volts = total(latest);
    count++;                                    /* two tasks, no lock: an update is lost */
    return argument;
}
int main(void) {
    pthread_t one, two;
    pthread_create(&one, NULL, work, NULL);
    pthread_create(&two, NULL, work, NULL);
    pthread_join(one, NULL);
    pthread_join(two, NULL);
    assert(count == 2);
    return 0;
}
"""


@dataclass(frozen=True, slots=True)
class Examined:
    """One line: what was looked at, what was found, and how to get what is missing. Without `needed` it may be."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True


def examine(compiler: str | None = None) -> Iterator[Examined]:
    """All of it, one line after the other; `compiler` is the one that the user named, if any."""
    yield _python()
    yield _platform()
    yield _cache()
    yield _address_space()
    yield from _compilers(compiler)
    yield _cjson()
    yield from _smoke(compiler)
    yield from _extras()


def healthy(lines: Sequence[Examined]) -> bool:
    """Whether all that is needed is there."""
    return all(line.ok or not line.needed for line in lines)


def as_json(lines: Sequence[Examined]) -> dict[str, object]:
    """The `--json` of `doctor`, as plain values."""
    return {"schema": 1, "ok": healthy(lines), "checks": [asdict(line) for line in lines]}


def show(line: Examined, console: Console) -> None:
    """Prints one line, and below it what to do."""
    sign, style = ("✓", "green") if line.ok else ("✗", "bold red") if line.needed else ("-", "yellow")
    console.print(Text.assemble((f"{sign} ", style), f"{line.name:14} {line.found}"), soft_wrap=True)
    if not line.ok and line.remedy:
        console.print(Text(f"  {'':14} -> {line.remedy}"), soft_wrap=True)


# ---- the machine ----


def _python() -> Examined:
    wanted = ".".join(map(str, OLDEST_PYTHON))
    return Examined(
        "python", sys.version_info >= OLDEST_PYTHON, f"{platform.python_version()} ({sys.executable})",
        f"p4verify needs python >= {wanted}",
    )  # fmt: skip


def _platform() -> Examined:
    system, machine = platform.system(), platform.machine()
    fits = system == "Linux" and machine in ("x86_64", "AMD64")
    return Examined("platform", fits, f"{system} on {machine}", "the simulator runs on x86-64 Linux")


def _cache() -> Examined:
    folder = cache_folder()
    remedy = "make it writable, or name another folder by P4VERIFY_CACHE"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free >> 20
    except OSError as error:
        return Examined("cache", False, f"{folder}: {error.strerror}", remedy)
    found = f"{folder}, {free:,} MiB free"
    return Examined("cache", free >= CACHE_MIB, found, f"builds need {CACHE_MIB} MiB; {remedy}")


def _address_space() -> Examined:
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    unlimited = limit == resource.RLIM_INFINITY
    found = "unlimited" if unlimited else f"{limit / 2**30:.1f} GiB"
    enough = unlimited or limit >= ADDRESS_SPACE_GIB << 30
    remedy = f"the simulator reserves {ADDRESS_SPACE_GIB} GiB: `ulimit -v unlimited`"
    return Examined("address space", enough, found, remedy)


# ---- compilers, and the proof ----


def _compilers(choice: str | None) -> Iterator[Examined]:
    for compiler in available():
        what = compiler.describe() if compiler.cxx else f"{compiler.describe()}, C only"
        yield Examined("compiler", True, what)
    try:
        chosen = require(choice)
    except CompilerError as error:
        yield Examined("chosen", False, str(error), HOW_TO_GET_ONE)
        return
    named = " as named" if choice or os.environ.get("P4VERIFY_CC") else ""
    yield Examined("chosen", True, f"{chosen.describe()}{named}")


def _cjson() -> Examined:
    """What firmware that parses JSON is linked with, unless its tree or ESP-IDF has the source."""
    system = of_system()
    found = str(system.library) if system else "not installed; firmware that parses JSON needs it (the bundled does)"
    return Examined("cJSON", system is not None, found, HOW_TO_GET_IT, needed=False)


def _smoke(choice: str | None) -> Iterator[Examined]:
    try:
        compiler = require(choice)
    except CompilerError:
        return
    build: Build | None = None
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "smoke.c")
            file.write_text(SMOKE)
            build = build_litmus([file], compiler)
        yield Examined("build", True, "a small program builds")
        yield _by_value(build)
        yield _explored(build)
    except (BuildError, CompilerError, TargetError, LinkError, OSError) as error:
        remedy = "try another compiler by --cc" if build is None else "the simulator does not run here; see the message"
        yield Examined("explore" if build else "build", False, str(error), remedy)


def _by_value(build: Build) -> Examined:
    """What the chosen compiler announces; a verdict that rests on more is unknown, so this is no condition."""
    blind = [spot for spot in build.audit if "smoke.c" in spot.file]
    compiler = build.compiler
    if not blind:
        return Examined("sight", True, "struct arguments by value are seen", needed=False)
    best = compiler.kind != "gcc" and compiler.major >= GOOD_CLANG
    found = f"{'some' if best else 'no'} struct arguments by value are seen by {compiler.kind} {compiler.major}"
    if best:
        return Examined("sight", True, f"{found}; a verdict that rests on another is unknown", needed=False)
    remedy = f"`pip install ziglang`, or clang from {GOOD_CLANG} on, shows more"
    return Examined("sight", False, found, remedy, needed=False)


def _explored(build: Build) -> Examined:
    endings: set[Outcome] = set()

    def found(one: Found) -> bool:
        endings.add(one.execution.ending.outcome)
        return True

    with SimTarget(build) as target:
        progress = target.explore(None, Exploration("random", executions=SMOKE_EXECUTIONS), found)
    caught = endings >= {Outcome.COMPLETED, Outcome.ASSERTION}
    what = f"{progress.executions} interleavings of it: its lost update {'is found' if caught else 'was missed'}"
    return Examined("explore", caught, what, "the simulator does not work here: report it with this output")


# ---- extras ----


def _extras() -> Iterator[Examined]:
    for extra, packages in _packages_by_extra(requires("p4verify") or []).items():
        absent = [name for name in packages if not _installed(name)]
        found = f"{extra}: " + (f"without {', '.join(absent)}" if absent else ", ".join(packages))
        yield Examined("extra", not absent, found, f"pip install 'p4verify[{extra}]'", needed=False)


def _packages_by_extra(requirements: Sequence[str], skip: Callable[[str], bool] = "dev".__eq__) -> dict[str, list[str]]:
    """Package names by extra, out of lines like `pyserial<4,>=3.5; extra == "board"`."""
    extras: dict[str, list[str]] = {}
    for line in requirements:
        named = re.match(r"[A-Za-z0-9._-]+", line)
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        if named and extra and not skip(extra[1]):
            extras.setdefault(extra[1], []).append(named[0])
    return extras


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
