from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.targets.driven_c import C
from p4verify.targets.protocol.description import Description, MisdeclaredError, ObserverKind, OperationKind
from p4verify.targets.protocol.messages import (
    Ended,
    HistoryDecoder,
    MessageType,
    ProgramError,
    ProtocolError,
    decode_history,
    encode_program,
)
from p4verify.targets.protocol.recording import BOOT, DONE, FILLER, INVOKE, LOADED, OBSERVE, RETURN, TASK
from p4verify.targets.protocol.signature import Signature
from p4verify.verify.execution import Ending, Outcome
from p4verify.verify.history import POWER_CUT, RESTART, Boot, History, Observation, Operation
from p4verify.verify.program import Invocation, Program, Task


def described(operations: dict[str, tuple[str, str]], observers: dict[str, str]) -> Description:
    parse = Signature.parse
    return Description(
        "fake",
        "build",
        boot=1,
        reset_reason=0,
        history_capacity=4096,
        operations=tuple(
            OperationKind(number, name, parse(arguments), parse(results))
            for number, (name, (arguments, results)) in enumerate(operations.items())
        ),
        observers=tuple(
            ObserverKind(number, name, parse(text)) for number, (name, text) in enumerate(observers.items())
        ),
    )


FIRMWARE = described(
    {"agent.idle": ("", ""), "bus.battery": ("token:u32", "accepted:bool"), "say": ("text:str", "text:str")},
    {"seen": "token:u32,soc:f32", "heard": "text:str,loud:bool", "np.built": ""},
)
PUBLISH = Invocation("bus.battery", (7,))
SAY = Invocation("say", ("hé",), delay_ms=20)
PROGRAM = Program((Task("a", (PUBLISH, SAY)), Task("b", (PUBLISH,), priority=6, core=1)), final=(PUBLISH,))


def record(kind: int, task: int, number: int = 0, payload: bytes = b"", time_us: int = 0) -> bytes:
    return struct.pack("<BBHIQ", kind, task, number, len(payload), time_us) + payload


def decoded(*records: bytes) -> History:
    return decode_history(b"".join(records), PROGRAM, FIRMWARE)


def test_a_history_is_what_was_recorded() -> None:
    history = decoded(
        record(INVOKE, 0, 0, time_us=10),
        record(TASK, 3, payload=b"dispatch", time_us=11),
        record(OBSERVE, 3, 0, struct.pack("<If", 7, 1.75), 12),
        record(FILLER, 9, 99, b"whatever", 1),
        record(RETURN, 0, 0, b"\x01", 13),
        record(INVOKE, 1, 0, time_us=14),
        record(OBSERVE, 1, 1, b"\x02\x00hi\x01", 15),
        record(LOADED, 2, time_us=16),
        record(INVOKE, 2, 0, time_us=17),
        record(OBSERVE, 2, 2, time_us=17),
        record(RETURN, 2, 0, b"\x00", 18),
        record(DONE, 2, time_us=19),
    )
    assert history.operations == (
        Operation("a", 0, PUBLISH, 0, 10, 3, 13, {"accepted": True}),
        Operation("b", 0, PUBLISH, 4, 14),
        Operation("main", 0, PUBLISH, 7, 17, 9, 18, {"accepted": False}),
    )
    assert history.observations == (
        Observation(2, 12, "dispatch", "seen", {"token": 7, "soc": 1.75}),
        Observation(5, 15, "b", "heard", {"text": "hi", "loud": True}),
        Observation(8, 17, "main", "np.built", {}),
    )
    assert (history.loaded, history.loaded_us, history.end, history.end_us, history.lost) == (6, 16, 11, 19, 0)


def test_end_and_losses_come_from_who_knows_them() -> None:
    history = decode_history(b"", PROGRAM, FIRMWARE, end_us=5, lost=2)
    assert history == History((), (), end=0, end_us=5, lost=2)


def test_a_task_of_a_known_name_stays_distinct() -> None:
    history = decoded(record(TASK, 3, payload=b"a"), record(OBSERVE, 3, 2))
    assert history.observations[0].task == "a#3"


def test_after_a_boot_the_firmwares_tasks_are_others_and_final_begins_again() -> None:
    history = decoded(
        record(INVOKE, 0, 0, time_us=1),
        record(TASK, 3, payload=b"old"),
        record(OBSERVE, 3, 2),
        record(INVOKE, 2, 0, time_us=2),
        record(BOOT, 2, payload=b"\x01", time_us=3),
        record(TASK, 3, payload=b"new"),
        record(OBSERVE, 3, 2),
        record(LOADED, 2, time_us=4),
        record(INVOKE, 2, 0, time_us=5),
        record(RETURN, 2, 0, b"\x01", 6),
        record(BOOT, 2, payload=b"\x03", time_us=7),
    )
    assert history.boots == (Boot(4, 3, POWER_CUT), Boot(10, 7, RESTART))
    assert [observation.task for observation in history.observations] == ["old", "new"]
    assert history.operations == (
        Operation("a", 0, PUBLISH, 0, 1),
        Operation("main", 0, PUBLISH, 3, 2),
        Operation("main", 0, PUBLISH, 8, 5, 9, 6, {"accepted": True}),
    )
    assert (history.loaded, history.loaded_us, history.end) == (7, 4, 11)


def test_what_is_remembered_of_one_history_is_not_mistaken_in_another() -> None:
    """One thing at a time differs from the first history: name, position, time, observer, payload."""
    seven, eight = struct.pack("<If", 7, 1.75), struct.pack("<If", 8, 1.75)
    announced = [record(TASK, 3, payload=name) for name in (b"dispatch", b"timer")]
    histories = [
        (announced[0], record(OBSERVE, 3, 0, seven, 12)),
        (announced[1], record(OBSERVE, 3, 0, seven, 12)),
        (announced[0], record(LOADED, 2), record(OBSERVE, 3, 0, seven, 12)),
        (announced[0], record(OBSERVE, 3, 0, seven, 13)),
        (announced[0], record(OBSERVE, 3, 2, b"", 12)),
        (announced[0], record(OBSERVE, 3, 0, eight, 12)),
    ]
    decoder = HistoryDecoder(PROGRAM, FIRMWARE)
    first = [decoder.decode(b"".join(records)) for records in histories]
    assert first == [decoded(*records) for records in histories]
    assert len({str(history.observations) for history in first}) == len(histories)
    again = decoder.decode(b"".join(histories[0]))
    assert again.observations[0] is first[0].observations[0]


@pytest.mark.parametrize(
    "records",
    [
        (b"\x01",),
        (record(INVOKE, 0, 0, b"x")[:-1],),
        (record(INVOKE, 0, 2),),
        (record(INVOKE, 9, 0),),
        (record(RETURN, 0, 0, b"\x01"),),
        (record(INVOKE, 0, 0), record(INVOKE, 0, 0)),
        (record(INVOKE, 0, 0), record(RETURN, 0, 0, b"\x01\x01")),
        (record(INVOKE, 0, 0), record(RETURN, 0, 0, b"\x01"), record(RETURN, 0, 0, b"\x01")),
        (record(OBSERVE, 0, 3),),
        (record(OBSERVE, 5, 2),),
        (record(OBSERVE, 0, 0, b"\x01"),),
        (record(OBSERVE, 0, 1, b"\x09\x00hi\x01"),),
        (record(TASK, 5, payload=b"x"),),
        (record(8, 0),),
        (record(BOOT, 2),),
        (record(BOOT, 2, payload=b"\x01\x01"),),
        (record(INVOKE, 0, 0), record(BOOT, 2, payload=b"\x01"), record(RETURN, 0, 0, b"\x01")),
        (record(BOOT, 2, payload=b"\x01"), record(INVOKE, 0, 0)),
        (record(TASK, 3, payload=b"x"), record(BOOT, 2, payload=b"\x01"), record(OBSERVE, 3, 2)),
    ],
)
def test_what_contradicts_the_program_is_refused(records: tuple[bytes, ...]) -> None:
    with pytest.raises(ProtocolError, match=f"record {len(records) - 1} of the history makes no sense"):
        decoded(*records)


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (
            (record(INVOKE, 0, 0), record(RETURN, 0, 0, b"\x01\x0a")),
            'the results of bus.battery: 2 bytes were written (01 0a), the adapter declares "accepted:bool", which',
        ),
        ((record(OBSERVE, 0, 0),), 'seen: 0 bytes were written, the adapter declares "token:u32,soc:f32", which takes'),
        (
            (record(OBSERVE, 0, 1, b"\x28\x00" + b"h" * 40),),
            f'heard: 42 bytes were written (28 00{" 68" * 30} ..), the adapter declares "text:str,loud:bool"',
        ),
    ],
)
def test_an_adapter_that_breaks_its_signature_is_told_which_and_how(records: tuple[bytes, ...], message: str) -> None:
    with pytest.raises(MisdeclaredError, match=re.escape(message)):
        decoded(*records)


def test_what_returns_without_having_begun_is_no_fault_of_an_adapter() -> None:
    with pytest.raises(ProtocolError, match="invocation 0 of task 0 returns, but has not begun") as caught:
        decoded(record(RETURN, 0, 0, b"\x01"))
    assert not isinstance(caught.value, MisdeclaredError)


@given(st.lists(st.builds(record, st.integers(0, 7), st.integers(0, 4), st.integers(0, 3), st.binary(max_size=9))))
def test_any_records_are_a_history_or_an_error(records: list[bytes]) -> None:
    try:
        history = decoded(*records)
    except ProtocolError:
        return
    assert history.end <= len(records)


def test_a_program_is_encoded_as_the_agent_reads_it() -> None:
    program = Program((Task("a", (SAY,), priority=6, core=1),), {"http": (1, -1)}, settle_ms=300, final=(PUBLISH,))
    assert encode_program(program, FIRMWARE) == b"".join(
        (
            b"\x01" + (300).to_bytes(4, "little"),
            b"\x01" + b"\x04http" + b"\x02\x00" + struct.pack("<2q", 1, -1),
            b"\x01" + b"\x01a" + b"\x06\x01" + b"\x01\x00",
            b"\x02\x00" + (20).to_bytes(4, "little") + b"\x05\x00" + b"\x03\x00h\xc3\xa9",
            b"\x01\x00" + b"\x01\x00" + bytes(4) + b"\x04\x00" + b"\x07\x00\x00\x00",
        )
    )


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            Program((Task("a", (Invocation("bus.nothing"),)),)),
            "bus.nothing: .* no such operation; it has agent.idle, bus",
        ),
        (Program((Task("a", (Invocation("bus.battery"),)),)), r"bus.battery\(token:u32\): it takes 1 argument "),
        (Program((), final=(Invocation("bus.battery", (-1,)),)), r"bus.battery\(token:u32\): token is a u32"),
        (Program((Task("a", ()), Task("a", ()))), "task 'a': the name is taken"),
        (Program((Task("main", ()),)), "task 'main': the name is taken"),
        (Program((Task("", ()),)), "task '': a name has 1 to 15 bytes"),
        (Program((Task("x" * 16, ()),)), "a name has 1 to 15 bytes"),
        (Program((Task("a", (), priority=25),)), "task 'a': priority: 25 is not within 0..24"),
        (Program((Task("a", (), core=2),)), "task 'a': core 2 is neither 0, 1 nor any"),
        (Program(tuple(Task(f"t{number}", ()) for number in range(33))), "tasks: 33 is not within 0..32"),
        (Program((), {"http": (2**63,)}), "environment 'http': its values are 64-bit integers"),
        (Program((), {str(number): () for number in range(17)}), "streams of the environment: 17"),
        (Program((), settle_ms=-1), "settle_ms: -1 is not within"),
        (Program((Task("a", (Invocation("agent.idle", (), -1),)),)), "agent.idle: delay_ms: -1"),
    ],
)
def test_what_cannot_run_is_refused_with_words(program: Program, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        encode_program(program, FIRMWARE)


def text(words: str) -> bytes:
    return struct.pack("<H", len(words)) + words.encode()


def hello(operations: list[tuple[str, str, str]], observers: list[tuple[str, str]], version: int = 1) -> bytes:
    return b"".join(
        (
            bytes([version]) + text("fake") + text("build") + struct.pack("<QBI", 1, 0, 4096),
            struct.pack("<H", len(operations)) + b"".join(text(part) for kind in operations for part in kind),
            struct.pack("<H", len(observers)) + b"".join(text(part) for kind in observers for part in kind),
        )
    )


def test_a_hello_is_a_description() -> None:
    operations = [(kind.name, kind.arguments.text, kind.results.text) for kind in FIRMWARE.operations]
    observers = [(kind.name, kind.fields.text) for kind in FIRMWARE.observers]
    description = Description.unpack(hello(operations, observers))
    assert description == FIRMWARE
    assert description.names == {"agent.idle", "bus.battery", "say", "seen", "heard", "np.built"}
    assert description.operation("say") == FIRMWARE.operations[2]
    assert description.operation("sing") is None


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (hello([], [], version=2), "protocol version 2, this is version 1"),
        (hello([("a", "x:u9", "")], []), "a: not a signature"),
        (hello([("a", "", ""), ("a", "", "")], []), "two operations of the firmware 'fake' are called a"),
        (hello([], [("b", ""), ("b", "")]), "two observers of the firmware 'fake' are called b"),
        (hello([], [])[:-1], "ends before its byte"),
        (hello([], []) + b"x", "1 bytes too many"),
        (b"", "ends before its byte 1"),
    ],
)
def test_a_bad_hello_is_refused(payload: bytes, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        Description.unpack(payload)


def test_how_a_run_ended() -> None:
    payload = struct.pack("<BQII", 3, 500, 1, 20) + text("pub") + text("a cycle") + text("pub.c:7")
    assert Ended.unpack(payload) == Ended(Ending(Outcome.DEADLOCK, "a cycle", "pub", "pub.c:7"), 500, 1, 20)
    with pytest.raises(ProtocolError, match="outcome 99"):
        Ended.unpack(b"\x63" + payload[1:])


def test_both_sides_number_messages_and_outcomes_alike() -> None:
    header = (C / "wire/message.h").read_text()
    ours = {kind.name: kind.value for kind in MessageType}
    assert {name: int(value, 16) for name, value in re.findall(r"WIRE_(\w+) = (0x\w+),", header)} == ours
    outcomes = re.search(r"enum port_outcome \{([^}]*)\}", (C / "shim/port.h").read_text())
    assert outcomes is not None
    assert re.findall(r"PORT_(\w+)", outcomes[1]) == [outcome.name for outcome in Outcome]
    kinds = re.search(r"enum agent_record_kind \{([^}]*)\}", (C / "agent/agent.h").read_text())
    assert kinds is not None
    numbers = {name: int(value) for name, value in re.findall(r"AGENT_(\w+) = (\d)", kinds[1])}
    named = (FILLER, INVOKE, RETURN, OBSERVE, TASK, LOADED, DONE, BOOT)
    assert list(numbers) == ["FILLER", "INVOKE", "RETURN", "OBSERVE", "TASK", "LOADED", "DONE", "BOOT"]
    assert tuple(numbers.values()) == named
