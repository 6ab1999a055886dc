"""How the tests of the command line run a command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from p4verify.verify.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def p4verify(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs a command in an empty folder: its exit status, what it said, and its complaints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["p4verify", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return run
