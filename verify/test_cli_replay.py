"""`p4verify replay` as a user meets it: whatever file it is given, an answer or a message, and never a traceback."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p4verify.verify.cli import app
from p4verify.verify.codec import encode
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.record import Counterexample, RunBegins, RunEnds, RunWriter, read_run
from p4verify.verify.schedule import Schedule

if TYPE_CHECKING:
    from p4verify.verify.conftest import Run

NOWHERE = {"task": "t", "file": "../x\u0000", "line": -1, "occurrence": 10**30, "to": "\x1b]0;"}


@pytest.fixture(scope="module")
def build_id(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of as_found, from the record of a run."""
    run = tmp_path_factory.mktemp("run")
    app(["check", "--firmware", "as_found", "--budget", "1", "--run-dir", str(run), "-q"], standalone_mode=False)
    return read_run(run / "run.jsonl").begins.build_id


def counterexample(build_id: str, changes: Mapping[str, object]) -> str:
    program = Program((Task("task_a", (Invocation("bus.system", (True,)),)),))
    schedule = Schedule(((3, 1),))
    valid = Counterexample("np.point-intact", "", program, schedule, build_id, "as_found", "p4verify.toml", "0")
    data = encode(valid)
    assert isinstance(data, dict)
    return json.dumps({"schema": 1, **data, **changes})


def invoking(**changes: object) -> object:
    call = {"operation": "bus.system", "arguments": [True], **changes}
    return {"tasks": [{"name": "task_a", "invocations": [call]}]}


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 99},
        {"more": 1},
        {"invariant": "xx.yy"},
        {"invariant": 3},
        {"schedule": "w:1+1,1+1"},
        {"schedule": "w:99999999999+1"},
        {"schedule": "w:5+300"},
        {"schedule": "w:-5+1"},
        {"schedule": "w:" + ",".join(f"{n}+1" for n in range(20_000))},
        {"schedule": "w:1+" + "9" * 5000},
        {"program": invoking(operation="no.such")},
        {"program": invoking(arguments=[1, 2, 3])},
        {"program": invoking(arguments=[10**300])},
        {"program": invoking(arguments=[{"float": "nan"}])},
        {"program": invoking(delay_ms=-5)},
        {"program": invoking(delay_ms=10**30)},
        {"program": {"tasks": [{"name": "x" * 100_000, "invocations": []}]}},
        {"known_shared": ["0+65535"] * 100},
        {"known_shared": ["fffffffc+3"]},
        {"build_id": "x", "relocations": []},
        {"build_id": "x", "relocations": [NOWHERE]},
        {"build_id": "x", "shared_names": ["(("]},
        {"firmware": "gone", "manifest": "/nowhere/p4verify.toml"},
        {"firmware": "gone", "manifest": "\u0000"},
    ],
)
def test_a_hostile_counterexample_is_refused(
    p4verify: Run, tmp_path: Path, build_id: str, changes: dict[str, object]
) -> None:
    path = tmp_path / "case.json"
    path.write_text(counterexample(build_id, changes))
    status, _, err = p4verify("replay", path, "--times", 1)
    assert status == 2
    assert err.startswith("p4verify: ")
    assert "fault of p4verify" not in err
    assert "\x1b" not in err
    assert len(err) < 5000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("garbage", "it is no JSON: line 1, column 1 is none"),
        ('{"schema": 1,\n "x": +3}', "it is no JSON: line 2, column 7 is none"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "it is no counterexample"),
        ("null", "it is no counterexample"),
        ('{"schema": 1', "it is cut off: the JSON ends in the middle"),
        ('{"schema": 1, "invariant": "np.fi', "it is cut off: the JSON ends in the middle"),
        ("\ud800", "it is no JSON: line 1, column 1 is none"),
    ],
)
def test_garbage_is_no_counterexample(p4verify: Run, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "case.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    status, _, err = p4verify("replay", path)
    assert status == 2
    assert err.startswith(f"p4verify: {path}: ")
    assert words in err
    assert "a counterexample that `p4verify check` saved, such as .p4verify/runs/TIME/counterexamples" in err
    assert not any(word in err for word in ("codec", "Expecting", "char", "delimiter"))


@pytest.mark.parametrize("name", ["run.jsonl", "."])
def test_who_names_the_run_is_shown_a_counterexample_of_it(p4verify: Run, tmp_path: Path, name: str) -> None:
    with RunWriter(tmp_path / "run.jsonl", RunBegins("demo", "sim", 0, "", "")) as writer:
        writer.write(RunEnds(1, 1.0))
    (tmp_path / "counterexamples").mkdir()
    (tmp_path / "counterexamples" / "np.fifo.json").touch()
    status, _, err = p4verify("replay", tmp_path / name)
    assert status == 2
    assert ("it is the record of a run" if name == "run.jsonl" else "Is a directory") in err
    assert f"such as {tmp_path / 'counterexamples' / 'np.fifo.json'}" in err


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "large"])
def test_what_has_no_end_is_not_read(p4verify: Run, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    status, _, err = p4verify("replay", name)
    assert status == 2
    assert "it is no file" in err or "too large" in err


def test_a_counterexample_that_does_no_harm_any_more_says_so(p4verify: Run, tmp_path: Path, build_id: str) -> None:
    path = tmp_path / "case.json"
    path.write_text(counterexample(build_id, {"schedule": "w:"}))
    status, out, _ = p4verify("replay", path, "--times", 2)
    assert status == 0
    assert "violated in 0 of 2 replays" in out
