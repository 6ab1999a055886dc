"""The two halves of the frame codec, against the shared vectors and against each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.driven_c import C, Driver, compile_driver
from p4verify.targets.protocol.frames import PAYLOAD_MAX, Counters, Decoder, Encoder, Event, Frame, LogText
from p4verify.targets.protocol.messages import Assembly, ProtocolError, chunks

VECTORS: Final[list[dict[str, Any]]] = json.loads((C / "wire/vectors.json").read_text())["vectors"]
PIECES: Final = (0, 1, 2, 7, 255)
TRAILING: Final = b"\0trailing\0"

noise = st.binary(max_size=60)
payloads = st.one_of(
    st.binary(max_size=40), st.builds(bytes.__mul__, st.binary(min_size=1, max_size=3), st.integers(0, 300))
)
frames = st.tuples(st.integers(0, 255), payloads)


def unrun(text: str) -> bytes:
    parts = (word.partition("*") for word in text.split())
    return b"".join(bytes.fromhex(byte) * int(times or 1) for byte, _, times in parts)


def merged(events: Sequence[Event]) -> list[Event]:
    """Text comes in pieces of any size; only what it adds up to is defined."""
    out: list[Event] = []
    for event in events:
        if out and isinstance(event, LogText) and isinstance(out[-1], LogText):
            out[-1] = LogText(out[-1].text + event.text)
        else:
            out.append(event)
    return out


def expected(vector: dict[str, Any]) -> tuple[list[Event], Counters]:
    events: list[Event] = []
    for event in vector["events"]:
        if "frame" in event:
            kind, sequence, payload = event["frame"]
            events.append(Frame(kind, sequence, unrun(payload)))
        else:
            events.append(LogText(event["text"].encode()))
    return events, Counters(**vector["counters"])


def in_pieces(data: bytes, piece: int) -> list[bytes]:
    return [data[at : at + piece] for at in range(0, len(data), piece)] if piece else [data]


def python_decodes(data: bytes, payload_max: int = PAYLOAD_MAX, piece: int = 0) -> tuple[list[Event], Counters]:
    decoder = Decoder(payload_max)
    events = [event for part in in_pieces(data, piece) for event in decoder.feed(part)]
    return merged(events + decoder.flush()), decoder.counters


def c_decodes(
    driver: Driver, data: bytes, payload_max: int = PAYLOAD_MAX, piece: int = 0
) -> tuple[list[Event], Counters]:
    *lines, last = driver.ask(f"D {payload_max} {piece} {data.hex()}")
    events: list[Event] = []
    for line in lines:
        word, *rest = line.split(" ")
        if word == "F":
            events.append(Frame(int(rest[0]), int(rest[1]), bytes.fromhex(rest[2])))
        else:
            events.append(LogText(bytes.fromhex(rest[0])))
    return merged(events), Counters(*map(int, last.split()[1:]))


@pytest.fixture(scope="module", params=available(), ids=lambda compiler: f"{compiler.kind}{compiler.major}")
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    compiler: Compiler = request.param
    sources = [C / "wire/test/codec_driver.c", *(C / "wire").glob("*.c")]
    with Driver(compile_driver(compiler, sources, tmp_path_factory.mktemp("wire") / "driver")) as running:
        yield running


@pytest.fixture(params=VECTORS, ids=lambda vector: vector["name"].replace(" ", "-"))
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("tail", [b"", TRAILING])
def test_python_decodes_the_vector(vector: dict[str, Any], piece: int, tail: bytes) -> None:
    events, counters = expected(vector)
    more: list[Event] = [LogText(b"trailing")] if tail else []
    decoded = python_decodes(unrun(vector["stream"]) + tail, vector.get("payload_max", PAYLOAD_MAX), piece)
    assert decoded == (merged(events + more), counters)


def test_c_decodes_the_vector(driver: Driver, vector: dict[str, Any]) -> None:
    events, counters = expected(vector)
    payload_max = vector.get("payload_max", PAYLOAD_MAX)
    for piece in PIECES:
        assert c_decodes(driver, unrun(vector["stream"]), payload_max, piece) == (events, counters)
        longer = merged([*events, LogText(b"trailing")])
        assert c_decodes(driver, unrun(vector["stream"]) + TRAILING, payload_max, piece) == (longer, counters)


def test_python_encodes_the_vector(vector: dict[str, Any]) -> None:
    encoder = Encoder()
    encoded = b"".join(encoder.encode(event.type, event.payload) for event in frames_of(vector))
    assert not vector["encodes"] or encoded == unrun(vector["stream"])


def test_c_encodes_the_vector(driver: Driver, vector: dict[str, Any]) -> None:
    wanted = [(event.type, event.payload) for event in frames_of(vector)]
    assert not vector["encodes"] or c_encodes(driver, wanted) == unrun(vector["stream"])


def frames_of(vector: dict[str, Any]) -> list[Frame]:
    return [event for event in expected(vector)[0] if isinstance(event, Frame)]


def c_encodes(driver: Driver, wanted: Sequence[tuple[int, bytes]]) -> bytes:
    lines = driver.ask("E " + " ".join(f"{kind}:{payload.hex()}" for kind, payload in wanted))
    return b"".join(bytes.fromhex(line.removeprefix("B ")) for line in lines)


def python_encodes(wanted: Sequence[tuple[int, bytes]]) -> bytes:
    encoder = Encoder()
    return b"".join(encoder.encode(kind, payload) for kind, payload in wanted)


@given(st.lists(frames, max_size=6), st.integers(1, 9))
@settings(deadline=None)
def test_what_is_encoded_comes_out(wanted: list[tuple[int, bytes]], piece: int) -> None:
    events, counters = python_decodes(python_encodes(wanted), piece=piece)
    assert events == [Frame(kind, number, payload) for number, (kind, payload) in enumerate(wanted)]
    assert counters == Counters(frames=len(wanted))


@given(wanted=st.lists(frames, max_size=6))
@settings(deadline=None)
def test_both_encode_alike(driver: Driver, wanted: list[tuple[int, bytes]]) -> None:
    assert c_encodes(driver, wanted) == python_encodes(wanted)


@st.composite
def damaged_streams(draw: st.DrawFn) -> bytes:
    """Frames and noise in any order, from which some bytes are then lost, changed or added."""
    stream = bytearray()
    encoder = Encoder()
    for kind, payload in draw(st.lists(frames, max_size=5)):
        stream += draw(st.one_of(st.just(b""), noise)) + encoder.encode(kind, payload)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(stream)))
        stream[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(stream)


@given(data=damaged_streams(), payload_max=st.sampled_from([0, 16, PAYLOAD_MAX]), piece=st.integers(0, 9))
@settings(deadline=None)
def test_both_see_the_same_in_any_bytes(driver: Driver, data: bytes, payload_max: int, piece: int) -> None:
    assert c_decodes(driver, data, payload_max, piece) == python_decodes(data, payload_max, 0)


@given(damaged_streams(), frames)
@settings(deadline=None)
def test_a_whole_frame_after_any_bytes_is_found(data: bytes, wanted: tuple[int, bytes]) -> None:
    events, _ = python_decodes(data + Encoder().encode(*wanted))
    assert events[-1] == Frame(wanted[0], 0, wanted[1])


@given(damaged_streams())
@settings(deadline=None)
def test_no_byte_is_lost_silently(data: bytes) -> None:
    events, counters = python_decodes(data)
    stretches = [stretch for stretch in data.split(b"\0") if stretch]
    in_frames = sum(1 for event in events if isinstance(event, Frame))
    text = sum(len(event.text) for event in events if isinstance(event, LogText))
    assert in_frames == counters.frames
    frame_bytes = sum(len(stretch) for stretch in stretches) - text - counters.garbage_bytes
    decoder = Decoder()
    framed = [s for s in stretches if any(isinstance(event, Frame) for event in decoder.feed(s + b"\0"))]
    assert frame_bytes == sum(map(len, framed))


def test_every_single_bit_flip_is_noticed() -> None:
    sent = Encoder().encode(0x83, b"12 bytes \0\1\2")
    for bit in range(8, 8 * (len(sent) - 1)):
        damaged = bytearray(sent)
        damaged[bit // 8] ^= 1 << bit % 8
        assert not [event for event in python_decodes(bytes(damaged))[0] if isinstance(event, Frame)]


def test_the_sequence_wraps() -> None:
    encoder, decoder = Encoder(), Decoder()
    for _ in range(0x10002):
        decoder.feed(encoder.encode(1))
    assert asdict(decoder.counters) == asdict(Counters(frames=0x10002))


def test_a_frame_has_a_limit() -> None:
    with pytest.raises(ValueError, match="at most 65536 bytes, not 65537"):
        Encoder().encode(1, bytes(PAYLOAD_MAX + 1))


@given(data=st.binary(max_size=64), size=st.integers(1, 70))
@settings(deadline=None)
def test_chunks_are_put_together_by_both(driver: Driver, data: bytes, size: int) -> None:
    parts = list(chunks(data, size))
    assembly = Assembly()
    assert [assembly.add(part) for part in parts] == [*[None] * (len(parts) - 1), data]
    assert driver.ask("A " + " ".join(part.hex() for part in parts))[-1] == f"done {data.hex()}"


@given(parts=st.lists(st.binary(max_size=12), min_size=1, max_size=4))
@settings(deadline=None)
def test_both_refuse_the_same_chunks(driver: Driver, parts: list[bytes]) -> None:
    heads = [b"\0\0\0\0\x04\0\0\0" + part for part in parts]
    answers = driver.ask("A " + " ".join(head.hex() for head in heads))
    assembly = Assembly()
    for head, answer in zip(heads, answers, strict=True):
        try:
            whole = assembly.add(head)
        except ProtocolError:
            assert answer == "bad "
        else:
            assert answer == ("more " if whole is None else f"done {whole.hex()}")


def test_hostile_chunks_are_refused(driver: Driver) -> None:
    begun = bytes(4) + (60).to_bytes(4, "little") + bytes(50)
    beyond = (50).to_bytes(4, "little") + (40).to_bytes(4, "little") + bytes(60)
    too_large = bytes(4) + (65).to_bytes(4, "little") + b"x"
    assert driver.ask("A " + " ".join(part.hex() for part in (begun, beyond))) == ["more ", "bad "]
    assert driver.ask("A " + too_large.hex()) == ["bad "]
    assert driver.ask("A 00") == ["bad "]
    assembly = Assembly()
    assembly.add(begun)
    with pytest.raises(ProtocolError, match="60 bytes at 50 of 40"):
        assembly.add(beyond)
