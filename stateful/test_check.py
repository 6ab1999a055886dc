"""A run of `check`: what it leaves when it is interrupted, when the simulator fails, and where a run had been."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from p4verify.stateful.blind import blinded
from p4verify.stateful.campaign import Status
from p4verify.stateful.check import CheckPlan, CheckResult, check, set_aside
from p4verify.stateful.enduring import MOST_FAILURES, EnduringTarget
from p4verify.stateful.interrupting import first_interrupt
from p4verify.stateful.own_operations import own_operations
from p4verify.stateful.strategies import BATTERY, assemble
from p4verify.stateful.telling import show_check
from p4verify.targets.building.build import Build, build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.machine.audit import BlindSpot
from p4verify.targets.protocol.description import OperationKind, ProtocolError
from p4verify.targets.protocol.recording import HistoryDecoder
from p4verify.targets.protocol.signature import Signature
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Progress, TargetError
from p4verify.verify.history import History
from p4verify.verify.record import Found, ProgramDrawn, Run, Verdicts, read_run
from p4verify.verify.verdict import Verdict

ENDLESS = 3600.0


def nothing() -> None:
    pass


@dataclass
class Scripted:
    """A watcher that does something at certain moments."""

    on_finding: Callable[[], None] = nothing
    on_confirming: Callable[[], None] = nothing
    happened: list[str] = field(default_factory=list)

    def exploring(self, status: Status) -> None:
        if status.findings and "finding" not in self.happened:
            self.happened.append("finding")
            self.on_finding()

    def confirming(self, invariant: str, number: int, of: int) -> None:
        self.happened.append(f"confirming {invariant} {number} of {of}")
        self.on_confirming()

    def interrupted(self) -> None:
        self.happened.append("interrupted")


def control_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def build() -> Build:
    return build_firmware(load("as_found"))


def run(build: Build, folder: Path, watcher: Scripted) -> CheckResult:
    return check(CheckPlan(build, "as_found", folder, ("tm.delta-publish", "np.point-intact"), ENDLESS), watcher)


def entries(folder: Path) -> Run:
    return read_run(folder / "run.jsonl")


def test_the_first_interrupt_ends_exploring_and_keeps_what_was_found(build: Build, tmp_path: Path) -> None:
    watcher = Scripted(on_finding=control_c)
    result = run(build, tmp_path, watcher)
    assert result.interrupted
    assert "interrupted" in watcher.happened
    assert result.findings
    found = entries(tmp_path)
    assert found.complete
    assert any(isinstance(entry, Verdicts) for entry in found.entries)
    paths = {entry.counterexample for entry in found.entries if isinstance(entry, Found)}
    assert all((tmp_path / path).is_file() for path in paths if path)
    assert {finding.invariant for finding in result.findings} == {Path(path).stem for path in paths if path}


def test_the_second_interrupt_ends_at_once_and_leaves_a_readable_run(build: Build, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)  # a job in the background of a script ignores it
    with pytest.raises(KeyboardInterrupt):
        run(build, tmp_path, Scripted(on_finding=control_c, on_confirming=control_c))
    found = entries(tmp_path)
    assert not found.complete
    kinds = [type(entry) for entry in found.entries]
    assert kinds[:2] == [ProgramDrawn, Found]
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_is_noted_once() -> None:
    noted = []
    with first_interrupt(lambda: noted.append(1)), pytest.raises(KeyboardInterrupt):  # noqa: PT012
        control_c()
        assert noted == [1]
        control_c()


def test_a_simulator_that_fails_makes_every_ok_unknown(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: object) -> Progress:
        raise TargetError("it died")

    monkeypatch.setattr(SimTarget, "explore", fails)
    result = run(build, tmp_path, Scripted())
    assert set(result.failures) == {"it died"}
    assert len(result.failures) >= MOST_FAILURES
    assert {part.verdict for criterion in result.criteria for part in criterion.invariants} == {Verdict.UNKNOWN}
    assert entries(tmp_path).complete


def test_why_a_run_ended_early_stands_below_its_table(tmp_path: Path) -> None:
    told = StringIO()
    result = CheckResult((), (), 0, 0, 0.0, 0.0, failures=("it died:\nsegfault", "again"))
    show_check(result, tmp_path, tmp_path / "acceptance.md", Console(file=told, width=200))
    assert "\nthe simulator failed 2 times, first: it died: segfault\nreport:" in told.getvalue()


def test_histories_that_cannot_be_read_end_no_run_and_lose_no_finding(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, asked = HistoryDecoder.decode, count()

    def torn(self: HistoryDecoder, data: bytes, **more: int) -> History:
        if next(asked) % 2 == 0 and not watcher.happened:
            raise ProtocolError("a stray write")
        return read(self, data, **more)

    watcher = Scripted(on_finding=control_c)
    monkeypatch.setattr(HistoryDecoder, "decode", torn)
    result = run(build, tmp_path, watcher)
    assert result.findings
    assert not result.failures
    unknown = [part for one in result.criteria for part in one.invariants if part.verdict is Verdict.UNKNOWN]
    assert all("what the first of them recorded cannot be read: a stray write" in part.summary for part in unknown)
    assert next(asked) > 2


def test_one_failure_does_not_end_a_run(build: Build) -> None:
    program = assemble([[(BATTERY, 0)]], (5,), {}, 0, ())
    with EnduringTarget(build) as target:
        target.load(program)
        assert target._link is not None
        target._link.kill()
        assert target.explore(None, Exploration(executions=10), lambda _one: True).executions == 0
        assert len(target.failures) == 1
        assert "SIGKILL" in target.failures[0]
        assert target.explore(program, Exploration(executions=10), lambda _one: True).executions == 10


def test_an_earlier_run_in_the_folder_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "counterexamples").mkdir()
    set_aside(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["counterexamples"]
    for number in (1, 2):
        (tmp_path / "run.jsonl").write_text(f"run {number}")
        (tmp_path / "mine.txt").touch()
        set_aside(tmp_path)
        assert (tmp_path / f"earlier-{number}" / "run.jsonl").read_text() == f"run {number}"
    assert (tmp_path / "mine.txt").exists()
    assert not (tmp_path / "run.jsonl").exists()


def test_what_cannot_be_seen_blinds_the_invariants_of_its_component() -> None:
    spot = BlindSpot("components/telemetry_model/telemetry_model.c", 7, "apply", "write", 4)
    ids = ["tm.reactive", "np.fifo", "sys.settles", "bus.queue-bounded"]
    assert set(blinded([spot], ids)) == {"tm.reactive", "sys.settles"}
    assert set(blinded([BlindSpot("main/app.c", 7, "start", "write", 4)], ids)) == set(ids)
    assert blinded([], ids) == {}


FAMILIAR = OperationKind(0, "bus.battery", Signature.parse("token:u32"), Signature.parse(""))
OWN = OperationKind(1, "mine.poke", Signature.parse("a:u8,b:i32,c:f32,d:bool,e:str,f:bytes"), Signature.parse(""))


def test_a_firmware_of_familiar_operations_has_none_of_its_own() -> None:
    assert own_operations([FAMILIAR]) is None


@settings(max_examples=20, database=None, deadline=None)
@given(st.data())
def test_operations_that_nobody_knows_are_called_with_values_of_their_types(data: st.DataObject) -> None:
    programs = own_operations([FAMILIAR, OWN])
    assert programs is not None
    program = data.draw(programs)
    assert {call.operation for task in program.tasks for call in task.invocations} == {"mine.poke"}
    for task in program.tasks:
        for call in task.invocations:
            OWN.arguments.pack(call.arguments)
