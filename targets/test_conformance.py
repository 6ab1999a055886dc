"""The FreeRTOS and ESP-IDF shim behaves as the device does: every file of c/shim/conformance ends as it says.

A file is written against the RTOS's API alone and asserts one fact about it. Its first line may say `// expect:
OUTCOME`; without that it completes. Every explored interleaving must end that way, at both granularities.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Outcome
from p4verify.verify.schedule import Granularity

FOLDER = Path(__file__).parent / "c" / "shim" / "conformance"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".c", ".cpp"))
EXECUTIONS = 300
_EXPECT = re.compile(r"// expect: (\w+)\n")


def expected(path: Path) -> Outcome:
    """How every execution of a file ends."""
    said = _EXPECT.match(path.read_text())
    return Outcome(said[1]) if said else Outcome.COMPLETED


def endings(path: Path, compiler: Compiler | None = None) -> Counter[tuple[Outcome, str]]:
    """The endings that exploration reaches, with how many different histories had them."""
    seen: Counter[tuple[Outcome, str]] = Counter()

    def found(sighting: Found) -> bool:
        ending = sighting.execution.ending
        seen[ending.outcome, f"{ending.task}: {ending.detail} {ending.where}"] += 1
        return True

    with SimTarget(build_litmus([path], compiler)) as target:
        for granularity in Granularity:
            target.explore(None, Exploration("random", granularity, executions=EXECUTIONS), found)
    return seen


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_ends_as_the_device_does(path: Path) -> None:
    seen = endings(path)
    assert {outcome for outcome, _ in seen} == {expected(path)}, seen


def test_a_file_that_breaks_its_fact_fails(tmp_path: Path) -> None:
    text = (FOLDER / "mutex_inherits.c").read_text()
    broken = tmp_path / "broken.c"
    broken.write_text(text.replace("PriorityGet(NULL) == 9", "PriorityGet(NULL) == 8"))
    assert {outcome for outcome, _ in endings(broken)} == {Outcome.ASSERTION}


def test_endings_name_the_call_and_the_task() -> None:
    ((outcome, text),) = endings(FOLDER / "blocking_take.c")
    assert outcome is Outcome.MISUSE
    assert "xSemaphoreTake" in text
    assert "'main'" in text
    assert "critical section" in text


@pytest.mark.parametrize("compiler", [one for one in available() if one.kind == "zig"], ids=lambda one: one.kind)
def test_what_the_headers_of_libcxx_refuse_is_an_assertion(tmp_path: Path, compiler: Compiler) -> None:
    path = tmp_path / "empty.cpp"
    path.write_text('#include <functional>\nextern "C" void app_main() { std::function<void()> empty; empty(); }\n')
    ((outcome, text),) = endings(path, compiler)
    assert outcome is Outcome.ASSERTION
    assert "bad_function_call was thrown" in text
