"""The folder of a run: run.jsonl grows line by line, everything else appears whole or not at all.

A kill at any moment leaves a readable run: a line is written by one system call, and a line that was cut is skipped
and counted when the run is read. It knows nothing of what the lines mean.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self, TypeAlias

from p4verify.reports import values

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JOURNAL: Final = "run.jsonl"
COUNTEREXAMPLES: Final = "counterexamples"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Journal:
    """What a run.jsonl holds: its records in order, and how many lines were no record (cut by a kill)."""

    records: tuple[Mapping[str, Json], ...]
    damaged: int


class RunFolder:
    """Writes one run. `path` is created; a run that is already there is continued, never overwritten."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / COUNTEREXAMPLES).mkdir(parents=True, exist_ok=True)
        self._journal = os.open(path / JOURNAL, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._finish_cut_line()

    def _finish_cut_line(self) -> None:
        size = os.fstat(self._journal).st_size
        if size and os.pread(self._journal, 1, size - 1) != b"\n":
            os.write(self._journal, b"\n")

    def append(self, kind: str, record: Mapping[str, Json]) -> None:
        """One line: what happened (`kind`) and its values, without secrets. ValueError for what JSON cannot hold."""
        line = json.dumps({"kind": kind, **_without_secrets(record)}, allow_nan=False, separators=(",", ":"))
        _write_all(self._journal, line.encode() + b"\n")

    def save_counterexample(self, invariant: str, data: Mapping[str, Json]) -> Path:
        """Writes counterexamples/<invariant>.json and returns where. It is kept exact, so that it can be replayed."""
        text = json.dumps(data, allow_nan=False, indent=1)
        return self.save(f"{COUNTEREXAMPLES}/{_checked(invariant)}.json", text + "\n")

    def save(self, name: str, text: str) -> Path:
        """Writes a file of the run as a whole; `name` is relative to the folder."""
        path = self.path / name
        _replace(path, text.encode())
        return path

    def close(self) -> None:
        """Makes the journal durable. It can be called more than once."""
        if self._journal >= 0:
            os.fsync(self._journal)
            os.close(self._journal)
            self._journal = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def new_folder(parent: Path, now: datetime | None = None) -> RunFolder:
    """A new folder in `parent` named after the time (UTC), with a number behind it where that one exists."""
    name = (now or datetime.now(UTC)).strftime("%Y%m%d-%H%M%S")
    parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, 10_000):
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return RunFolder(path)
    raise FileExistsError(f"{parent} holds too many runs of {name}")


def read_journal(path: Path) -> Journal:
    """The journal of the run in folder `path`; FileNotFoundError when there is none."""
    records: list[Mapping[str, Json]] = []
    damaged = 0
    for line in (path / JOURNAL).read_bytes().split(b"\n"):
        try:
            record = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            damaged += 1
            continue
        if isinstance(record, dict):
            records.append(record)
        elif line.strip():
            damaged += 1
    return Journal(tuple(records), damaged)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not the id of an invariant: {name!r}")
    return name


def _without_secrets(record: Mapping[str, Json]) -> dict[str, Json]:
    return {key: values.HIDDEN if values.is_secret(key) else _clean(value) for key, value in record.items()}


def _clean(value: Json) -> Json:
    if isinstance(value, str):
        return values.without_secrets(value)
    if isinstance(value, Mapping):
        return _without_secrets(value)
    return [_clean(item) for item in value] if isinstance(value, Sequence) else value


def _write_all(file: int, data: bytes) -> None:
    """As a rule one call; the rest follows where the disk took only a part."""
    while data:
        data = data[os.write(file, data) :]


def _replace(path: Path, data: bytes) -> None:
    """Beside it, made durable, then renamed: a reader sees the old file or the new one."""
    file, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
