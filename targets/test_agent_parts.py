"""The parts of the agent that run no task, in C: description, validation of programs, and the recorder."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.driven_c import C, Driver, compile_driver
from p4verify.targets.protocol.description import Description
from p4verify.targets.protocol.program_code import encode_program
from p4verify.targets.protocol.recording import BOOT, DONE, FILLER, INVOKE, OBSERVE, TASK
from p4verify.targets.protocol.test_signature import BY_TYPE
from p4verify.verify.program import Invocation, Program, Task

HEADER = struct.Struct("<BBHIQ")
RECORD_MAX = 1024
RESERVED = HEADER.size + RECORD_MAX + HEADER.size
OBSERVERS = 2


@pytest.fixture(scope="module", params=available(), ids=lambda compiler: f"{compiler.kind}{compiler.major}")
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    compiler: Compiler = request.param
    parts = [C / "agent" / f"{name}.c" for name in ("values", "catalogue", "program", "recorder")]
    output = tmp_path_factory.mktemp("agent") / "driver"
    sources = [C / "agent/test/agent_driver.c", *parts]
    with Driver(compile_driver(compiler, sources, output, f"-I{C / 'shim/include'}")) as running:
        yield running


@pytest.fixture(scope="module")
def description(driver: Driver) -> Description:
    (rest,) = driver.ask("H")
    return Description.unpack(struct.pack("<BHHQBI", 1, 0, 0, 7, 0, 4096) + bytes.fromhex(rest))


# ---- description and programs ----


def test_the_agent_describes_itself(description: Description) -> None:
    operations = [(kind.name, kind.arguments.text, kind.results.text) for kind in description.operations]
    assert operations[:2] == [("agent.idle", "", ""), ("test.none", "", "")]
    assert operations[3] == ("test.text", "name:str,token:u32,blob:bytes", "")
    observers = [(kind.number, kind.name, kind.fields.text) for kind in description.observers]
    assert observers == [(0, "test.first", "value:u32"), (1, "test.second", ""), (2, "test.probe", "")]


@st.composite
def programs(draw: st.DrawFn) -> Program:
    fixed = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f32", "f64", "bool")
    arguments = {
        "agent.idle": st.just(()),
        "test.none": st.just(()),
        "test.fixed": st.tuples(*(BY_TYPE[kind] for kind in fixed)),
        "test.text": st.tuples(BY_TYPE["str"], BY_TYPE["u32"], BY_TYPE["bytes"]),
    }
    operations = st.sampled_from(sorted(arguments))
    calls = operations.flatmap(
        lambda name: st.builds(Invocation, st.just(name), arguments[name], st.integers(0, 2**32 - 1))
    )
    invocations = st.lists(calls, max_size=3).map(tuple)
    names = draw(st.lists(st.sampled_from("abcdef"), unique=True))
    cores = st.sampled_from([None, 0, 1])
    tasks = tuple(Task(name, draw(invocations), draw(st.integers(0, 24)), draw(cores)) for name in names)
    values = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=3).map(tuple)
    environment = draw(st.dictionaries(st.sampled_from(["http", "bms"]), values))
    return Program(tasks, environment, draw(st.integers(0, 2**32 - 1)), draw(invocations))


@given(program=programs())
@settings(deadline=None)
def test_what_the_host_encodes_the_agent_accepts(driver: Driver, description: Description, program: Program) -> None:
    assert driver.ask("P " + encode_program(program, description).hex()) == ["ok"]


@given(program=programs(), data=st.data())
@settings(deadline=None)
def test_a_cut_or_longer_program_is_refused(
    driver: Driver, description: Description, program: Program, data: st.DataObject
) -> None:
    encoded = encode_program(program, description)
    cut = encoded[: data.draw(st.integers(0, len(encoded) - 1))]
    assert "cut short" in driver.ask("P " + cut.hex())[0]
    assert driver.ask("P " + encoded.hex() + "00") == ["1 bytes follow the program"]


@given(program=programs(), data=st.data())
@settings(deadline=None)
def test_any_damage_gives_one_line(
    driver: Driver, description: Description, program: Program, data: st.DataObject
) -> None:
    encoded = bytearray(encode_program(program, description))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    assert len(driver.ask("P " + encoded.hex())) == 1


@given(data=st.binary(max_size=80))
@settings(deadline=None)
def test_any_bytes_give_one_line(driver: Driver, data: bytes) -> None:
    assert len(driver.ask("P " + data.hex())) == 1


def head(streams: int = 0, tasks: int = 0) -> bytes:
    return b"\x01" + bytes(4) + bytes([streams]) + (b"" if streams else bytes([tasks]))


def call(operation: int, arguments: bytes = b"") -> bytes:
    return struct.pack("<HIH", operation, 0, len(arguments)) + arguments


@pytest.mark.parametrize(
    ("encoded", "problem"),
    [
        (b"\x02" + bytes(8), "the program is encoded in version 2, this agent knows version 1"),
        (head(streams=17), "the program has 17 streams, at most 16 are possible"),
        (head(streams=1) + b"\x01x\xff\xff", "the program is cut short: 524280 bytes are missing at its end"),
        (head(tasks=255), "the program has 255 tasks, at most 32 are possible"),
        (head(tasks=1) + b"\x00", "the name of a task has 1 to 15 bytes, not 0"),
        (head(tasks=1) + b"\x10" + b"n" * 16, "the name of a task has 1 to 15 bytes, not 16"),
        (head(tasks=1) + b"\x01a\x19\xff", "task a has priority 25, the highest is 24"),
        (head(tasks=1) + b"\x01a\x05\x02", "task a wants core 2, there are 0, 1 and -1 for any"),
        (head(tasks=1) + b"\x01a\x05\xff\x01\x00" + call(4), "invocation 0 of a calls operation 4, there are 4"),
        (
            head() + b"\x02\x00" + call(0) + call(1, b"x"),
            "invocation 1 of final: test.none takes (), which 1 bytes are not",
        ),
        (head() + b"\x01\x00" + call(3, b"\x05\x00abc"), "invocation 0 of final: test.text takes "),
        (head() + b"\xff\xff", "the program is cut short at byte 9"),
    ],
)
def test_the_agent_says_what_is_wrong(driver: Driver, encoded: bytes, problem: str) -> None:
    (answer,) = driver.ask("P " + encoded.hex())
    assert answer.startswith(problem)


# ---- the recorder ----


@dataclass
class Expected:
    """What the recorder must have kept: records in the order in which they were begun; None where nothing remains."""

    tasks: int
    now: int = 0
    caller: int = 0
    records: list[tuple[int, int, int, bytes, int] | None] = field(default_factory=list)
    open: dict[int, tuple[int, int, int, bytes]] = field(default_factory=dict)
    lost: int = 0
    known: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.known = {0: self.tasks}
        self.next = self.tasks + 1

    def number(self) -> int:
        if self.caller not in self.known:
            self.known[self.caller] = self.next
            self.records.append((TASK, self.next, 0, b"task%d" % (self.caller + 1), self.now))
            self.next += 1
        return self.known[self.caller]

    def step(self, word: str) -> None:
        number, _, rest = word[1:].partition(",")
        getattr(self, "on_" + word[0])(int(number), rest)

    def on_c(self, task: int, _: str) -> None:
        self.caller = task

    def on_t(self, us: int, _: str) -> None:
        self.now += us

    def on_p(self, kind: int, rest: str) -> None:
        number, _, payload = rest.partition(",")
        self.records.append((kind, 0, int(number), bytes.fromhex(payload), self.now))

    def on_o(self, probe: int, _: str) -> None:
        self.records.append((OBSERVE, self.number(), OBSERVERS + probe, b"", self.now))

    def on_b(self, slot: int, _: str) -> None:
        task = self.number()
        self.open[slot] = (len(self.records), task, self.now, b"")
        self.records.append(None)

    def on_w(self, slot: int, payload: str) -> None:
        at, task, began, written = self.open[slot]
        self.open[slot] = (at, task, began, written + bytes.fromhex(payload))

    def on_r(self, reason: int, _: str) -> None:
        self.caller = 0
        self.open.clear()
        self.__post_init__()
        self.records.append((BOOT, self.tasks, 0, bytes([reason]), self.now))

    def on_e(self, slot: int, observer: str) -> None:
        at, task, began, written = self.open.pop(slot)
        if len(written) > RECORD_MAX:
            self.lost += 1
        else:
            self.records[at] = (OBSERVE, task, int(observer), written, began)


@st.composite
def scripts(draw: st.DrawFn) -> list[str]:
    """Words in any order that makes sense: only what is open is written to and ended."""
    words = []
    unended: set[int] = set()
    for _ in range(draw(st.integers(0, 30))):
        slot = draw(st.integers(0, 5))
        payload = draw(st.one_of(st.binary(max_size=12), st.just(bytes(600)))).hex()
        if slot in unended:
            end = draw(st.booleans())
            words.append(f"e{slot},{draw(st.integers(0, 1))}" if end else f"w{slot},{payload}")
            unended -= {slot} if end else set()
            continue
        others = (f"b{slot}", f"c{slot}", f"t{slot}", "o0", f"p{INVOKE},{slot},{payload}", "r1")
        words.append(draw(st.sampled_from(others)))
        unended |= {slot} if words[-1][0] == "b" else set()
        unended -= unended if words[-1][0] == "r" else set()
    return words


def recorded(driver: Driver, words: list[str], capacity: int = 1 << 18, tasks: int = 2) -> tuple[int, int, bytes]:
    (answer,) = driver.ask(f"R {capacity} {tasks} " + " ".join(words))
    lost, records, ring = answer.split(" ")
    return int(lost), int(records), bytes.fromhex(ring)


def parsed(ring: bytes) -> list[tuple[int, int, int, bytes, int]]:
    records, at = [], 0
    while at < len(ring):
        kind, task, number, length, time = HEADER.unpack_from(ring, at)
        at += HEADER.size + length
        assert at <= len(ring)
        if kind != FILLER:
            records.append((kind, task, number, ring[at - length : at], time))
    return records


def expectation(words: list[str], tasks: int = 2) -> Expected:
    expected = Expected(tasks)
    for word in words:
        expected.step(word)
    return expected


# The driver's clock goes on from one history to the next: times count from the beginning of each.
@given(words=scripts())
@settings(deadline=None)
def test_what_is_recorded_in_any_order_is_there(driver: Driver, words: list[str]) -> None:
    lost, records, ring = recorded(driver, words)
    expected = expectation(words)
    kept = [record for record in expected.records if record is not None]
    assert parsed(ring) == [*kept, (DONE, 0, 0, b"", expected.now)]
    assert lost == expected.lost
    assert records == len(kept) + len(expected.open) + 1


@given(words=scripts(), capacity=st.integers(0, 3 * RESERVED))
@settings(deadline=None)
def test_what_does_not_fit_is_counted(driver: Driver, words: list[str], capacity: int) -> None:
    lost, records, ring = recorded(driver, words, capacity)
    everything = [record for record in expectation(words).records if record is not None] + [(DONE, 0, 0, b"", 0)]
    kept = parsed(ring)
    assert len(ring) <= capacity
    assert len(kept) <= records
    assert lost or len(kept) == len(everything)
    complete = {record[:4] for record in everything}
    assert all(record[:4] in complete for record in kept[:-1])


def test_an_observation_alone_takes_no_more_than_it_needs(driver: Driver) -> None:
    _, _, ring = recorded(driver, ["b0", "w0,aabb", "e0,1"])
    assert ring[: HEADER.size + 2] == HEADER.pack(OBSERVE, 2, 1, 2, 0) + b"\xaa\xbb"
    assert len(ring) == HEADER.size + 2 + HEADER.size


@pytest.mark.parametrize("length", [0, 1, RECORD_MAX - HEADER.size, RECORD_MAX - 1, RECORD_MAX])
def test_an_observation_of_any_length_leaves_room_for_a_filler(driver: Driver, length: int) -> None:
    _, _, ring = recorded(driver, ["b0", "b1", f"w0,{'aa' * length}", "e0,0", "w1,bb", "e1,1"])
    assert [record[3] for record in parsed(ring)[:-1]] == [b"\xaa" * length, b"\xbb"]


def test_a_handle_used_again_is_another_task(driver: Driver) -> None:
    words = ["c1", "j0", "o0", "l0", "o0"]
    assert [record[:2] for record in parsed(recorded(driver, words)[2])] == [
        (OBSERVE, 0),
        (TASK, 3),
        (OBSERVE, 3),
        (DONE, 0),
    ]


def test_nothing_is_recorded_after_the_end(driver: Driver) -> None:
    _, records, ring = recorded(driver, ["s", "o0", "b0", "w0,aa", "e0,0"])
    assert records == 1
    assert [record[0] for record in parsed(ring)] == [DONE]


def test_a_history_that_ends_during_an_observation_is_whole(driver: Driver) -> None:
    lost, records, ring = recorded(driver, ["b0", "w0,aa", "s", "e0,0"])
    assert (lost, records) == (0, 2)
    assert [record[0] for record in parsed(ring)] == [DONE]


def test_more_tasks_than_there_is_room_for_are_counted(driver: Driver) -> None:
    words = [word for task in range(1, 70) for word in (f"c{task}", "o0")]
    lost, _, ring = recorded(driver, words)
    kept = parsed(ring)
    assert max(record[1] for record in kept) == 63
    assert lost == 2 * (69 - 61)
    assert sum(record[0] == OBSERVE for record in kept) == 61
