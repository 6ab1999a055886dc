"""Runs get folders of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from p4verify.reports.run_folder import COUNTEREXAMPLES, RunFolder, new_folder

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_two_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    names = [new_folder(tmp_path / "runs", NOW).path.name for _ in range(3)]
    assert names == ["20250102-030405", "20250102-030405-2", "20250102-030405-3"]


def test_a_folder_has_room_for_counterexamples_and_keeps_what_is_there(tmp_path: Path) -> None:
    kept = RunFolder(tmp_path / "a" / "b").path / COUNTEREXAMPLES / "np.fifo.json"
    kept.write_text("{}")
    assert RunFolder(tmp_path / "a" / "b").path == tmp_path / "a" / "b"
    assert kept.read_text() == "{}"


def test_a_file_in_the_way_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(OSError, match="run"):
        RunFolder(tmp_path / "run")
