"""Compiles C and C++ files into a cache that is addressed by content.

An object is found again when its flags, its compiler and the content of every file it included are the same; where the
tree lies does not matter, so another clone finds it too (the idea of ccache's direct mode, which keeps what the
compiler's dependency file said). It refuses to look at time stamps, and it knows nothing of manifests or of linking.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

OnProgress = Callable[[str], None]
"""Told what is going on, one short line at a time."""

COMPILE_SECONDS = 300
VARIANTS_KEPT = 8
"""How many sets of file contents are remembered for one source with one set of flags."""

_HEADERS = re.compile(r".*\.(h|hh|hpp|hxx|inc|ipp)")


class CompileError(Exception):
    """A file does not compile. `unit`, `command` and `words`, what the compiler said."""

    def __init__(self, unit: Unit, command: Sequence[str], words: str) -> None:
        super().__init__(f"{unit.source}: does not compile\n{words}")
        self.unit, self.command, self.words = unit, tuple(command), words


@dataclass(frozen=True, slots=True)
class Unit:
    """A file to compile: `driver` and `flags` as the compiler takes them, and `key`, who listed it (for messages)."""

    source: Path
    driver: tuple[str, ...]
    flags: tuple[str, ...]
    key: str
    folder: Path
    """Where the compiler is started: what the debug information calls `.`."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders by token ("{tree}"): what a key holds instead of the place where a clone happens to lie."""

    places: Mapping[str, Path]

    def abstract(self, text: str) -> str:
        """`text` with every known folder replaced by its token, the longest first."""
        for token, place in sorted(self.places.items(), key=lambda item: -len(str(item[1]))):
            text = text.replace(str(place), token)
        return text

    def concrete(self, text: str) -> Path:
        """The path that `abstract` gave as `text`."""
        token, _, rest = text.partition("/")
        return self.places[token] / rest if token in self.places else Path(text)


@dataclass(frozen=True, slots=True)
class Variant:
    """What one object was made from: the content of every file by its abstract name, and the object's name."""

    files: Mapping[str, str]
    made: str


class ObjectCache:
    """Objects and what they were made from, under one folder. Safe for several processes: files appear by rename."""

    def __init__(self, folder: Path, compiler: str) -> None:
        self.objects = folder / "objects"
        self.index = folder / "index"
        self.compiler = compiler
        self.objects.mkdir(parents=True, exist_ok=True)
        self.index.mkdir(parents=True, exist_ok=True)

    def find(self, units: Sequence[Unit], roots: Roots) -> tuple[Path | None, ...]:
        """The objects of `units` that were made before, None for each that was not."""
        described = cache(lambda flags: _described(flags, roots))  # units share flags, folders and headers
        content = cache(lambda name: _content(roots.concrete(name)))
        return tuple(self._find(self._key(unit, roots, described), content) for unit in units)

    def compile(self, units: Sequence[Unit], roots: Roots, progress: OnProgress) -> tuple[Path, ...]:
        """The objects of `units`, in their order; the first CompileError (in their order) when one fails."""
        found = list(self.find(units, roots))
        missing = [number for number, path in enumerate(found) if path is None]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            running = [pool.submit(self._compile, units[number], roots) for number in missing]
            try:
                for count, (number, future) in enumerate(zip(missing, running, strict=True), 1):
                    progress(f"compiling {count}/{len(missing)} {units[number].source.name}")
                    found[number] = future.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        return tuple(path for path in found if path is not None)

    def _key(self, unit: Unit, roots: Roots, described: Callable[[tuple[str, ...]], tuple[str, ...]]) -> str:
        return digest_of(self.compiler, roots.abstract(str(unit.source)), *described(unit.flags))

    def _find(self, key: str, content: Callable[[str], str | None]) -> Path | None:
        for variant in self._variants(key):
            path = self.objects / variant.made
            if path.is_file() and all(content(name) == was for name, was in variant.files.items()):
                return path
        return None

    def _variants(self, key: str) -> list[Variant]:
        try:
            rows = json.loads((self.index / f"{key}.json").read_text())
            return [Variant(row["files"], row["made"]) for row in rows]
        except (OSError, ValueError, KeyError, TypeError):  # absent or damaged: it is only a cache
            return []

    def _compile(self, unit: Unit, roots: Roots) -> Path:
        key = self._key(unit, roots, lambda flags: _described(flags, roots))
        started = time.time_ns()
        with tempfile.TemporaryDirectory(dir=self.objects) as scratch:
            made, rules = Path(scratch, "made.o"), Path(scratch, "made.d")
            _run(unit, (*unit.driver, *unit.flags, "-MD", "-MF", str(rules), "-c", str(unit.source), "-o", str(made)))
            files = parse_dependencies(rules.read_text(errors="surrogateescape"))
            contents = {roots.abstract(str(file)): _content(file) or "" for file in files}
            name = digest_of(key, json.dumps(contents, sort_keys=True)) + ".o"
            made.replace(self.objects / name)
        if all(file.stat().st_mtime_ns < started for file in files):  # else it may have changed under the compiler
            self._remember(key, Variant(contents, name))
        return self.objects / name

    def _remember(self, key: str, variant: Variant) -> None:
        kept = [variant, *(old for old in self._variants(key) if old.made != variant.made)][:VARIANTS_KEPT]
        rows = [{"files": dict(one.files), "made": one.made} for one in kept]
        write_atomically(self.index / f"{key}.json", json.dumps(rows))


def digest_of(*parts: str | bytes) -> str:
    """A digest of texts in order; (a, bc) and (ab, c) differ. 32 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode(errors="surrogateescape") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()[:32]


def write_atomically(path: Path, text: str) -> None:
    """Nobody ever sees half of it, also when the process is killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    Path(name).replace(path)


def parse_dependencies(rules: str) -> tuple[Path, ...]:
    """The files a compiler read, out of its `-MD` rule `made.o: a.c b.h` (blanks in names are escaped)."""
    _, _, listed = rules.replace("\\\n", " ").partition(": ")
    words = re.findall(r"(?:\\.|\$\$|[^\s\\])+", listed)
    return tuple(dict.fromkeys(Path(re.sub(r"\\(.)", r"\1", word).replace("$$", "$")) for word in words))


def _run(unit: Unit, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=COMPILE_SECONDS,
                              cwd=unit.folder, check=False, stdin=subprocess.DEVNULL)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise CompileError(unit, command, f"the compiler did not finish within {COMPILE_SECONDS} s") from None
    except OSError as error:
        raise CompileError(unit, command, f"the compiler cannot be started: {error}") from None
    if done.returncode != 0:
        raise CompileError(unit, command, (done.stderr + done.stdout).strip() or _ended(done.returncode))


def _ended(status: int) -> str:
    """How a compiler ended that said nothing."""
    return f"exit status {status}" if status >= 0 else f"the compiler was ended: {signal.strsignal(-status)}"


def _content(path: Path) -> str | None:
    try:
        state = path.stat()
        return _digest_of_file(str(path), state.st_mtime_ns, state.st_size, state.st_ino)
    except OSError:
        return None


@lru_cache(maxsize=8192)
def _digest_of_file(path: str, _modified: int, _size: int, _inode: int) -> str:
    return digest_of(Path(path).read_bytes())


def _described(flags: tuple[str, ...], roots: Roots) -> tuple[str, ...]:
    """Flags as keys hold them, and the names of all headers in the include folders: a new one may hide one in use."""
    folders = (flag[2:] for flag in flags if flag.startswith("-I"))
    return (*map(roots.abstract, flags), *(name for folder in folders for name in _headers_below(folder)))


def _headers_below(folder: str) -> list[str]:
    found = []
    for place, inner, files in os.walk(folder):
        inner[:] = [name for name in inner if not name.startswith(".")]
        below = os.path.relpath(place, folder)
        found += [os.path.join(below, name) for name in files if _HEADERS.fullmatch(name)]  # noqa: PTH118 (walked often)
    return sorted(found)
