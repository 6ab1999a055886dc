"""The manifest: what a firmware tree is made of, read from its `p4verify.toml` into a frozen `Manifest`.

It refuses to guess. A key it does not know, a glob that matches nothing, a path that leaves the tree: each is a
`ManifestError` that names file, line and key and says what to do. It compiles nothing and writes nothing.
"""

from __future__ import annotations

import difflib
import itertools
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from p4verify.targets.building.sdkconfig import CONFIG_NAME, ConfigValue, SdkconfigError, parse_sdkconfig
from p4verify.targets.building.suppressions import Suppression
from p4verify.verify import confidential

MANIFEST = "p4verify.toml"
BUNDLED = Path(__file__).parent.parent / "firmware"
ADAPTERS = BUNDLED / "adapters"
C_SUFFIXES = frozenset({".c"})
CXX_SUFFIXES = frozenset({".cpp", ".cc", ".cxx"})
LIMITS = frozenset({
    "cadence_tolerance", "drain_per_period", "callback_budget_ms", "flush_interval_ms", "flush_delta_mv",
    "early_flush_ms", "reactive_ms", "read_wait_ms",
    "write_wait_ms", "dispatcher_budget_ms", "settle_ms", "clock_tick_hz",
})  # fmt: skip
MAX_BYTES = 1 << 20

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OBSERVER = re.compile(r"[a-z][a-z0-9_.]*")
_STANDARD = re.compile(r"(gnu|c)(\+\+)?[0-9][0-9a-z]")


class ManifestError(Exception):
    """The manifest cannot be used. Its text is one line for the user: where, what is wrong, what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A firmware tree. All paths are absolute and exist; `sources`, `stubs` and `include` are sorted, without doubles.

    `config` holds the CONFIG values as sdkconfig.h will define them: False is absent there, True is 1.
    """

    path: Path
    name: str
    sources: tuple[Path, ...]
    adapters: tuple[Path, ...]
    include: tuple[Path, ...] = ()
    stubs: tuple[Path, ...] = ()
    defines: Mapping[str, str] = field(default_factory=dict)
    wrap: tuple[str, ...] = ()
    config: Mapping[str, ConfigValue] = field(default_factory=dict, repr=False)  # may hold a password
    probes: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    suppressions: tuple[Suppression, ...] = ()
    c_standard: str = "gnu17"
    cxx_standard: str = "gnu++20"

    @property
    def root(self) -> Path:
        """The folder of the tree."""
        return self.path.parent


def bundled() -> tuple[str, ...]:
    """The names of the firmware trees that come with p4verify."""
    return tuple(sorted(path.parent.name for path in BUNDLED.glob(f"*/{MANIFEST}")))


def load(firmware: str | Path) -> Manifest:
    """The manifest of a bundled firmware (by name), of a folder, or of a manifest file; ManifestError otherwise.

    What it holds that is secret is shown by nothing from then on.
    """
    path = _locate(firmware)
    text = _read(path)
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise ManifestError(f"{path}: not valid TOML: {error}") from None
    except RecursionError:
        raise ManifestError(f"{path}: not valid TOML: nested too deeply") from None
    manifest = _Reader(path, text).manifest(data)
    confidential.KNOWN.learn(manifest.defines)
    confidential.KNOWN.learn(manifest.config)
    return manifest


def _locate(firmware: str | Path) -> Path:
    if isinstance(firmware, str) and firmware in bundled():
        return (BUNDLED / firmware / MANIFEST).resolve()
    try:
        path = Path(firmware).expanduser().resolve()
        found = path / MANIFEST if path.is_dir() else path
        exists = found.is_file()
    except (OSError, RuntimeError, ValueError) as error:
        raise ManifestError(f"{str(firmware)!r}: {error}") from None
    if not exists:
        raise ManifestError(
            f"{found}: there is no such manifest. Write a {MANIFEST} at the root of the firmware tree, "
            f"or name a bundled firmware: {', '.join(bundled()) or 'none is installed'}"
        )
    return found


def _read(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise ManifestError(f"{path}: {len(raw)} bytes are too many (at most {MAX_BYTES}): this is no manifest")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: not UTF-8 text (byte {error.start})") from None


def line_of(text: str, table: str, key: str) -> int | None:
    """The line (from 1) of a manifest that sets `key` in `[table]`, as far as plain TOML shows it."""
    header = re.compile(r"\s*\[{1,2}\s*([\w.]+)\s*\]")
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        match = header.match(line)
        current = match[1] if match else current
        if (match and not table and match[1] == key) or (current == table and _sets(line, key)):
            return number
    return None


def line_in_list(text: str, table: str, nth: int, key: str) -> int | None:
    """The same in the nth `[[table]]` (from 0); where that lacks the key, the line on which it begins."""
    lines = text.splitlines()
    begins = [i for i, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{table}\s*\]\]", line)]
    if nth >= len(begins):
        return None
    begin = begins[nth] + 1
    inside = itertools.takewhile(lambda line: not line.lstrip().startswith("["), lines[begin:])
    return next((number for number, line in enumerate(inside, begin + 1) if _sets(line, key)), begin)


def _sets(line: str, key: str) -> bool:
    return re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line) is not None


class _Reader:
    """Reads the tables of one manifest; every complaint knows file, key and, where it can be found, the line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.root = path.parent
        self.text = text
        self.nth = 0
        """Which of the [[suppress]] is being read."""

    def manifest(self, data: Mapping[str, object]) -> Manifest:
        self.refuse_unknown("", data, ("firmware", "config", "probes", "limits", "suppress"))
        table = self.table(data, "firmware")
        known = (
            "name", "c_standard", "cxx_standard", "sources", "exclude", "include", "adapters", "stubs", "defines",
            "wrap", "sdkconfig",
        )  # fmt: skip
        self.refuse_unknown("firmware", table, known)
        return Manifest(
            path=self.path,
            name=self.name(table),
            sources=self.sources(table),
            include=self.folders(table),
            stubs=self.files(table, "stubs"),
            adapters=self.adapters(table),
            defines=self.defines(table),
            wrap=tuple(self.matching("firmware", "wrap", v, _IDENTIFIER) for v in self.strings(table, "wrap")),
            config={**self.sdkconfig(table), **self.config(self.table(data, "config"))},
            probes=self.probes(self.table(data, "probes")),
            limits=self.limits(self.table(data, "limits")),
            suppressions=self.suppressions(data.get("suppress", [])),
            c_standard=self.standard(table, "c_standard", "gnu17"),
            cxx_standard=self.standard(table, "cxx_standard", "gnu++20"),
        )

    # ---- complaints ----

    def error(self, table: str, key: str, problem: str) -> ManifestError:
        found = line_in_list(self.text, table, self.nth, key) if table == "suppress" else None
        line = found or line_of(self.text, table, key)
        place = f"{self.path}:{line}" if line else str(self.path)
        named = f"[{table}] {key}" if table else key
        return ManifestError(f"{place}: {named}: {problem}")

    def refuse_unknown(self, table: str, values: Mapping[str, object], known: Iterable[str]) -> None:
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, tuple(known), 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(known))}"
                raise self.error(table, key, f"is not a key of a manifest; {hint}")

    # ---- values by type ----

    def table(self, data: Mapping[str, object], key: str) -> Mapping[str, object]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self.error("", key, f"must be a table: [{key}]")
        return value

    def string(self, table: str, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(table, key, f"must be a text in quotes, not {_kind(value)}")
        if any(ord(letter) < 32 for letter in value):
            raise self.error(table, key, "must not hold control characters")
        return value

    def strings(self, table: Mapping[str, object], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list):
            raise self.error("firmware", key, f"must be a list of texts, not {_kind(value)}")
        return tuple(self.string("firmware", key, item) for item in value)

    def matching(self, table: str, key: str, value: object, pattern: re.Pattern[str]) -> str:
        text = self.string(table, key, value)
        if not pattern.fullmatch(text):
            raise self.error(table, key, f"{text!r} is not of the form {pattern.pattern}")
        return text

    # ---- [firmware] ----

    def name(self, table: Mapping[str, object]) -> str:
        if "name" not in table:
            raise self.error("firmware", "name", 'is missing: add name = "..." under [firmware]')
        return self.matching("firmware", "name", table["name"], re.compile(r"[A-Za-z0-9_.-]{1,64}"))

    def standard(self, table: Mapping[str, object], key: str, default: str) -> str:
        text = self.matching("firmware", key, table.get(key, default), _STANDARD)
        if ("++" in text) != ("++" in default):
            raise self.error("firmware", key, f"{text!r} is a standard of the other language (default: {default!r})")
        return text

    def sources(self, table: Mapping[str, object]) -> tuple[Path, ...]:
        excluded = set(self.files(table, "exclude"))
        sources = tuple(path for path in self.files(table, "sources") if path not in excluded)
        if not sources:
            raise self.error("firmware", "sources", 'names no file: list globs such as "components/*/*.c"')
        return sources

    def files(self, table: Mapping[str, object], key: str) -> tuple[Path, ...]:
        found: set[Path] = set()
        for glob in self.strings(table, key):
            files = [path for path in self.matches(key, glob) if path.is_file()]
            for path in files:
                self.require_language(key, path)
            if not files:
                raise self.error("firmware", key, f"the glob {glob!r} matches no file under {self.root}")
            found.update(files)
        return tuple(sorted(found))

    def require_language(self, key: str, path: Path) -> None:
        if path.suffix not in C_SUFFIXES | CXX_SUFFIXES:
            raise self.error("firmware", key, f"{path.name} is neither C nor C++ ({_suffixes()}); narrow the glob")

    def folders(self, table: Mapping[str, object]) -> tuple[Path, ...]:
        found: dict[Path, None] = {}
        for glob in self.strings(table, "include"):
            folders = sorted(path for path in self.matches("include", glob) if path.is_dir())
            if not folders:
                raise self.error("firmware", "include", f"the glob {glob!r} matches no folder under {self.root}")
            found.update(dict.fromkeys(folders))
        return tuple(found)

    def matches(self, key: str, glob: str) -> list[Path]:
        """What a glob names inside the tree; leaving it, by `..` or by a link, is refused."""
        parts = Path(glob).parts
        if not parts or Path(glob).is_absolute() or ".." in parts:
            if glob == ".":
                return [self.root]
            raise self.error("firmware", key, f"{glob!r} must be a path or glob inside {self.root}, without '..'")
        try:
            found = list(self.root.glob(glob))
            outside = [path for path in found if not path.resolve(strict=True).is_relative_to(self.root)]
        except (OSError, RuntimeError, ValueError) as error:
            raise self.error("firmware", key, f"{glob!r}: {error}") from None
        if outside:
            raise self.error("firmware", key, f"{outside[0]} is a link that leaves {self.root}: copy the file instead")
        return [path.absolute() for path in found]

    def adapters(self, table: Mapping[str, object]) -> tuple[Path, ...]:
        names = self.strings(table, "adapters")
        if not names:
            known = ", ".join(sorted(path.stem for path in ADAPTERS.glob("*.c")))
            raise self.error("firmware", "adapters", f"names none, so nothing could be called; bundled are: {known}")
        paths = tuple(self.adapter(name) for name in names)
        if len({path.stem for path in paths}) != len(paths):
            raise self.error("firmware", "adapters", "two of them have one name")
        return paths

    def adapter(self, name: str) -> Path:
        if _IDENTIFIER.fullmatch(name):
            path = ADAPTERS / f"{name}.c"
            if not path.is_file():
                known = ", ".join(sorted(found.stem for found in ADAPTERS.glob("*.c")))
                raise self.error("firmware", "adapters", f"{name!r} is not bundled ({known}); a file ends in .c")
            return path
        files = [path for path in self.matches("adapters", name) if path.is_file()]
        if len(files) != 1:
            raise self.error("firmware", "adapters", f"{name!r} must be one file of {self.root}; found {len(files)}")
        self.require_language("adapters", files[0])
        if not _IDENTIFIER.fullmatch(files[0].stem):
            raise self.error("firmware", "adapters", f"{files[0].name}: its stem must be a C identifier")
        return files[0]

    def defines(self, table: Mapping[str, object]) -> Mapping[str, str]:
        values = table.get("defines", {})
        if not isinstance(values, dict):
            raise self.error("firmware", "defines", 'must be a table: { NAME = "value" }')
        return {self.matching("firmware", "defines", k, _IDENTIFIER): self.define(v) for k, v in values.items()}

    def define(self, value: object) -> str:
        if isinstance(value, int) and abs(value) < 1 << 64:
            return str(int(value))
        return self.string("firmware", "defines", value)

    # ---- CONFIG ----

    def config(self, table: Mapping[str, object]) -> dict[str, ConfigValue]:
        values: dict[str, ConfigValue] = {}
        for key, value in table.items():
            if not isinstance(value, bool | int | str):
                raise self.error("config", key, f"must be true, false, a whole number or a text, not {_kind(value)}")
            if isinstance(value, str):
                self.string("config", key, value)
            elif abs(value) >= 1 << 64:
                raise self.error("config", key, "does not fit into 64 bits")
            values[self.matching("config", key, key, CONFIG_NAME)] = value
        return values

    def sdkconfig(self, table: Mapping[str, object]) -> dict[str, ConfigValue]:
        if "sdkconfig" not in table:
            return {}
        name = self.string("firmware", "sdkconfig", table["sdkconfig"])
        files = [path for path in self.matches("sdkconfig", name) if path.is_file()]
        if len(files) != 1:
            raise self.error("firmware", "sdkconfig", f"{name!r} must be one file of {self.root}; found {len(files)}")
        try:
            return parse_sdkconfig(_read(files[0]), files[0])
        except SdkconfigError as error:
            raise ManifestError(str(error)) from None

    # ---- the other tables ----

    def probes(self, table: Mapping[str, object]) -> Mapping[str, str]:
        return {
            self.matching("probes", key, key, _OBSERVER): self.matching("probes", key, value, _IDENTIFIER)
            for key, value in table.items()
        }

    def limits(self, table: Mapping[str, object]) -> Mapping[str, float]:
        self.refuse_unknown("limits", table, LIMITS)
        return {key: self.limit(key, value) for key, value in table.items()}

    def suppressions(self, tables: object) -> tuple[Suppression, ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            raise self.error("", "suppress", "must be a list of tables: [[suppress]]")
        return tuple(self.suppression(nth, table) for nth, table in enumerate(tables))

    def suppression(self, nth: int, table: Mapping[str, object]) -> Suppression:
        self.nth = nth
        self.refuse_unknown("suppress", table, ("variable", "file", "function", "reason"))
        texts = {key: self.string("suppress", key, value) for key, value in table.items()}
        if not texts.get("reason", "").strip():
            raise self.error("suppress", "reason", "is missing: say why this race is none, or harmless")
        if len(texts) == 1:
            raise self.error("suppress", "reason", "suppresses every race: name a variable, a file or a function")
        return Suppression(**texts)

    def limit(self, key: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error("limits", key, f"must be a number, not {_kind(value)}")
        if not math.isfinite(value) or value < 0:
            raise self.error("limits", key, f"must be finite and not negative, not {value}")
        return float(value)


def _kind(value: object) -> str:
    names: Mapping[type, str] = {bool: "true or false", int: "a number", float: "a fraction", str: "a text"}
    return names.get(type(value), f"a {type(value).__name__}")


def _suffixes() -> str:
    return " ".join(sorted(C_SUFFIXES | CXX_SUFFIXES))
