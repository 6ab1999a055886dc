"""Builds the simulator's executable out of a firmware tree, or out of self-contained litmus files.

Objects and executables are cached by content, under $P4VERIFY_CACHE, else the user's cache folder; several processes
may build at once. It refuses to run anything it built, and turns every failure into a `BuildError` for the user.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from pathlib import Path

from p4verify.targets.building import advice
from p4verify.targets.building.cjson import CJsonMissing
from p4verify.targets.building.compilers import Compiler, require
from p4verify.targets.building.linking import (
    Link,
    LinkError,
    code_of,
    functions_of,
    has_thread_locals,
    link,
    outside_reset,
)
from p4verify.targets.building.manifest import CXX_SUFFIXES, Manifest
from p4verify.targets.building.objects import CompileError, ObjectCache, OnProgress, Unit, digest_of, write_atomically
from p4verify.targets.building.plan import C_STANDARD, CXX_STANDARD, RUNTIME, Litmus, Plan, firmware_plan, litmus_plan
from p4verify.targets.building.renaming import apart, global_names, interface
from p4verify.targets.machine.audit import BlindSpot, audit
from p4verify.targets.machine.stack_use import StackNeed, stack_needs
from p4verify.targets.machine.symbols import Symbols

FORMAT = "3"
"""Raised when what a build means changes, so that nothing built before is found."""


class BuildError(Exception):
    """It cannot be built; the text is for the user."""


@dataclass(frozen=True)
class Build:
    """An executable of the simulator. `identity` is a digest of sources, manifest, compiler and instrumented sites.

    `symbols` and `audit` are worked out when they are first asked for.
    """

    name: str
    executable: Path
    identity: str
    compiler: Compiler
    sources: frozenset[str] = field(repr=False)
    """The instrumented files, by the names that the debug information gives them."""
    manifest: Manifest | None = field(default=None, repr=False)

    @cached_property
    def symbols(self) -> Symbols:
        """Names for its addresses."""
        return _symbols(self.executable, self.executable.stat().st_ino, self.sources)

    @cached_property
    def audit(self) -> tuple[BlindSpot, ...]:
        """The memory accesses of the instrumented code that the scheduler cannot see, by file and line."""
        kept = self.executable.with_name("audit.json")
        try:
            return tuple(BlindSpot(**row) for row in json.loads(kept.read_text()))
        except (OSError, ValueError, TypeError):  # not yet worked out
            spots = audit(self.executable, self.sources)
            write_atomically(kept, json.dumps([asdict(spot) for spot in spots]))
            return spots


    @cached_property
    def stack_needs(self) -> tuple[StackNeed, ...]:
        """What the functions of the instrumented code need of their task's stack at least, where it is worth a word."""
        kept = self.executable.with_name("stack_needs.json")
        try:
            return tuple(StackNeed(*map(int, row)) for row in json.loads(kept.read_text()))
        except (OSError, ValueError, TypeError):  # not yet worked out
            needs = stack_needs(self.symbols.lines.dwarf, self.sources)
            write_atomically(kept, json.dumps(needs))
            return needs


@lru_cache(maxsize=4)
def _symbols(executable: Path, _inode: int, sources: frozenset[str]) -> Symbols:
    """Of the builds that a process used last: reading the tables of a firmware takes seconds, and its content stays."""
    return Symbols(executable, sources)


def cache_folder() -> Path:
    """Where builds are kept: $P4VERIFY_CACHE, else p4verify under $XDG_CACHE_HOME or ~/.cache."""
    chosen = os.environ.get("P4VERIFY_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base).absolute() / "p4verify"


def silent(_line: str) -> None:
    """Progress for nobody."""


def build_firmware(
    manifest: Manifest, compiler: Compiler | None = None, *, progress: OnProgress = silent, runtime: Path = RUNTIME
) -> Build:
    """Builds a firmware tree; BuildError or CompilerError with what to do when that is impossible."""
    chosen = compiler or require()

    def plan(generated: Path) -> Plan:
        return firmware_plan(manifest, chosen, generated, runtime)

    _require_cxx(chosen, (*manifest.sources, *manifest.stubs, *manifest.adapters))
    return _Builder(chosen, manifest, progress).build(plan)


def build_litmus(
    files: Sequence[Path],
    compiler: Compiler | None = None,
    *,
    defines: Mapping[str, str] | None = None,
    include: Sequence[Path] = (),
    c_standard: str = C_STANDARD,
    cxx_standard: str = CXX_STANDARD,
    progress: OnProgress = silent,
    runtime: Path = RUNTIME,
) -> Build:
    """Builds self-contained files (`main` or `app_main`) under the same scheduler, without agent and adapters."""
    absent = [path for path in files if not path.is_file()]
    if absent or not files:
        raise BuildError(f"there is no such file: {absent[0]}" if absent else "no file was named")
    chosen = compiler or require()
    paths = tuple(path.resolve() for path in files)
    folders = tuple(path.resolve() for path in include)
    litmus = Litmus(paths, defines or {}, folders, c_standard, cxx_standard)

    def plan(generated: Path) -> Plan:
        return litmus_plan(litmus, chosen, generated, runtime)

    _require_cxx(chosen, paths)
    return _Builder(chosen, None, progress).build(plan)


def _require_cxx(compiler: Compiler, files: Sequence[Path]) -> None:
    wanting = [path for path in files if path.suffix in CXX_SUFFIXES]
    if wanting and compiler.cxx is None:
        raise BuildError(f"{wanting[0]} is C++ and {compiler.describe()} has no C++ driver: install it (e.g. g++)")


def _link_of(plan: Plan, made: Mapping[Unit, Path], table: Sequence[Path]) -> Link:
    """The objects in the order that makes the ranges: begin, instrumented, middle, plain, end; then the engine."""
    begin, middle, end = (made[unit] for unit in plan.markers)
    instrumented = (made[unit] for unit in plan.instrumented)
    plain = (made[unit] for unit in plan.plain)
    engine = tuple(made[unit] for unit in plan.engine)
    return Link((begin, *instrumented, middle, *plain, *table, end), engine, plan.wraps, plan.libraries)


def _own(plan: Plan, made: Mapping[Unit, Path]) -> frozenset[Path]:
    """The objects of p4verify itself; a litmus file stays the user's, wherever it lies."""
    runtime = plan.roots.places["{runtime}"]
    units = (*plan.plain, *plan.markers, *plan.engine)
    return frozenset(made[unit] for unit in units if unit.source.is_relative_to(runtime))


def _interface(plan: Plan) -> frozenset[str]:
    """The names that firmware and adapters may use of p4verify."""
    runtime = plan.roots.places["{runtime}"]
    return interface([*sorted((runtime / "shim" / "include").rglob("*.h")), runtime / "agent" / "p4v_adapter.h"])


def _functions_in(what: Link) -> frozenset[str]:
    """What the objects of the reset range define; the simulator's own main is not among them."""
    return frozenset(name for path in what.reset for name in functions_of(path))


def _identity(folder: Path) -> str:
    """The identity of the build in `folder`; "" when there is none, or a damaged one."""
    try:
        found = json.loads((folder / "build.json").read_text())["identity"]
        return str(found) if (folder / "simulator").is_file() else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class _Builder:
    """One build with one compiler. The lock keeps two processes from making the same files at the same time."""

    def __init__(self, compiler: Compiler, manifest: Manifest | None, progress: OnProgress) -> None:
        self.compiler = compiler
        self.manifest = manifest
        self.progress = progress
        self.cache = cache_folder()

    def build(self, plan_in: Callable[[Path], Plan]) -> Build:
        try:
            plan = plan_in(self.cache / "generated")
            objects = ObjectCache(self.cache, self.compiler.version)
            found = [path for path in objects.find(plan.units, plan.roots) if path]
            if len(found) < len(plan.units) or not _identity(self._folder(plan, found)):
                with self._locked():
                    found = list(objects.compile(plan.units, plan.roots, self.progress))
                    self._link(plan, objects, found)
            folder = self._folder(plan, found)
            return Build(plan.name, folder / "simulator", _identity(folder), self.compiler, plan.sources, self.manifest)
        except CompileError as error:
            full = advice.of_full_disk(error.words, self.cache)
            raise BuildError(full or advice.of_compile_error(error, self.manifest)) from None
        except LinkError as error:
            full = advice.of_full_disk(error.words, self.cache)
            raise BuildError(full or advice.of_link_error(error, self.manifest)) from None
        except CJsonMissing as error:
            raise BuildError(str(error)) from None
        except OSError as error:
            other = f"cannot build in {self.cache}: {error}; P4VERIFY_CACHE names another folder"
            raise BuildError(advice.of_full_disk(str(error), self.cache) or other) from None

    def _folder(self, plan: Plan, made: Sequence[Path]) -> Path:
        """Where the executable of these objects is kept, once it is linked."""
        names = (path.name for path in made)
        return self.cache / "builds" / digest_of(FORMAT, self.compiler.version, plan.described, *names)

    def _link(self, plan: Plan, objects: ObjectCache, found: Sequence[Path]) -> None:
        folder = self._folder(plan, found)
        if _identity(folder):
            return  # another process linked it meanwhile
        first = " (zig makes its C runtime first, once)" if self.compiler.kind == "zig" else ""
        self.progress(f"linking {plan.name}{first}")
        made = dict(zip(plan.units, found, strict=True))
        for unit in plan.instrumented:
            if has_thread_locals(made[unit]):  # only gcc: it cannot emulate them, and all tasks run in one thread
                raise BuildError(f"{unit.source} has thread-local variables, which {self.compiler.describe()} cannot "
                                 "keep apart by task: use clang, or `pip install ziglang`")  # fmt: skip
        identity = digest_of(folder.name, *code_of(made[unit] for unit in plan.instrumented))
        table = objects.compile([plan.table_unit(self.cache / "generated", identity)], plan.roots, silent)
        self._check_wraps(_link_of(plan, made, table))
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
            what = apart(_link_of(plan, made, table), _own(plan, made), _interface(plan), Path(scratch))
            fresh = Path(scratch, "fresh")
            fresh.mkdir()
            link(self.compiler, what, fresh / "simulator")
            self._check(fresh / "simulator", what, plan)
            (fresh / "build.json").write_text(json.dumps({"identity": identity, "name": plan.name}))
            shutil.rmtree(folder, ignore_errors=True)  # a damaged one
            fresh.rename(folder)

    def _check_wraps(self, what: Link) -> None:
        """A misspelt symbol of the manifest would be wrapped in vain."""
        if self.manifest is None or not self.manifest.wrap:
            return
        known = global_names(what)
        absent = next((name for name in self.manifest.wrap if name not in known), None)
        if absent is not None:
            near = get_close_matches(absent, (name for name in known if not name.startswith("__")), 1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise BuildError(
                f"{self.manifest.path}: [firmware] wrap: no object defines or calls {absent!r} (a static function"
                f" cannot be wrapped){meant}"
            )

    def _check(self, executable: Path, what: Link, plan: Plan) -> None:
        lost = outside_reset(executable, what.reset)
        if lost:
            raise BuildError(f"these variables would survive an execution: {', '.join(lost)} (a fault of p4verify)")
        if self.manifest is None and not {"main", "app_main"} & _functions_in(what):
            raise BuildError("none of the files defines main or app_main: there is nothing to run")
        functions = functions_of(executable)
        for observer, function in plan.probes.items():
            if function not in functions:
                raise BuildError(f'[probes] "{observer}": the firmware has no function {function!r}')

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.cache / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.progress("waiting for another build")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield
