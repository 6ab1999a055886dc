"""The scripted TinyBMS at the other end of UART1: what it holds, how it errs, when it answers.

The driver's own rules, which hold on a device too, are asserted by c/shim/conformance/uart_*.c.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from p4verify.targets.peers import AT_MS, BEFORE_NVS, CODE, build_peers, call, results, run
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Outcome
from p4verify.verify.history import History
from p4verify.verify.program import Program, Task, Value
from p4verify.verify.schedule import Granularity

VALUE, ACK, NACK, GARBAGE = 1, 2, 3, 4
SILENCE = 0
WORKING, MEMORY, CONTROL, VOLTAGE, FIRST_CELL = 0x012C, 0x0200, 0x0086, 36, 0
RESTART = 0xA55A


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimTarget]:
    with SimTarget(build_peers(tmp_path_factory.mktemp("peers"))) as target:
        yield target


def frame(*body: int) -> bytes:
    crc = 0xFFFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return bytes((*body, crc & 0xFF, crc >> 8))


def pair(number: int) -> tuple[int, int]:
    return number & 0xFF, number >> 8


def read(address: int, echo: bool = False) -> bytes:
    return frame(0xAA, 0x09 if echo else 0x07, 2 if echo else 1, *pair(address))


def write(address: int, value: int) -> bytes:
    return frame(0xAA, 0x0D, 4, *pair(address), *pair(value))


def value(number: int, address: int | None = None) -> bytes:
    if address is None:
        return frame(0xAA, 0x07, 2, *pair(number))
    return frame(0xAA, 0x09, 4, *pair(address), *pair(number))


ACKED, BUSY = frame(0xAA, 0x01, 0), frame(0xAA, 0x81, 1, 3)


def asked(sim: SimTarget, *requests: bytes, ticks: int = 3, streams: Mapping[str, tuple[int, ...]] = {}) -> History:
    return run(sim, *(call("ask", request, ticks) for request in requests), streams=streams).history


def answers(history: History) -> list[Value]:
    return [result["answer"] for result in results(history, "ask")]


def heard(history: History) -> list[tuple[Value, ...]]:
    return [tuple(each.fields.values()) for each in history.seen("bms.request")]


def answered(history: History) -> list[tuple[Value, ...]]:
    return [tuple(each.fields.values()) for each in history.seen("bms.answer")]


def test_each_answer_names_its_request(sim: SimTarget) -> None:
    history = asked(sim, read(WORKING), read(0x0100), read(WORKING))
    assert answers(history) == [value(1), value(2), value(3)]
    assert heard(history) == [(1, 1, WORKING, 0), (2, 1, 0x0100, 0), (3, 1, WORKING, 0)]
    assert answered(history) == [(1, VALUE, WORKING, 1), (2, VALUE, 0x0100, 2), (3, VALUE, WORKING, 3)]
    assert [each["bytes"] for each in history.seen("uart.tx")] == [read(WORKING), read(0x0100), read(WORKING)]
    assert {each.task for each in history.seen("bms.request", "bms.answer")} == {"bms"}


def test_memory_keeps_what_is_written_over_power_cuts_of_the_hmi(sim: SimTarget) -> None:
    calls = (call("ask", write(MEMORY, 0x1234), 3), call("commit"), call("commit"))
    history = run(
        sim, *calls, final=(call("ask", read(MEMORY), 3),), streams={"power": (BEFORE_NVS * CODE + 2,)}
    ).history
    assert answers(history) == [ACKED, value(0x1234)]
    assert answered(history) == [(1, ACK, MEMORY, 0x1234), (2, VALUE, MEMORY, 0x1234)]
    assert len(history.boots) == 1


def test_what_must_not_be_written_is_refused(sim: SimTarget) -> None:
    requests = (write(WORKING, 1), write(VOLTAGE, 1), write(CONTROL, 1), write(CONTROL, RESTART))
    refused = frame(0xAA, 0x81, 1, 2)
    assert answers(asked(sim, *requests)) == [refused, refused, refused, ACKED]


def test_telemetry_answers_tokens_in_raw_units(sim: SimTarget) -> None:
    history = asked(sim, read(VOLTAGE), read(38), read(FIRST_CELL), read(VOLTAGE), streams={"tinybms": (100, 100, 8)})
    assert answers(history) == [value(6500), value(0x10000 - 2500), value(3008), value(4000 + 25 * 202)]


def test_token_0_is_silence(sim: SimTarget) -> None:
    history = asked(sim, read(VOLTAGE), read(VOLTAGE), streams={"tinybms": (0, 4)})
    assert answers(history) == [b"", value(4100)]
    assert [kind for _, kind, _, _ in answered(history)] == [SILENCE, VALUE]


LATENCY = 5000
"""Of the answers below, in microseconds."""


@pytest.mark.parametrize(
    ("code", "dialect", "request_", "answered_by"),
    [
        (0, 0, read(WORKING), (VALUE, value(1))),
        (1, 0, read(WORKING), (SILENCE, b"")),
        (2, 0, read(WORKING), (GARBAGE, value(1)[:-1] + bytes([value(1)[-1] ^ 0x5A]))),
        (3, 0, read(WORKING), (NACK, BUSY)),
        (4, 0, read(WORKING), (VALUE, value(1))),
        (5, 0, read(WORKING), (VALUE, ACKED + value(1))),
        (5, 0, write(MEMORY, 7), (ACK, value(0xFFFF) + ACKED)),
        (5, 1, read(WORKING, echo=True), (VALUE, value(0xFFFF, 0xFFFF) + value(1, WORKING))),
        (6, 0, read(WORKING), (GARBAGE, value(1)[:3])),
        (7, 0, read(WORKING), (VALUE, b"\xaa\x07\x02" + value(1))),
        (8, 1, read(WORKING, echo=True), (GARBAGE, value(1, WORKING ^ 1))),
        (8, 0, read(WORKING), (VALUE, value(1))),
        (0, 1, read(WORKING, echo=True), (VALUE, value(1, WORKING))),
        (0, 1, write(MEMORY, 7), (ACK, ACKED)),
        (3, 0, write(MEMORY, 7), (NACK, BUSY)),
    ],
)
def test_the_bms_errs_as_the_program_says(
    sim: SimTarget, code: int, dialect: int, request_: bytes, answered_by: tuple[int, bytes]
) -> None:
    history = asked(sim, request_, streams={"bms": (code * CODE + LATENCY,), "bms.dialect": (dialect,)})
    ((_, kind, _, _),) = answered(history)
    assert (kind, *answers(history)) == answered_by


@pytest.mark.parametrize(("code", "applied"), [(0, 7), (1, 0), (2, 7), (3, 0), (6, 7)])
def test_a_write_may_be_done_although_its_answer_was_none(sim: SimTarget, code: int, applied: int) -> None:
    history = asked(sim, write(MEMORY, 7), read(MEMORY), streams={"bms": (code * CODE + LATENCY,)})
    assert answers(history)[1] == value(applied)


@pytest.mark.parametrize(("dialect", "echo"), [(0, True), (1, False)])
def test_a_bms_is_deaf_to_the_other_dialect(sim: SimTarget, dialect: int, echo: bool) -> None:
    history = asked(sim, read(WORKING, echo), streams={"bms.dialect": (dialect,)})
    assert answers(history) == [b""]
    assert heard(history) == []


@pytest.mark.parametrize(
    "noise", [b"\xaa", b"\xaa\x07", b"\x00\xff\x13", read(WORKING)[:-1] + b"\x00", read(WORKING)[:5], b"\xaa" * 9]
)
def test_a_request_is_heard_behind_anything(sim: SimTarget, noise: bytes) -> None:
    history = asked(sim, noise + write(MEMORY, 1) + read(MEMORY), ticks=5)
    assert answers(history) == [ACKED + value(1)]


def test_a_request_that_was_broken_off_is_forgotten(sim: SimTarget) -> None:
    """Its second half comes after a silence that no frame has."""
    assert heard(asked(sim, read(WORKING)[:4], read(WORKING)[4:], ticks=1)) == [(1, 1, WORKING, 0)]
    assert heard(asked(sim, read(WORKING)[:4], read(WORKING)[4:], ticks=3)) == []


def test_latency_is_counted_from_the_last_byte_of_the_request(sim: SimTarget) -> None:
    history = asked(sim, read(WORKING), streams={"bms": (12_345,)})
    (operation,) = history.calls("peers.ask")
    (request,) = history.seen("bms.request")
    (answer,) = history.seen("bms.answer")
    assert 7 * 86 <= request.time_us - operation.invoked_us <= 7 * 87 + 5
    assert answer.time_us - request.time_us == 12_345


def test_a_late_answer_reaches_whoever_asks_next(sim: SimTarget) -> None:
    """And the BMS, which does one thing at a time, begins with the next request when it has answered."""
    history = asked(sim, read(WORKING), read(WORKING), ticks=2, streams={"bms": (4 * CODE + 30_000,)})
    first, second = answers(history)
    assert first == b""
    assert second == value(1) + value(2)
    requests, replies = list(history.seen("bms.request")), list(history.seen("bms.answer"))
    assert requests[1].position < replies[0].position
    assert 5_000 + 7 * 86 <= replies[1].time_us - replies[0].time_us <= 5_000 + 7 * 87


def test_power_cuts_silence_what_was_under_way(sim: SimTarget) -> None:
    execution = run(
        sim,
        call("ask", read(WORKING), 5),
        final=(call("ask", read(WORKING), 5),),
        streams={"power": (AT_MS * CODE + 3,)},
    )
    assert len(execution.history.boots) == 1
    assert answers(execution.history) == [value(2)]


def test_every_interleaving_of_two_askers_is_whole(sim: SimTarget) -> None:
    """Requests are handed over one after another: the BMS hears both, and no byte is lost."""
    tasks = tuple(Task(name, (call("ask", read(WORKING), 4),)) for name in "ab")

    def found(sighting: Found) -> bool:
        history = sighting.execution.history
        assert sighting.execution.ending.outcome is Outcome.COMPLETED
        assert len(heard(history)) == 2
        assert b"".join(answer for answer in answers(history) if isinstance(answer, bytes)) == value(1) + value(2)
        return True

    for granularity in Granularity:
        sim.explore(Program(tasks, {}, settle_ms=0), Exploration("random", granularity, executions=400), found)


@pytest.mark.parametrize("strategy", ["random", "pct", "delay"])
@pytest.mark.parametrize("granularity", Granularity)
def test_interrupts_are_no_choice_and_replay(sim: SimTarget, strategy: str, granularity: Granularity) -> None:
    """Also where time runs ahead of tasks that are ready: an interrupt then comes in the midst of one."""
    tasks = tuple(Task(name, (call("ask", read(WORKING), 2), *(call("commit"),) * 3)) for name in "abc")
    program = Program(tasks, {"bms": (3_000, 5 * CODE, 20_000)}, settle_ms=0)
    findings: list[Found] = []

    def found(sighting: Found) -> bool:
        assert sighting.execution.ending.outcome is Outcome.COMPLETED, sighting.execution.ending
        findings.append(sighting)
        return True

    exploration = Exploration(strategy, granularity, executions=200, tick_budget=4, twice=True)
    assert sim.explore(program, exploration, found).differing == 0
    last = findings[-1]
    again, schedule = sim.again(program, last.origin, trace=True)
    assert again.history == last.execution.history
    assert sim.execute(program, schedule, known=last.origin.known, tick_budget=4).history == again.history
