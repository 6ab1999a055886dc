"""An adapter at fault is told as such: a boot function that says no, an operation that its signature does not fit.

A boot that ends the execution is no such fault.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.stateful.check import CheckPlan, check
from p4verify.stateful.subject import Subject
from p4verify.stateful.test_check import Scripted
from p4verify.targets.building.build import Build, build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.target import TargetError
from p4verify.verify.criteria import CriterionResult
from p4verify.verify.verdict import Verdict

ADAPTER = """
#include <stdlib.h>
#include "p4v_adapter.h"
void component_start(void);
static bool boot(void) { component_start(); BOOTS; }
static void poke(p4v_reader *a, p4v_writer *r) { (void)r; (void)p4v_get_uint(a, READS); }
static const p4v_operation operations[] = {{"mine.poke", "times:u8", "", poke}, {0}};
static p4v_observer *const observers[] = {NULL};
const p4v_adapter p4v_adapter_mine = {"mine", boot, operations, observers};
"""


def build(folder: Path, boots: str, reads: int) -> Build:
    folder.mkdir(exist_ok=True)
    (folder / "component.c").write_text("void component_start(void);\nvoid component_start(void) {}\n")
    (folder / "mine.c").write_text(ADAPTER.replace("BOOTS", boots).replace("READS", str(reads)))
    (folder / "p4verify.toml").write_text(
        '[firmware]\nname = "mine"\nsources = ["component.c"]\nadapters = ["mine.c"]\n'
    )
    return build_firmware(load(folder))


def judged(folder: Path, boots: str, reads: int) -> CriterionResult:
    plan = CheckPlan(build(folder / "tree", boots, reads), "mine", folder / "run", ("sys.settles",), 1.0)
    (criterion,) = check(plan, Scripted()).criteria
    return criterion


def test_where_a_boot_function_says_no_nothing_can_be_judged(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="'mine' returned false before any task ran"):
        judged(tmp_path, "return false", 1)
    assert not (tmp_path / "run" / "run.jsonl").exists()


def test_nor_can_it_under_pytest(tmp_path: Path) -> None:
    manifest = build(tmp_path, "return false", 1).manifest
    assert manifest is not None
    with pytest.raises(TargetError, match="does not boot"):
        Subject.of(manifest)


def test_a_crash_while_booting_is_the_firmwares(tmp_path: Path) -> None:
    assert judged(tmp_path, "abort()", 1).verdict is Verdict.VIOLATION


@pytest.mark.parametrize("function", ["exit", "_exit", "_Exit", "quick_exit"])
def test_a_firmware_has_nothing_to_exit_into_whatever_the_status(tmp_path: Path, function: str) -> None:
    (result,) = judged(tmp_path, f"void {function}(int); {function}(0); return true", 1).invariants
    assert result.verdict is Verdict.VIOLATION
    assert "exit in task main: exit status 0" in result.summary


@pytest.mark.parametrize("reads", [1, 2])
def test_an_operation_that_does_not_keep_to_its_signature_is_no_violation(tmp_path: Path, reads: int) -> None:
    (result,) = judged(tmp_path, "return true", reads).invariants
    assert result.verdict is not Verdict.VIOLATION
    assert ("not supported" in result.summary) == (reads > 1)
