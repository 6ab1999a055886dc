"""Links the simulator and checks what was linked: nothing unresolved, every variable of the code under test resettable.

It refuses to hand over an executable in which a variable of the firmware, the adapters or the shim lies outside the
range that is copied back between executions: such a variable would carry one execution's state into the next.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from p4verify.targets.building.compilers import Compiler
from p4verify.targets.machine.source_lines import FIRMWARES
from p4verify.targets.machine.symbol_table import FUNCTION, OBJECT, RESERVED, UNDEFINED, ObjectFile, Section

LINK_SECONDS = 600
"""Zig builds its C runtime at its first link."""

_UNDEFINED = re.compile(r"undefined (?:reference to|symbol:?) [`'\"]?(?P<name>.+?)['\"]?$", re.MULTILINE)
_TWICE = re.compile(r"(?:multiple definition of [`']|duplicate symbol: )(?P<name>[^'\n;]+)")
_STD = re.compile(r"\b(std::|__cxxabiv1|__gxx_|vtable for __|typeinfo)")
_WRITABLE, _ALLOCATED, _THREAD_LOCAL = 1, 2, 0x400


class LinkError(Exception):
    """The linker failed. `undefined` and `twice` name symbols, as far as its `words` tell."""

    def __init__(self, words: str) -> None:
        super().__init__(f"the simulator does not link\n{words}")
        self.words = words
        self.undefined = tuple(dict.fromkeys(match["name"] for match in _UNDEFINED.finditer(words)))
        self.twice = tuple(dict.fromkeys(match["name"] for match in _TWICE.finditer(words)))


@dataclass(frozen=True, slots=True)
class Link:
    """What to link: objects that are reset between executions, in reset order, then the engine's, and `--wrap` names.

    `reset` begins with the object of the opening markers and ends with that of the closing ones.
    """

    reset: tuple[Path, ...]
    engine: tuple[Path, ...]
    wraps: tuple[str, ...]
    libraries: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A symbol of writable memory."""

    name: str
    address: int
    size: int


def link(compiler: Compiler, what: Link, output: Path) -> None:
    """Links to `output`; by the C driver, and by the C++ one only if the C++ library is needed. LinkError otherwise."""
    try:
        _run(compiler.c, compiler, what, output)
    except LinkError as error:
        if compiler.cxx is None or not any(_STD.search(name) for name in error.undefined):
            raise
        _run(compiler.cxx, compiler, what, output)


def _run(driver: Sequence[str], compiler: Compiler, what: Link, output: Path) -> None:
    wraps = [f"-Wl,--wrap={name}" for name in what.wraps]
    objects = [str(path) for path in (*what.reset, *what.engine, *what.libraries)]
    command = [*driver, *compiler.link, *objects, *wraps, "-lm", "-o", str(output)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=LINK_SECONDS,
                              cwd=output.parent, check=False, stdin=subprocess.DEVNULL)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LinkError(str(error)) from None
    if done.returncode != 0:
        raise LinkError((done.stderr + done.stdout).strip() or f"exit status {done.returncode}")


def outside_reset(executable: Path, reset: Iterable[Path]) -> tuple[str, ...]:
    """The variables of the `reset` objects that lie outside the markers; empty when all is well.

    ValueError when the executable has no markers. Names of static variables may repeat, so as many must lie inside as
    the objects define.
    """
    variables = tuple(_variables(executable))
    ranges = _reset_ranges(executable)
    inside = Counter((v.name, v.size) for v in variables if any(low <= v.address <= high for low, high in ranges))
    wanted = Counter((v.name, v.size) for path in reset for v in _variables(path))
    linked = Counter((v.name, v.size) for v in variables)  # inline C++ variables are defined by many, linked once
    return tuple(sorted(name for (name, size), count in wanted.items()
                        if inside[name, size] < min(count, linked[name, size])))  # fmt: skip


def code_of(objects: Iterable[Path]) -> Iterator[bytes]:
    """The machine code of objects, in order: where the hooks sit in it is part of a build's identity."""
    for path in objects:
        file = ObjectFile.read(path)
        yield from (file.content(part) for part in file.sections if file.name_of(part).startswith(".text"))


def has_thread_locals(path: Path) -> bool:
    """Whether an object has variables that the platform, not emulation by the compiler, keeps for each thread."""
    return any(section.flags & _THREAD_LOCAL for section in ObjectFile.read(path).sections)


def _variables(path: Path) -> Iterator[Variable]:
    file = ObjectFile.read(path)
    resettable = [_is_resettable(file, section) for section in file.sections]
    for symbol in file.symbols():
        if symbol.type == OBJECT and UNDEFINED < symbol.section < RESERVED and resettable[symbol.section]:
            yield Variable(symbol.name, symbol.value, symbol.size)


def _is_resettable(file: ObjectFile, section: Section) -> bool:
    writable = section.flags & _WRITABLE and section.flags & _ALLOCATED and not section.flags & _THREAD_LOCAL
    constant = (".data.rel.ro", ".init_array", ".fini_array", ".got")
    return bool(writable) and not file.name_of(section).startswith(constant)


def _reset_ranges(executable: Path) -> tuple[tuple[int, int], ...]:
    found = {s.name: s.value for s in ObjectFile.read(executable).symbols() if s.name.startswith("p4v_")}
    try:
        return tuple((found[f"p4v_{name}_begin"], found[f"p4v_{name}_end"]) for name in ("data", "bss"))
    except KeyError as error:
        raise ValueError(f"{executable} has no marker {error}") from None


def functions_of(executable: Path) -> frozenset[str]:
    """The names of all functions in an executable, static ones too; ValueError when it is no ELF file."""
    symbols = ObjectFile.read(executable).symbols()
    return frozenset(symbol.name.removesuffix(FIRMWARES) for symbol in symbols if symbol.type == FUNCTION)
