"""The folder of a run survives a kill at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from p4verify.reports.run_folder import JOURNAL, RunFolder, new_folder, read_journal

KILLED = """
import os, sys
from pathlib import Path
from p4verify.reports.run_folder import RunFolder
run = RunFolder(Path(sys.argv[1]))
for number in range(100):
    run.append("execution", {"number": number})
run.save_counterexample("np.fifo", {"number": 100})
os.kill(os.getpid(), 9)
"""


def test_what_was_appended_is_read_back(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "run") as run:
        run.append("started", {"firmware": "as_found", "seed": 7})
        run.append("finding", {"invariant": "np.fifo"})
        journal = read_journal(run.path)
    assert journal.damaged == 0
    assert journal.records[0] == {"kind": "started", "firmware": "as_found", "seed": 7}
    assert journal.records[1]["invariant"] == "np.fifo"


def test_after_a_kill_everything_is_there(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    assert [record["number"] for record in read_journal(tmp_path).records] == list(range(100))
    assert json.loads((tmp_path / "counterexamples" / "np.fifo.json").read_text()) == {"number": 100}


@pytest.mark.parametrize("kept", range(1, 36, 5))
def test_a_cut_line_is_skipped_and_counted_and_the_run_goes_on(tmp_path: Path, kept: int) -> None:
    with RunFolder(tmp_path) as run:
        run.append("first", {})
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole + b'{"kind":"second","text":"\xc3\xa4 and more"}'[:kept])
    with RunFolder(tmp_path) as run:
        run.append("third", {})
    journal = read_journal(tmp_path)
    assert [record["kind"] for record in journal.records] == ["first", "third"]
    assert journal.damaged == 1


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunFolder(tmp_path) as run:
        path = run.save_counterexample("np.fifo", {"size": 1})

        def refuse(_self: Path, _target: Path) -> Path:
            raise OSError("disk full")

        monkeypatch.setattr(Path, "replace", refuse)
        with pytest.raises(OSError, match="disk full"):
            run.save_counterexample("np.fifo", {"size": 2})
    assert json.loads(path.read_text()) == {"size": 1}
    assert [file.name for file in path.parent.iterdir()] == ["np.fifo.json"]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x" * 200, "a\n"])
def test_a_name_that_is_no_id_is_refused(tmp_path: Path, name: str) -> None:
    with RunFolder(tmp_path) as run, pytest.raises(ValueError, match="not the id"):
        run.save_counterexample(name, {})


def test_secrets_do_not_reach_the_journal(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as run:
        run.append("log", {"wifi_password": "hunter2", "lines": ['{"wifi_password":"hunter2"}', "password=hunter2"]})
    assert b"hunter2" not in (tmp_path / JOURNAL).read_bytes()
    assert read_journal(tmp_path).damaged == 0


def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with RunFolder(tmp_path) as run, pytest.raises(ValueError, match="JSON"):
        run.append("figure", {"value": float("nan")})
    assert (tmp_path / JOURNAL).read_bytes() == b""


def test_two_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    now = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    with new_folder(tmp_path, now) as first, new_folder(tmp_path, now) as second:
        assert [first.path.name, second.path.name] == ["20250102-030405", "20250102-030405-2"]
