"""Finds a compiler for the simulator and knows its flags.

clang from 18 on instruments best, and the PyPI wheel `ziglang` carries one, so those come first; older clangs are blind
to every by-value struct argument, gcc to more, and none sees all: the audit lists what is left. It refuses to install
anything: what is missing is a `CompilerError` that says how to get it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Kind = Literal["clang", "gcc", "zig"]

GOOD_CLANG = 18
"""The first clang that announces by-value struct arguments, where alignment makes it copy them by `__tsan_memcpy`."""
CAPTURE_CLANG = 21
"""The first clang that announces the fields of a local whose address another task may hold."""
OLDEST_CLANG = 14
OLDEST_GCC = 11
PROBE_SECONDS = 60

HOW_TO_GET_ONE = (
    "install one of: `pip install ziglang` (no root needed), `apt-get install clang`, `apt-get install gcc`; "
    "or name one by P4VERIFY_CC or --cc"
)

_INSTRUMENTED = (
    "-O1", "-g", "-fno-builtin", "-fsanitize=thread", "-fno-inline", "-fno-common", "-fno-omit-frame-pointer",
    "-UNDEBUG",
    "-fno-delete-null-pointer-checks",  # else an access through a null pointer becomes a trap, or nothing at all
    "-fno-jump-tables",  # the audit follows every branch
)  # fmt: skip
# Vectorised accesses would hide single words; read-before-write announces the read of a bitfield's update too. Volatile
# accesses are told apart because a loop may poll them.
_INSTRUMENTED_CLANG = (
    "-femulated-tls", "-fno-vectorize", "-fno-slp-vectorize", "-fno-unroll-loops",
    "-mllvm", "-tsan-instrument-read-before-write=1",
    "-mllvm", "-tsan-distinguish-volatile=1",
)  # fmt: skip
# These take a field of a local for private whose own address is given to nobody, even if the whole variable's was. When
# the search for such uses may look at none, every address counts as given away, and every local in memory has hooks.
_CAPTURED_CLANG = ("-mllvm", "-capture-tracking-max-uses-to-explore=0")
# What gcc knows of a function's stores lets it drop a call whose only store goes through a null pointer.
_INSTRUMENTED_GCC = ("--param=tsan-distinguish-volatile=1", "-fno-ipa-modref")
# Hidden symbols spare position-independent code (zig's) the detour through the table of addresses; zig keeps frame
# pointers unless told. One noisy comparison: 17 % less CPU time on SNAP, 6 % on RING, 5 % more on torn.
# Zig takes assertions out when it optimises: those of adapters are their authors' invariants.
_OURS = ("-O2", "-g", "-fomit-frame-pointer", "-fvisibility=hidden", "-UNDEBUG")
# Zig adds an undefined-behaviour sanitizer and the host's instruction set by itself, and its tsan insists on -fPIC.
_ZIG = ("-mcpu=baseline", "-fno-sanitize=undefined", "-fPIC")
_CXX = ("-fno-exceptions", "-fno-rtti")


class CompilerError(Exception):
    """There is no usable compiler; the text says what was looked at and how to get one."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """A compiler that was probed: `c` and `cxx` are the argument lists of its drivers (`cxx` None: it has no C++)."""

    kind: Kind
    c: tuple[str, ...]
    cxx: tuple[str, ...] | None
    major: int
    version: str
    """The first line of `--version`: part of the build's identity."""

    @property
    def position(self) -> tuple[str, ...]:
        """All code stays below 4 GiB and needs no relocation when it is loaded."""
        return _ZIG if self.kind == "zig" else ("-fno-pie",)

    def instrumented(self, *, cxx: bool = False) -> tuple[str, ...]:
        """Flags for the code under test: every memory access calls a hook."""
        own = _INSTRUMENTED_GCC if self.kind == "gcc" else _INSTRUMENTED_CLANG
        if self.kind != "gcc" and self.major < CAPTURE_CLANG:
            own = (*own, *_CAPTURED_CLANG)
        return (*_INSTRUMENTED, *own, *self.position, *(_CXX if cxx else ()))

    def plain(self, *, cxx: bool = False) -> tuple[str, ...]:
        """Flags for adapters, agent and shim: no hooks."""
        return (*_OURS, "-fno-common", *self.position, *(_CXX if cxx else ()))

    @property
    def engine(self) -> tuple[str, ...]:
        """Flags for the scheduler itself."""
        return (*_OURS, *self.position)

    @property
    def link(self) -> tuple[str, ...]:
        """Flags for the link."""
        return ("-no-pie", *(("-mcpu=baseline", "-fno-sanitize=undefined") if self.kind == "zig" else ()))

    def describe(self) -> str:
        """One line for people: `clang 22 (/usr/bin/clang-22)`."""
        return f"{self.kind} {self.major} ({self.c[0]})"


def require(choice: str | None = None) -> Compiler:
    """The compiler that `choice` (or $P4VERIFY_CC) names, else the best one of this machine; CompilerError if none."""
    wanted = choice or os.environ.get("P4VERIFY_CC")
    if wanted:
        return _named(wanted)
    best = max(available(), key=_rank, default=None)
    if best is None:
        raise CompilerError(f"there is no C compiler for the simulator: {HOW_TO_GET_ONE}")
    return best


def available() -> tuple[Compiler, ...]:
    """Every usable compiler of this machine, each once."""
    found: dict[tuple[Kind, str], Compiler] = {}
    for command in _candidates():
        compiler = _probed(command)
        if isinstance(compiler, Compiler):
            found.setdefault((compiler.kind, compiler.version), compiler)
    return tuple(found.values())


def _rank(compiler: Compiler) -> tuple[int, int]:
    order = {"zig": 2, "gcc": 0, "clang": 3 if compiler.major >= GOOD_CLANG else 1}
    return order[compiler.kind], compiler.major


def _candidates() -> Iterator[tuple[str, ...]]:
    for name in ("clang", *(f"clang-{major}" for major in range(40, OLDEST_CLANG - 1, -1)), "gcc"):
        path = shutil.which(name)
        if path:
            yield (path,)
    zig = _zig_of_the_wheel()
    if zig:
        yield (zig, "cc")


def _zig_of_the_wheel() -> str | None:
    # The binary itself: `python -m ziglang` would start an interpreter for every file.
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        return None
    binary = Path(spec.submodule_search_locations[0]) / "zig"
    return str(binary) if binary.is_file() else None


def _named(choice: str) -> Compiler:
    try:
        words = shlex.split(choice)
    except ValueError as error:
        raise CompilerError(f"{choice!r} names no compiler: {error}") from None
    command = _command(words) if words else None
    if command is None:
        raise CompilerError(f"there is no compiler {choice!r} on PATH: {HOW_TO_GET_ONE}")
    compiler = _probed(command)
    if isinstance(compiler, str):
        raise CompilerError(f"{choice!r} cannot be used: {compiler}")
    return compiler


def _command(words: list[str]) -> tuple[str, ...] | None:
    path = shutil.which(words[0]) or (_zig_of_the_wheel() if words[0] == "zig" else None)
    if path is None:
        return None
    is_zig = Path(path).name == "zig" and len(words) == 1
    return (path, *words[1:], *(("cc",) if is_zig else ()))


@lru_cache(maxsize=64)
def _probed(command: tuple[str, ...]) -> Compiler | str:
    """The compiler behind a command, or why it cannot be used."""
    try:
        macros = _output((*command, "-dM", "-E", "-x", "c", os.devnull))
        version = _output((*command, "--version")).partition("\n")[0].strip()
    except (OSError, subprocess.SubprocessError) as error:
        return f"it does not run as a C compiler ({error})"
    return _identified(command, _numbers(macros), version)


def _output(command: tuple[str, ...]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=PROBE_SECONDS, check=True)
    return done.stdout


def _numbers(macros: str) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"^#define (__\w+) (\d+)$", macros, re.MULTILINE)}


def _identified(command: tuple[str, ...], macros: dict[str, int], version: str) -> Compiler | str:
    if "__x86_64__" not in macros or "__linux__" not in macros:
        return "it does not build for x86-64 Linux, where the simulator runs"
    clang = macros.get("__clang_major__", 0)
    major = clang or macros.get("__GNUC__", 0)
    if major < (OLDEST_CLANG if clang else OLDEST_GCC):
        return f"it is too old ({version}); clang >= {OLDEST_CLANG} or gcc >= {OLDEST_GCC} will do"
    is_zig = len(command) > 1 and command[-1] == "cc" and "zig" in Path(command[-2]).name
    kind: Kind = "zig" if is_zig else "clang" if clang else "gcc"
    return Compiler(kind, command, (*command[:-1], "c++") if is_zig else _cxx_driver(command), major, version)


def _cxx_driver(command: tuple[str, ...]) -> tuple[str, ...] | None:
    """`g++-12` for `gcc-12`, `clang++` for `clang`: the driver beside the C one."""
    folder, name = os.path.split(command[0])
    twin = re.sub(r"clang(?!\+)", "clang++", name) if "clang" in name else re.sub(r"g?cc", "g++", name)
    path = shutil.which(twin, path=folder or None)
    return (path, *command[1:]) if path and twin != name else None
