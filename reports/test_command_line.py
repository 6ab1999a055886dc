"""Somebody without a terminal learns what takes so long, and nothing else."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest
from rich.console import Console

from p4verify.reports.command_line import PATIENCE_SECONDS, doing


class Clock:
    """Stands in for timers: time passes when the test says so."""

    def __init__(self) -> None:
        self.timers: list[FakeTimer] = []

    def timer(self, seconds: float, run: Callable[[], None]) -> threading.Timer:
        assert seconds == PATIENCE_SECONDS
        self.timers.append(FakeTimer(run))
        return self.timers[-1]

    def pass_by(self) -> None:
        for timer in self.timers:
            timer.fire()


class FakeTimer(threading.Timer):
    def __init__(self, run: Callable[[], None]) -> None:
        super().__init__(0, run)
        self.run_it, self.live = run, False

    def start(self) -> None:
        self.live = True

    def cancel(self) -> None:
        self.live = False

    def fire(self) -> None:
        if self.live:
            self.run_it()


def test_what_takes_long_is_said_once_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    clock, out = Clock(), io.StringIO()
    with doing(Console(file=out), "building", clock.timer) as tell:
        tell("compiling 1/2 a.c")
        tell("linking demo (zig makes its C runtime first, once)")
        clock.pass_by()
        tell("something else")
        clock.pass_by()
    clock.pass_by()
    assert out.getvalue() == ""
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "p4verify: linking demo (zig makes its C runtime first, once): this takes a while\n"


def test_what_is_quick_is_not_worth_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with doing(Console(file=io.StringIO()), "building", clock.timer) as tell:
        tell("linking")
    clock.pass_by()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("quiet", "terminal"), [(True, False), (False, True)])
def test_quiet_is_silent_and_a_terminal_has_its_own_line(
    quiet: bool, terminal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock()
    console = Console(file=io.StringIO(), quiet=quiet, force_terminal=terminal)
    with doing(console, "building", clock.timer) as tell:
        tell("linking")
        clock.pass_by()
    assert capsys.readouterr().err == ""
