"""What a build consists of: which file is compiled with which flags, and what is generated. Decides, runs nothing.

Three sorts of code. Instrumented (the firmware's sources and stubs): every access calls a hook. Plain, but reset
between executions: adapters, the generated table, the agent's core, the shim. Engine: the scheduler and the wire.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from p4verify.targets.building import cjson
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.manifest import ADAPTERS, CXX_SUFFIXES, Manifest
from p4verify.targets.building.objects import Roots, Unit, digest_of, write_atomically
from p4verify.targets.building.sdkconfig import ConfigValue, sdkconfig_header

RUNTIME = Path(__file__).parent.parent / "c"
C_STANDARD, CXX_STANDARD = "gnu17", "gnu++20"

_WRAP = re.compile(r"^\s*P4V_WRAP\(\s*(\w+)\s*\)", re.MULTILINE)
_PORT = {"PORT_INLINE": '"port_inline.h"'}
"""The sim's header for the shim's hot calls, see c/shim/port.h."""
_SUBJECTS = frozenset({"agent_subject.c", "litmus_subject.c"})
_LABELS = {"{runtime}": "p4verify/c", "{adapters}": "p4verify/adapters", "{cjson}": "cJSON"}
"""What the debug information calls folders that are not the tree."""
_MARKERS = ("reset_begin.c", "instrumented_end.c", "reset_end.c")


@dataclass(frozen=True, slots=True)
class Plan:
    """The units of a build by sort. `reset` begins and ends with the markers, and the instrumented go between."""

    name: str
    roots: Roots
    instrumented: tuple[Unit, ...]
    plain: tuple[Unit, ...]
    markers: tuple[Unit, Unit, Unit]
    engine: tuple[Unit, ...]
    wraps: tuple[str, ...]
    adapters: tuple[str, ...]
    probes: Mapping[str, str]
    table: _Sort
    libraries: tuple[Path, ...] = ()
    """Shared ones of the system, by full path."""

    @property
    def units(self) -> tuple[Unit, ...]:
        """All of them but the table, which is written when the others are known."""
        return (*self.instrumented, *self.plain, *self.markers, *self.engine)

    @property
    def sources(self) -> frozenset[str]:
        """The instrumented files, named as in the debug information: relative to the tree, or as cJSON's."""
        named = {"{tree}": "", **_LABELS}
        paths = (self.roots.abstract(str(unit.source)).partition("/") for unit in self.instrumented)
        return frozenset(f"{named[token]}/{rest}".lstrip("/") for token, _, rest in paths)

    @property
    def described(self) -> str:
        """What belongs to the build's identity and stands in no file that is compiled."""
        libraries = [digest_of(path.read_bytes()) for path in self.libraries]
        return json.dumps([self.name, self.adapters, dict(self.probes), self.wraps, *libraries])

    def table_unit(self, generated: Path, identity: str) -> Unit:
        """Writes the table of adapters and probes, and returns the unit that compiles it."""
        text = table_source(self.name, identity, self.adapters, self.probes)
        path = generated / digest_of(text) / "table.c"
        write_atomically(path, text)
        return self.table.unit(path)


@dataclass(frozen=True, slots=True)
class Litmus:
    """Self-contained C or C++ files (`main` or `app_main`), and how to compile them."""

    files: tuple[Path, ...]
    defines: Mapping[str, str]
    include: tuple[Path, ...]
    c_standard: str = C_STANDARD
    cxx_standard: str = CXX_STANDARD

    @property
    def root(self) -> Path:
        """The folder that holds all the files."""
        return Path(os.path.commonpath([path.parent for path in self.files]))


@dataclass(frozen=True, slots=True)
class _Sort:
    """One sort of code: everything about its flags but the file."""

    compiler: Compiler
    c_flags: tuple[str, ...]
    cxx_flags: tuple[str, ...]
    include: tuple[Path, ...]
    folder: Path
    key: str

    def unit(self, source: Path) -> Unit:
        is_cxx = source.suffix in CXX_SUFFIXES
        driver = (self.compiler.cxx or ()) if is_cxx else self.compiler.c
        includes = (f"-I{path}" for path in self.include)
        flags = (*(self.cxx_flags if is_cxx else self.c_flags), *includes)
        return Unit(source, driver, flags, self.key, self.folder)

    def units(self, sources: Iterable[Path]) -> tuple[Unit, ...]:
        return tuple(self.unit(source) for source in sources)


def firmware_plan(manifest: Manifest, compiler: Compiler, generated: Path, runtime: Path = RUNTIME) -> Plan:
    """The plan of a firmware tree: adapters, agent and shim around its sources."""
    config = _write_config(generated, manifest.config)
    standards = (manifest.c_standard, manifest.cxx_standard)
    parser = cjson.find(manifest) or cjson.CJson()
    flags = _Flags(compiler, _roots(manifest.root, runtime, config, parser.source))
    own = _Flags(compiler, _roots(manifest.root, runtime, config))  # knows no parser: its objects serve every firmware
    include = (*manifest.include, *parser.include, config, runtime / "shim" / "include", runtime / "agent")
    defines = manifest.defines
    sources = flags.sort("[firmware] sources", include, standards, defines, instrumented=True)
    stubs = flags.sort("[firmware] stubs", include, standards, defines, instrumented=True)
    adapters = flags.sort("[firmware] adapters", include, standards, defines)
    return Plan(
        name=manifest.name,
        roots=flags.roots,
        instrumented=(*sources.units((*manifest.sources, *_given(parser.source))), *stubs.units(manifest.stubs)),
        plain=(
            *adapters.units(manifest.adapters),
            *own.ours(config, runtime, "agent", "shim"),
            *flags.sort("p4verify's own code", parser.include).units(_c_files(runtime, *_folder_for(parser))),
        ),
        markers=own.markers(runtime),
        engine=own.engine(runtime, "agent_subject.c"),
        wraps=_wraps(runtime, manifest.adapters, manifest.wrap),
        adapters=tuple(path.stem for path in manifest.adapters),
        probes=manifest.probes,
        table=flags.sort("the generated table", (runtime / "agent",)),
        libraries=_given(parser.library),
    )


def _given(path: Path | None) -> tuple[Path, ...]:
    return () if path is None else (path,)


def _folder_for(parser: cjson.CJson) -> tuple[str, ...]:
    """Our code that goes with the system's library."""
    return ("cjson",) if parser.library else ()


def litmus_plan(litmus: Litmus, compiler: Compiler, generated: Path, runtime: Path = RUNTIME) -> Plan:
    """The plan of self-contained files: no adapters, no agent, the same shim and scheduler."""
    config = _write_config(generated, {})
    flags = _Flags(compiler, _roots(litmus.root, runtime, config))
    include = (*litmus.include, config, runtime / "shim" / "include")
    standards = (litmus.c_standard, litmus.cxx_standard)
    sources = flags.sort("the litmus files", include, standards, litmus.defines, instrumented=True)
    return Plan(
        name=litmus.files[0].stem,
        roots=flags.roots,
        instrumented=sources.units(litmus.files),
        plain=flags.ours(config, runtime, "shim"),
        markers=flags.markers(runtime),
        engine=flags.engine(runtime, "litmus_subject.c"),
        wraps=_wraps(runtime, (), ()),
        adapters=(),
        probes={},
        table=flags.sort("the generated table", (runtime / "agent",)),
    )


@dataclass(frozen=True, slots=True)
class _Flags:
    """Flags by sort of code, for one compiler and one set of folders."""

    compiler: Compiler
    roots: Roots

    def sort(
        self,
        key: str,
        include: tuple[Path, ...],
        standards: tuple[str, str] = (C_STANDARD, CXX_STANDARD),
        defines: Mapping[str, str] | None = None,
        *,
        instrumented: bool = False,
    ) -> _Sort:
        """Code that is reset between executions."""
        kind = self.compiler.instrumented if instrumented else self.compiler.plain
        given = (*self._names(), *(f"-D{name}={value}" for name, value in (defines or {}).items()))
        # A call without declaration would be taken to return an int, and fail in a stranger way later.
        c_flags = (*kind(), f"-std={standards[0]}", "-Werror=implicit-function-declaration", *given)
        cxx_flags = (*kind(cxx=True), f"-std={standards[1]}", *given)
        return _Sort(self.compiler, c_flags, cxx_flags, include, self.roots.places["{tree}"], key)

    def ours(self, config: Path, runtime: Path, *folders: str) -> tuple[Unit, ...]:
        """The agent's core and the shim."""
        include = (config, *(runtime / name for name in ("shim/include", "shim", "sim", "agent", "wire")))
        return self.sort("p4verify's own code", include, defines=_PORT).units(_c_files(runtime, *folders))

    def engine(self, runtime: Path, main: str) -> tuple[Unit, ...]:
        """The scheduler with one of its two mains, and the wire."""
        files = [path for path in _c_files(runtime, "wire", "sim") if path.name not in (_SUBJECTS - {main})]
        port = (f"-D{name}={value}" for name, value in _PORT.items())
        flags = (*self.compiler.engine, f"-std={C_STANDARD}", *port, *self._names())
        include = tuple(runtime / name for name in ("shim", "agent", "wire", "sim"))
        sort = _Sort(self.compiler, flags, (), include, self.roots.places["{tree}"], "p4verify's own code")
        return sort.units(path for path in files if path.name not in _MARKERS)

    def markers(self, runtime: Path) -> tuple[Unit, Unit, Unit]:
        """The objects that open the range which is copied back, end its instrumented part, and close it."""
        begin, middle, end = self.sort("p4verify's own code", ()).units(runtime / "sim" / name for name in _MARKERS)
        return begin, middle, end

    def _names(self) -> tuple[str, ...]:
        """Debug information and __FILE__ name files relative to the tree: two clones build the same bytes."""
        labels = {"{tree}": "."} | {token: label for token, label in _LABELS.items() if token in self.roots.places}
        places = [self.roots.places[token] for token in labels]

        def outer_first(token: str) -> tuple[int, str]:
            """The innermost folder wins; else the order is the same wherever they lie, because flags are identity."""
            return sum(self.roots.places[token].is_relative_to(place) for place in places), token

        ordered = sorted(labels, key=outer_first)
        return tuple(f"-ffile-prefix-map={self.roots.places[token]}={labels[token]}" for token in ordered)


def _roots(tree: Path, runtime: Path, config: Path, parser: Path | None = None) -> Roots:
    places = {"{tree}": tree, "{runtime}": runtime, "{adapters}": ADAPTERS, "{config}": config}
    if parser is not None and not parser.is_relative_to(tree):
        places["{cjson}"] = parser.parent
    return Roots(places)


def _c_files(runtime: Path, *folders: str) -> list[Path]:
    """The sources of our folders themselves; their subfolders hold tests."""
    found = (path for folder in folders for path in sorted((runtime / folder).glob("*.[cS]")))
    return [path for path in found if not path.name.startswith("test_")]


def _write_config(generated: Path, config: Mapping[str, ConfigValue]) -> Path:
    text = sdkconfig_header(config)
    folder = generated / digest_of(text)
    if not (folder / "sdkconfig.h").is_file():
        write_atomically(folder / "sdkconfig.h", text)
    return folder


def _wraps(runtime: Path, adapters: Sequence[Path], wanted: Sequence[str]) -> tuple[str, ...]:
    """The symbols to link with --wrap, sorted: ours (wraps.txt), the adapters' (P4V_WRAP) and the manifest's."""
    lines = [line.partition("#")[0].strip() for path in sorted(runtime.glob("*/wraps.txt")) for line in _lines(path)]
    asked = [name for path in adapters for name in _WRAP.findall(path.read_text(errors="replace"))]
    return tuple(sorted({*lines, *asked, *wanted} - {""}))


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def table_source(name: str, identity: str, adapters: Sequence[str], probes: Mapping[str, str]) -> str:
    """The C source of the tables that p4v_adapter.h declares."""
    declared = [f"extern const p4v_adapter p4v_adapter_{adapter};" for adapter in adapters]
    listed = "".join(f"&p4v_adapter_{adapter}, " for adapter in adapters)
    probed = "".join(f'{{"{observer}", "{function}"}}, ' for observer, function in probes.items())
    lines = [
        '#include "p4v_adapter.h"',
        *declared,
        f"const p4v_adapter *const p4v_adapters[] = {{{listed}NULL}};",
        f"const p4v_probe p4v_probes[] = {{{probed}{{NULL, NULL}}}};",
        f'const char p4v_firmware_name[] = "{name}";',
        f'const char p4v_build_id[] = "{identity}";',
    ]
    return "\n".join([*lines, ""])
