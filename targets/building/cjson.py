"""Finds cJSON for a firmware that includes `cJSON.h`: its source where there is one, else the system's library.

A source (in the tree, or ESP-IDF's) is compiled with hooks like the rest of the firmware. The library has none: what it
does to a tree is no schedule point, which is right as long as a tree belongs to the task that parsed it. It refuses to
install anything, and to guess when there is neither: `CJsonMissing` says how to get it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from p4verify.targets.building.manifest import Manifest

HOW_TO_GET_IT = "`apt-get install libcjson-dev`, or set IDF_PATH to an ESP-IDF that has components/json/cJSON"
PREFIXES = (Path("/usr"), Path("/usr/local"))

_INCLUDES = re.compile(r"^[ \t]*#[ \t]*include[ \t]*[<\"](cjson/)?cJSON\.h[>\"]", re.MULTILINE)
_LIBRARY_FOLDERS = ("lib/x86_64-linux-gnu", "lib64", "lib")
_SOURCE = "cJSON.c"
_IN_ESP_IDF = Path("components", "json", "cJSON", _SOURCE)


class CJsonMissing(Exception):  # noqa: N818 (what is missing is no error of ours)
    """The firmware includes cJSON.h, and there is no cJSON here. Its text is for the user."""


@dataclass(frozen=True, slots=True)
class CJson:
    """Folders to include, and a source to compile or a library to link; neither when the firmware brings its own."""

    include: tuple[Path, ...] = ()
    source: Path | None = None
    library: Path | None = None


def find(manifest: Manifest, prefixes: Sequence[Path] = PREFIXES) -> CJson | None:
    """What this firmware needs, None when it does not include cJSON.h; CJsonMissing when there is none."""
    headers = (path for folder in manifest.include for path in sorted(folder.glob("*.h*")) if path.is_file())
    user = _first_user((*manifest.sources, *manifest.stubs, *manifest.adapters, *headers))
    if user is None:
        return None
    listed = [path for path in (*manifest.sources, *manifest.stubs) if path.name == _SOURCE]
    if listed:
        return CJson((listed[0].parent,))
    source = _source(manifest)
    if source is not None:
        return CJson((source.parent,), source=source)
    system = of_system(prefixes)
    if system is None and any((folder / "cJSON.h").is_file() for folder in manifest.include):
        return CJson()  # a stub of the user's, perhaps
    if system is None:
        raise CJsonMissing(f"{user} includes cJSON.h, and there is no cJSON here: {HOW_TO_GET_IT}")
    return system


def of_system(prefixes: Sequence[Path] = PREFIXES) -> CJson | None:
    """The library with its header, None when one of them is missing."""
    for prefix in prefixes:
        header = prefix / "include" / "cjson" / "cJSON.h"
        libraries = [prefix / folder / "libcjson.so" for folder in _LIBRARY_FOLDERS]
        found = [path for path in libraries if path.is_file()]
        if header.is_file() and found:
            return CJson((header.parent,), library=found[0])
    return None


def _first_user(files: Iterable[Path]) -> Path | None:
    return next((path for path in files if _INCLUDES.search(path.read_text(errors="replace"))), None)


def _source(manifest: Manifest) -> Path | None:
    inside = sorted(path for path in manifest.root.rglob(_SOURCE) if path.is_file())
    esp_idf = os.environ.get("IDF_PATH")
    outside = [Path(esp_idf).resolve() / _IN_ESP_IDF] if esp_idf else []
    return next((path for path in (*inside, *outside) if path.with_suffix(".h").is_file() and path.is_file()), None)
