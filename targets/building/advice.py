"""What to tell the user when a firmware does not build: the tool's own words, and which line of the manifest to mend.

It refuses to hide what the compiler said, and to show a password that a CONFIG value or a define holds.
"""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from p4verify.targets.building.linking import LinkError
from p4verify.targets.building.manifest import C_SUFFIXES, CXX_SUFFIXES, MANIFEST, Manifest, line_of
from p4verify.targets.building.objects import CompileError

LINES_SHOWN = 60
FILES_SEARCHED = 5000

_NO_HEADER = re.compile(r"fatal error: '?(?P<header>[\w./+-]+)'?(?:: No such file| file not found)")
_NO_CONFIG = re.compile(r"(?:undeclared identifier|error:) ['\u2018](?P<name>CONFIG_\w+)")
_KCONFIG = re.compile(r"\s*(?:menu)?config\s+(?P<name>\w+)|\s*default\s+(?P<value>[^#]*\S)")
_ESP_IDF = re.compile(
    r"(esp_|nvs_|uart_|gpio_|i2c_|spi_|ledc_|adc_|mqtt_|http|heap_caps_|_esp_|vTask|xTask|ulTask|uxTask|pvTask|pcTask|eTask|"
    r"xQueue|vQueue|uxQueue|xSemaphore|vSemaphore|xEventGroup|vEventGroup|xTimer|vTimer|pvTimer|xStreamBuffer|"
    r"xMessageBuffer|xRingbuffer|vRingbuffer|pvPort|vPort|xPort)"
)
_NO_SPACE = re.compile(r"(?i)No space left on device|Disk quota exceeded|File too large|File size limit exceeded")
_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)


def of_compile_error(error: CompileError, manifest: Manifest | None) -> str:
    """The whole message for a file that does not compile."""
    listed = f"{_place(manifest, error.unit.key)} lists it" if manifest else error.unit.key
    lines = [f"{error.unit.source} does not compile ({listed})", _shortened(error.words)]
    lines += _header_advice(error.words, manifest) + _config_advice(error.words, manifest)
    lines.append(f"command: {shlex.join(redacted(word, manifest) for word in error.command)}")
    return redacted("\n".join(lines), manifest)


def of_link_error(error: LinkError, manifest: Manifest | None) -> str:
    """The whole message for a simulator that does not link: every missing symbol by name, each with what to do."""
    lines = []
    if error.undefined:
        count = len(error.undefined)
        lines = ["one symbol is defined nowhere:" if count == 1 else f"{count} symbols are defined nowhere:"]
        places = definitions(error.undefined, manifest)
        lines += [f"  {name}: {_remedy(name, places.get(name), manifest)}" for name in error.undefined]
    for name in error.twice:
        lines.append(f"  {name} is defined more than once: narrow [firmware] sources or stubs, or use `exclude`")
    return redacted("\n".join(lines or [str(error)]), manifest)


def of_full_disk(words: str, cache: Path) -> str:
    """The whole message where a tool says (in `words`) that it could not write; "" where it does not."""
    said = _NO_SPACE.search(words)
    if said is None:
        return ""
    temporary = Path(tempfile.gettempdir())
    return (
        f"the disk of the cache is full: {said[0]} in {cache} ({_free(cache)}). Make room, or name another folder by "
        f"P4VERIFY_CACHE. Compilers also write to {temporary} (TMPDIR, {_free(temporary)}); zig keeps what it makes in "
        "~/.cache/zig (ZIG_GLOBAL_CACHE_DIR)"
    )


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 2**20:,.1f} MiB free"
    except OSError:
        return "no such folder"


def redacted(text: str, manifest: Manifest | None) -> str:
    """`text` without the values of secret CONFIG values and defines."""
    if manifest is None:
        return text
    for name, value in {**manifest.config, **manifest.defines}.items():
        if _SECRET.search(name) and isinstance(value, str) and value:
            text = text.replace(value, "***")
    return text


def definitions(names: Iterable[str], manifest: Manifest | None) -> Mapping[str, Path]:
    """Where the tree seems to define these functions in files that the manifest does not list."""
    wanted = {name for name in names if name.isidentifier()}
    if manifest is None or not wanted:
        return {}
    listed = {*manifest.sources, *manifest.stubs, *manifest.adapters}
    found: dict[str, Path] = {}
    for path in _tree(manifest.root, C_SUFFIXES | CXX_SUFFIXES):
        if path not in listed:
            text = path.read_text(errors="replace")
            for match in re.finditer(r"^\w[\w\s*]*?\b(\w+)\s*\([^;{}]*\)\s*\{", text, re.MULTILINE):
                if match[1] in wanted:
                    found.setdefault(match[1], path)
    return found


def _remedy(name: str, defined: Path | None, manifest: Manifest | None) -> str:
    if manifest is None:
        return "define it in one of the files, or add its file to the command"
    where = _place(manifest, "[firmware] sources")
    if defined:
        return f"{defined.relative_to(manifest.root)} defines it: add that file to {where}"
    adapter = re.fullmatch(r"p4v_adapter_(\w+)", name)
    if adapter:
        return _descriptor(name, adapter[1], manifest)
    if name.startswith(("std::", "operator ", "vtable ", "typeinfo ", "__cxa")):
        return "of the C++ library: install a C++ compiler (g++, clang++, or `pip install ziglang`)"
    if "(" in name:
        return f'add its source to {where}; if it is a C function, declare it inside extern "C" {{ .. }}'
    if _ESP_IDF.match(name):
        return "an ESP-IDF or FreeRTOS call that p4verify does not offer: write a stub and list it in [firmware] stubs"
    return f"add its source to {where}, or write a stub and list it in [firmware] stubs"


def _descriptor(name: str, stem: str, manifest: Manifest) -> str:
    """The line that an adapter lacks. In C++ a constant is its file's own, inside braces of extern "C" too."""
    path = next((path for path in manifest.adapters if path.stem == stem), Path(f"{stem}.c"))
    if path.suffix not in CXX_SUFFIXES:
        return f"{path.name} must define `const p4v_adapter {name}`, not static"
    line = f'extern "C" const p4v_adapter {name} = {{..}};'
    return f'{path.name} must define `{line}` as it stands here: C++ hides a constant, inside extern "C" {{ .. }} too'


def _header_advice(words: str, manifest: Manifest | None) -> list[str]:
    match = _NO_HEADER.search(words)
    if match is None:
        return []
    header = match["header"]
    if manifest is None:
        return [f"to mend: name the folder of {header} with --include"]
    where = _place(manifest, "[firmware] include")
    for path in _tree(manifest.root, {Path(header).suffix}):
        if str(path).endswith("/" + header):
            folder = Path(str(path).removesuffix("/" + header)).relative_to(manifest.root)
            return [f'to mend: add "{folder}" to {where}']
    absent = f"neither the tree nor p4verify has {header}"
    return [f"to mend: {absent}: write one with what the tree uses of it, and name its folder in {where}"]


def _config_advice(words: str, manifest: Manifest | None) -> list[str]:
    """What to do about each CONFIG value that the code uses and nobody gives; Kconfig files are not evaluated."""
    names = dict.fromkeys(match["name"] for match in _NO_CONFIG.finditer(words))
    if manifest is None:
        return [f"to mend: litmus files have no sdkconfig: add -D {name}=VALUE" for name in names]
    given = [name for name in names if manifest.config.get(name, False) is not False]
    unseen = f'to mend: the manifest gives {", ".join(given)}, but the file lacks #include "sdkconfig.h"'
    return [unseen] * bool(given) + _config_to_add([name for name in names if name not in given], manifest)


def _config_to_add(names: Sequence[str], manifest: Manifest) -> list[str]:
    where = f"to {_place(manifest, '[config]')} or to the file of {_place(manifest, '[firmware] sdkconfig')}"
    defaults = _kconfig_defaults(manifest.root) if names else {}
    lines = []
    for name in names:
        known = defaults.get(name)
        said = f" ({known[1].relative_to(manifest.root)} has the default {known[0]})" if known else ""
        lines.append(f"to mend: add {name} {where}{said}")
    return lines


def _kconfig_defaults(root: Path) -> dict[str, tuple[str, Path]]:
    """The first default of each entry in the Kconfig files of a tree, and its file."""
    found: dict[str, tuple[str, Path]] = {}
    for path in sorted(root.rglob("Kconfig*"))[:FILES_SEARCHED]:
        name = ""
        for line in path.read_text(errors="replace").splitlines() if path.is_file() else ():
            match = _KCONFIG.fullmatch(line)
            if match and match["name"]:
                name = f"CONFIG_{match['name']}"
            elif match and name:
                found.setdefault(name, (match["value"], path))
    return found


def _tree(root: Path, suffixes: Iterable[str]) -> list[Path]:
    found: list[Path] = []
    for path in root.rglob("*"):
        if path.suffix in suffixes and path.is_file():
            found.append(path)
            if len(found) == FILES_SEARCHED:
                break
    return sorted(found)


def _place(manifest: Manifest | None, key: str) -> str:
    """`[firmware] sources (p4verify.toml:4)`; a whole table is where it begins."""
    table, _, name = key.partition(" ")
    wanted = (table.strip("[]"), name) if name else ("", table.strip("[]"))
    line = line_of(manifest.path.read_text(errors="replace"), *wanted) if manifest else None
    return f"{key} ({MANIFEST}:{line})" if line else key


def _shortened(words: str) -> str:
    lines = words.splitlines()
    rest = len(lines) - LINES_SHOWN
    return "\n".join([*lines[:LINES_SHOWN], f"... and {rest} more lines"] if rest > 0 else lines)
