from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.verify import codec
from p4verify.verify.codec import RecordError, decode, encode, parse
from p4verify.verify.criteria import InvariantResult
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.history import Boot, History, Observation, Operation
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.record import (
    KINDS,
    Counterexample,
    ExecutionSeen,
    Found,
    ProgramDrawn,
    RunBegins,
    RunEnds,
    RunWriter,
    SeenAgain,
    Verdicts,
    entry_of,
    line_of,
    load_counterexample,
    read_lines,
    read_run,
    save_counterexample,
)
from p4verify.verify.schedule import Granularity, Relocation, Schedule, Step, StepKind, Trace
from p4verify.verify.verdict import Judgement, Setting, Verdict, Violation

TEXT = st.text(max_size=12)
COUNTS = st.integers(0, 2**64)
VALUES = st.one_of(st.integers(), st.booleans(), st.floats(), TEXT, st.binary(max_size=12))
FIELDS = st.dictionaries(TEXT, VALUES, max_size=3)


def several(kind: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(kind, max_size=3).map(tuple)


INVOCATIONS = st.builds(Invocation, TEXT, several(VALUES), COUNTS)
TASKS = st.builds(Task, TEXT, several(INVOCATIONS), COUNTS, st.none() | COUNTS)
STREAMS = st.dictionaries(TEXT, several(st.integers()), max_size=2)
PROGRAMS = st.builds(Program, several(TASKS), STREAMS, COUNTS, several(INVOCATIONS))
OPERATIONS = st.builds(
    Operation,
    task=TEXT,
    index=COUNTS,
    invocation=INVOCATIONS,
    invoked=COUNTS,
    invoked_us=COUNTS,
    returned=st.none() | COUNTS,
    returned_us=st.none() | COUNTS,
    results=st.none() | FIELDS,
)
OBSERVATIONS = st.builds(Observation, COUNTS, COUNTS, TEXT, TEXT, FIELDS)
BOOTS = st.builds(Boot, COUNTS, COUNTS, COUNTS)
HISTORIES = st.builds(
    History, several(OPERATIONS), several(OBSERVATIONS), COUNTS, COUNTS, st.none() | COUNTS, st.none() | COUNTS, COUNTS,
    several(BOOTS),
)  # fmt: skip
SCHEDULES = st.builds(
    lambda choices, granularity: Schedule(tuple(sorted(choices.items())), granularity),
    st.dictionaries(st.integers(0, 2**32 - 1), st.integers(1, 255), max_size=5),
    st.sampled_from(Granularity),
)
STEPS = st.builds(
    Step,
    task=TEXT,
    kind=st.sampled_from(StepKind),
    name=TEXT,
    file=TEXT,
    line=COUNTS,
    time_us=COUNTS,
    value=COUNTS,
    address=COUNTS,
    size=COUNTS,
    point=COUNTS,
    choice=COUNTS,
    core=COUNTS,
    position=COUNTS,
)
TRACES = st.builds(Trace, several(STEPS), SCHEDULES, COUNTS)
ENDINGS = st.builds(Ending, st.sampled_from(Outcome), TEXT, TEXT, TEXT)
EXECUTIONS = st.builds(Execution, HISTORIES, ENDINGS, COUNTS, TEXT, st.none() | TRACES, COUNTS)
VIOLATIONS = st.builds(Violation, TEXT, several(COUNTS))
JUDGEMENTS = st.builds(Judgement, st.booleans(), st.none() | VIOLATIONS)
LIMITS = st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False), max_size=2)
CONFIG = st.dictionaries(st.sampled_from(["CONFIG_A", "CONFIG_B"]), VALUES)
SETTINGS = st.builds(Setting, PROGRAMS, CONFIG, LIMITS)
RESULTS = st.builds(
    InvariantResult, TEXT, st.sampled_from(Verdict), COUNTS, COUNTS, COUNTS, st.none() | TEXT, TEXT, st.booleans(),
    several(TEXT),
)  # fmt: skip
RELOCATIONS = st.builds(Relocation, TEXT, TEXT, COUNTS, COUNTS, TEXT, TEXT, st.booleans())
ENTRIES = st.one_of(
    st.builds(RunBegins, TEXT, TEXT, st.integers(), TEXT, TEXT, CONFIG, LIMITS),
    st.builds(ProgramDrawn, COUNTS, PROGRAMS),
    st.builds(ExecutionSeen, COUNTS, EXECUTIONS, COUNTS),
    st.builds(SeenAgain, COUNTS, TEXT, COUNTS),
    st.builds(Found, TEXT, COUNTS, COUNTS, JUDGEMENTS, st.none() | TEXT),
    st.builds(Verdicts, several(RESULTS)),
    st.builds(RunEnds, COUNTS, st.floats(0, 1e9)),
)
COUNTEREXAMPLES = st.builds(
    Counterexample,
    *(TEXT, TEXT, PROGRAMS, SCHEDULES, TEXT, TEXT, TEXT, TEXT, FIELDS),
    known_shared=several(TEXT),
    relocations=several(RELOCATIONS),
    positions=several(COUNTS),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
BEGINS = RunBegins("hardened", "sim", 7, "b1d", "0.1.0")


def same(one: object, other: object) -> bool:
    """Equality in which a NaN equals itself and an int does not equal a float."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    return one == other


@given(st.one_of(PROGRAMS, HISTORIES, SCHEDULES, TRACES, EXECUTIONS, JUDGEMENTS, SETTINGS, RELOCATIONS, RESULTS))
def test_every_value_of_the_vocabulary_survives_a_round_trip(value: Any) -> None:
    assert same(decode(type(value), parse(codec.dumps(value))), value)


@given(ENTRIES)
def test_every_entry_survives_a_round_trip_in_one_line(entry: Any) -> None:
    line = line_of(entry)
    assert line.count(b"\n") == 1
    assert same(entry_of(line), entry)


@given(ENTRIES, st.data())
def test_a_record_cut_anywhere_in_its_last_line_is_read_up_to_there(entry: Any, data: st.DataObject) -> None:
    whole = line_of(entry)
    kept = data.draw(st.integers(1, len(whole) - 2))
    run = read_lines([line_of(BEGINS), line_of(SeenAgain(1, "a", 2)), whole[:kept]])
    assert run.truncated
    assert run.entries == (SeenAgain(1, "a", 2),)
    assert not run.complete


@given(ANYTHING)
def test_garbage_is_a_clear_error(garbage: object) -> None:
    for kind in (Program, Execution, Counterexample, Trace, Setting, *KINDS.values()):
        try:
            decode(kind, garbage)
        except RecordError as error:
            assert str(error)  # noqa: PT017 - some garbage is a value (an empty object, where all has a default)


@given(st.binary(max_size=40))
def test_garbage_in_the_middle_is_an_error_with_its_line(garbage: bytes) -> None:
    line = garbage.replace(b"\n", b"") + b"!\n"
    with pytest.raises(RecordError, match="line 2"):
        read_lines([line_of(BEGINS), line, line_of(RunEnds(1, 1.0))])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 10_000, "no JSON"),
        (b'{"kind": "end", "executions": NaN, "seconds": 1}', "no JSON"),
        (b'{"kind": "end", "executions": 1}', "no field 'seconds'"),
        (b'{"kind": "end", "executions": true, "seconds": 1}', "RunEnds.executions is no int"),
        (b'{"kind": "end", "executions": 1, "seconds": 1, "more": 1}', "'more' that does not exist"),
        (b'{"kind": "end", "executions": 1, "seconds": 1' + b"0" * 400 + b"}", "too large"),
        (b'{"kind": "unheard", "executions": 1}', "no entry"),
        (b'{"kind": "run", "schema": 2}', "newer p4verify"),
        (b'{"kind": "run"}', "no schema"),
        (b'{"kind": ["run"]}', "no entry"),
        (b"\xff\xfe", "no JSON"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "line",
)
def test_what_is_wrong_is_said(line: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        entry_of(line)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"tasks": [{"name": "a", "invocations": [{"operation": 5}]}]}, "tasks[0].invocations[0].operation is no str"),
        ({"tasks": {}}, "tasks is no list"),
        ({"tasks": [], "environment": {"http": 1}}, "environment.http is no list"),
        ({"tasks": [{"name": "a", "invocations": [{"operation": "b", "arguments": [None]}]}]}, "is no value"),
        (
            {"tasks": [{"name": "a", "invocations": [{"operation": "b", "arguments": [{"bytes": "x"}]}]}]},
            "arguments[0]",
        ),
    ],
    ids=str,
)
def test_where_it_is_wrong_is_said(data: object, words: str) -> None:
    with pytest.raises(RecordError) as caught:
        decode(Program, data)
    assert words in str(caught.value)


def test_a_run_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    program = Program((Task("a", (Invocation("bus.battery", (11,)),)),))
    with RunWriter(path, BEGINS) as writer:
        writer.write(ProgramDrawn(1, program))
        assert read_run(path).entries == (ProgramDrawn(1, program),), "readable at any moment"
        writer.write(RunEnds(10, 1.5))
    run = read_run(path)
    assert (run.begins, run.complete, run.truncated) == (BEGINS, True, False)


def test_a_missing_or_foreign_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"none\.jsonl: No such file"):
        read_run(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_bytes(b"")
    with pytest.raises(RecordError, match="no run record"):
        read_run(tmp_path / "empty.jsonl")
    with pytest.raises(RecordError, match="Is a directory"):
        load_counterexample(tmp_path)


@given(COUNTEREXAMPLES)
def test_a_counterexample_survives_a_round_trip(counterexample: Counterexample) -> None:
    assert same(decode(Counterexample, parse(codec.dumps(counterexample))), counterexample)


def test_a_counterexample_file(tmp_path: Path) -> None:
    program = Program((Task("a", (Invocation("bus.battery", (11,)),)),))
    saved = Counterexample("np.fifo", "why", program, Schedule(((3, 1),)), "b1d", "mine", "p4verify.toml", "0.1.0")
    path = tmp_path / "np.fifo.json"
    save_counterexample(path, saved)
    assert '"schedule": "w:3+1"' in path.read_text(encoding="utf-8")
    assert load_counterexample(path) == saved
    assert list(tmp_path.iterdir()) == [path], "nothing unfinished is left"
    path.write_text(path.read_text(encoding="utf-8").replace("w:3+1", "3 and 1"), encoding="utf-8")
    with pytest.raises(RecordError, match=r"Counterexample\.schedule: not a schedule"):
        load_counterexample(path)


def test_a_secret_is_not_recorded() -> None:
    config = {"CONFIG_HMI_WIFI_PASSWORD": "hunter2", "CONFIG_HMI_WIFI_SSID": "home"}
    for value in (Setting(Program(()), config), RunBegins("f", "sim", 0, "b", "v", config)):
        text = codec.dumps(value)
        assert "hunter2" not in text
        assert "home" in text


def test_what_is_not_of_the_vocabulary_is_refused() -> None:
    with pytest.raises(TypeError, match="object is not of the vocabulary"):
        encode(object())
