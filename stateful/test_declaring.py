"""An adapter that writes other bytes than it declares ends a run with the reason; what a firmware overwrites does not.

The component leaves a record of another length only where another task has run before: that is none of the adapter's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.stateful.check import CheckPlan, CheckResult, check
from p4verify.stateful.declaring import require_declared
from p4verify.stateful.subject import Subject
from p4verify.stateful.test_check import Scripted
from p4verify.stateful.violations import Case
from p4verify.targets.building.build import Build, build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.target import AdapterError
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Schedule
from p4verify.verify.verdict import Verdict

ADAPTER = """
#include "p4v_adapter.h"
int component_length(void);
static void get(p4v_reader *a, p4v_writer *r) { (void)a; p4v_put_uint(r, 1, (size_t)component_length()); }
static const p4v_operation operations[] = {{"mine.get", "", "ok:u32", get}, {0}};
static p4v_observer *const observers[] = {NULL};
const p4v_adapter p4v_adapter_mine = {"mine", NULL, operations, observers};
"""
SHORT = "return 1;"
STRAY = "static volatile int under_way; int others = under_way++; int more = under_way - others; under_way--;"
STRAY += "return more == 1 ? 4 : 1;"
WORDS = 'the results of mine.get: 1 bytes were written (01), the adapter declares "ok:u32", which takes 4'


def build(folder: Path, body: str, called: str = "mine.get") -> Build:
    folder.mkdir()
    (folder / "component.c").write_text(f"int component_length(void);\nint component_length(void) {{ {body} }}\n")
    (folder / "mine.c").write_text(ADAPTER.replace("mine.get", called))
    (folder / "p4verify.toml").write_text(
        '[firmware]\nname = "mine"\nsources = ["component.c"]\nadapters = ["mine.c"]\n'
    )
    return build_firmware(load(folder))


def checked(folder: Path, body: str) -> CheckResult:
    return check(CheckPlan(build(folder / "tree", body), "mine", folder / "run", ("sys.settles",), 1.0), Scripted())


def test_an_adapter_that_writes_less_than_it_declares_ends_the_run_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as caught:
        checked(tmp_path, SHORT)
    assert WORDS in str(caught.value)


def test_and_fails_a_test_under_pytest(tmp_path: Path) -> None:
    manifest = build(tmp_path / "tree", SHORT).manifest
    assert manifest is not None
    program = Program((Task("a", (Invocation("mine.get"),)),))
    with Subject.of(manifest) as subject, pytest.raises(AdapterError):
        subject.check(Case(program, Schedule()))


def test_nor_is_an_adapter_at_fault_where_data_races(tmp_path: Path) -> None:
    manifest = build(tmp_path / "tree", "static int shared; shared++; return 1;").manifest
    assert manifest is not None
    tasks = tuple(Task(name, (Invocation("mine.get"),)) for name in "ab")
    with Subject.of(manifest) as subject:
        assert subject.run(Case(Program(tasks), Schedule())).races
        require_declared(subject.target, Program(tasks))
        with pytest.raises(AdapterError):
            require_declared(subject.target, Program(tasks[:1]))


def test_what_happens_only_under_preemption_is_unknown_and_no_fault_of_the_adapter(tmp_path: Path) -> None:
    (criterion,) = checked(tmp_path, STRAY).criteria
    assert criterion.verdict is Verdict.UNKNOWN
    assert WORDS in criterion.invariants[0].summary
