"""Every form of access to shared memory reaches exactly the outcomes that word-sized steps reach.

The files in c/sim/litmus state in their first comment what they do word by word (two_tasks.h says how). A reference
enumerates every interleaving of that; the simulator explores the compiled file. Where a compiler leaves the access
without hooks, outcomes may be missing, and then the audit must name the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, OnFound
from p4verify.verify.execution import Outcome

FOLDER = Path(__file__).parent / "c" / "sim" / "litmus"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".c", ".cpp"))
EXECUTIONS, ROUNDS = 20_000, 8

Words = tuple[tuple[str, int], ...]
Step = tuple[tuple[str, str, str, str], ...]
"""Indivisible assignments: target, source, operator (or empty), number (or empty)."""

_ENTRY = re.compile(r"^ \* ([\w-]+): (.*?)(?: \*/)?$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"(\w+)=(\w+)(?:([+|])(\d+))?")


@dataclass(frozen=True, slots=True)
class Litmus:
    """What a file's first comment says."""

    tasks: tuple[tuple[Step, ...], tuple[Step, ...]]
    begin: Words
    outcome: tuple[str, ...]
    blind: frozenset[str]
    audited: frozenset[int]

    @classmethod
    def read(cls, path: Path, compiler: str) -> Litmus:
        text = path.read_text()
        head: dict[str, str] = dict(_ENTRY.findall(text.partition("*/")[0]))
        lines = enumerate(text.splitlines(), 1)
        return cls(
            (_steps(head["writer"]), _steps(head.get(f"reader-{compiler}", head["reader"]))),
            tuple((name, int(source)) for ((name, source, _, _),) in _steps(head.get("begin", ""))),
            tuple(head["outcome"].split()),
            frozenset(head.get("blind", "").split()),
            frozenset(number for number, line in lines if "/* audited */" in line),
        )


def _steps(text: str) -> tuple[Step, ...]:
    steps = []
    for word in text.split():
        matches = [_ASSIGNMENT.fullmatch(part) for part in word.split(";")]
        assert all(matches), word
        steps.append(tuple((m[1], m[2], m[3] or "", m[4] or "") for m in matches if m))
    return tuple(steps)


def _after(words: Mapping[str, int], step: Step) -> dict[str, int]:
    now = dict(words)
    for target, source, operator, number in step:
        value = int(source) if source.isdigit() else now.get(source, 0)
        now[target] = value + int(number) if operator == "+" else value | int(number or 0)
    return now


def reference(litmus: Litmus) -> set[str]:
    """The outcomes of all interleavings, as the file prints them."""
    start = (0, 0, litmus.begin)
    seen, waiting, outcomes = {start}, [start], set()
    while waiting:
        first, second, words = waiting.pop()
        if (first, second) == tuple(map(len, litmus.tasks)):
            outcomes.add(" ".join(str(dict(words).get(name, 0)) for name in litmus.outcome))
        for following in _following(litmus, first, second, words):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return outcomes


def _following(litmus: Litmus, first: int, second: int, words: Words) -> Iterator[tuple[int, int, Words]]:
    for task, at in enumerate((first, second)):
        if at < len(litmus.tasks[task]):
            after = tuple(sorted(_after(dict(words), litmus.tasks[task][at]).items()))
            yield first + (task == 0), second + (task == 1), after


NOWHERE: tuple[frozenset[str], frozenset[int]] = (frozenset(), frozenset())


def test_the_reference_enumerates_all_interleavings() -> None:
    counter = (_steps("s=n n=s+1"), _steps("t=n n=t+1"))
    assert reference(Litmus(counter, (), ("n",), *NOWHERE)) == {"1", "2"}
    indivisible = (_steps("s=n;n=s+1"), _steps("t=n;n=t+1"))
    assert reference(Litmus(indivisible, (("n", 4),), ("n",), *NOWHERE)) == {"6"}
    copy = (_steps("a=1 b=1"), _steps("x=a y=b"))
    assert reference(Litmus(copy, (), ("x", "y"), *NOWHERE)) == {"0 0", "0 1", "1 1"} | {"1 0"}


def explored(target: SimTarget, wanted: set[str]) -> set[str]:
    """The outcomes that the simulator reaches; stops early once all that are wanted were seen."""
    outcomes: set[str] = set()
    for number in range(ROUNDS):
        found: list[Found] = []
        plan = Exploration(executions=EXECUTIONS, first=number * EXECUTIONS)
        target.explore(None, plan, collector(found))
        assert {sighting.execution.ending.outcome for sighting in found} == {Outcome.COMPLETED}
        outcomes |= {printed(target, sighting) for sighting in found}
        if outcomes >= wanted:
            break
    return outcomes


def collector(found: list[Found]) -> OnFound:
    def keep(sighting: Found) -> bool:
        found.append(sighting)
        return True

    return keep


def printed(target: SimTarget, sighting: Found) -> str:
    target.again(None, sighting.origin)
    return target.log


def blind_lines(target: SimTarget, path: Path) -> set[int]:
    return {spot.line for spot in target.build.audit if spot.file.endswith(path.name)}


@pytest.mark.parametrize("compiler", available(), ids=lambda compiler: f"{compiler.kind}-{compiler.major}")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_outcomes_equal_the_reference(path: Path, compiler: Compiler) -> None:
    litmus = Litmus.read(path, compiler.kind)
    wanted = reference(litmus)
    with SimTarget(build_litmus([path], compiler)) as target:
        outcomes = explored(target, wanted)
        if litmus.blind & {compiler.kind, f"{compiler.kind}-{compiler.major}"}:
            assert outcomes <= wanted
            assert blind_lines(target, path) & litmus.audited
        else:
            assert outcomes == wanted
            assert not blind_lines(target, path)


def test_every_form_of_access_has_a_file() -> None:
    assert {path.stem for path in FILES} >= {
        "struct_copy", "struct_both_shared", "struct_result", "by_value", "memcpy", "memmove", "memset", "array",
        "optional", "bitfield", "int64", "double", "volatile", "pointer", "caller_stack", "two_words", "unaligned",
        "atomics",
    }  # fmt: skip
