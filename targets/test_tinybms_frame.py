"""The firmware's TinyBMS frames and registers: encoding, finding replies among noise, units. Both trees alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.targets.building.compilers import require
from p4verify.targets.driven_c import Driver, compile_driver
from p4verify.verify.tokens import register_key, register_value

FIRMWARE: Final = Path(__file__).parent / "firmware"
ADDRESSES: Final = {0: 36, 1: 38, 2: 46, 3: 45, 4: 48, **{8 + cell: cell for cell in range(32)}}
"""By number of the register, as programs name them."""
KEPT: Final = 9
"""The longest reply; a parser that waits for more keeps less than that."""

words16 = st.integers(0, 0xFFFF)
replies = st.one_of(
    words16.map(lambda value: (f"value {value}", bytes((0xAA, 7, 2, *value.to_bytes(2, "little"))))),
    st.tuples(words16, words16).map(
        lambda pair: (
            f"value-of {pair[0]} {pair[1]}",
            bytes((0xAA, 9, 4, *pair[0].to_bytes(2, "little"), *pair[1].to_bytes(2, "little"))),
        )
    ),
    st.sampled_from([("ack", b"\xaa\x01\x00"), ("ack", b"\xaa\x01\x01\x0d")]),
    st.integers(0, 255).map(lambda error: (f"nack {error}", bytes((0xAA, 0x81, 1, error)))),
    st.integers(0, 255).map(lambda error: (f"nack {error}", bytes((0xAA, 0x81, 2, 0x0D, error)))),
).map(lambda reply: (reply[0], with_crc(reply[1])))
noise = st.binary(max_size=12) | st.lists(st.sampled_from([0xAA, 7, 2, 9, 4, 1, 0x81]), max_size=12).map(bytes)


@pytest.fixture(scope="module", params=["hardened", "as_found"])
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    components = FIRMWARE / request.param / "components"
    codec, registers = components / "tinybms_client", components / "tinybms_model"
    sources = (FIRMWARE / "test/tinybms_driver.c", codec / "tinybms_frame.c", registers / "tinybms_registers.c")
    output = tmp_path_factory.mktemp("tinybms") / "driver"
    with Driver(compile_driver(require(), sources, output, f"-I{codec}", f"-I{registers}")) as running:
        yield running


def crc(content: bytes) -> int:
    """The remainder, by polynomial division of the reflected message."""
    remainder = 0xFFFF
    for position in range(8 * len(content)):
        bit = content[position // 8] >> position % 8 & 1
        remainder = remainder >> 1 ^ (0xA001 if (remainder ^ bit) & 1 else 0)
    return remainder


def with_crc(content: bytes) -> bytes:
    return content + crc(content).to_bytes(2, "little")


def parse(driver: Driver, *pieces: bytes) -> tuple[list[str], int]:
    """What is found in these pieces, given one after the other, and how many bytes are kept at the end."""
    driver.ask("N")
    found, kept = [], 0
    for piece in pieces:
        *words, count = driver.ask(f"P {piece.hex()}")
        found += words
        kept = int(count)
    return found, kept


def test_the_checksum_is_the_published_one(driver: Driver) -> None:
    assert driver.ask(f"C {b'123456789'.hex()}") == [str(0x4B37)]
    assert driver.ask("C ") == [str(0xFFFF)]


@given(st.binary(max_size=40))
def test_checksums_agree_with_long_division(driver: Driver, content: bytes) -> None:
    assert driver.ask(f"C {content.hex()}") == [str(crc(content))]


@given(words16, words16)
def test_requests_have_their_bytes_in_order(driver: Driver, address: int, value: int) -> None:
    low_first = address.to_bytes(2, "little")
    assert driver.ask(f"R {address} 0") == [with_crc(b"\xaa\x07\x01" + low_first).hex()]
    assert driver.ask(f"R {address} 1") == [with_crc(b"\xaa\x09\x02" + low_first).hex()]
    written = b"\xaa\x0d\x04" + low_first + value.to_bytes(2, "little")
    assert driver.ask(f"W {address} {value}") == [with_crc(written).hex()]


@given(st.lists(replies, max_size=5))
def test_replies_are_read_one_after_the_other(driver: Driver, sent: list[tuple[str, bytes]]) -> None:
    assert parse(driver, b"".join(frame for _, frame in sent)) == ([name for name, _ in sent], 0)


@settings(max_examples=300)
@given(st.lists(st.tuples(noise, replies), min_size=1, max_size=4), st.data())
def test_how_bytes_arrive_in_pieces_does_not_matter(
    driver: Driver, sent: list[tuple[bytes, tuple[str, bytes]]], data: st.DataObject
) -> None:
    stream = b"".join(before + frame for before, (_, frame) in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert parse(driver, *pieces) == parse(driver, stream)


@settings(max_examples=300)
@given(st.binary(max_size=60).map(lambda noise: noise.replace(b"\xaa", b"\x55")), replies)
def test_noise_without_a_start_is_skipped_at_once(driver: Driver, before: bytes, reply: tuple[str, bytes]) -> None:
    assert parse(driver, before + reply[1]) == ([reply[0]], 0)


FALSE_STARTS = ("aa", "aa07", "aa0702", "aa070211", "aa0904", "aaaaaa", "aa8101", "aa0100", "07aa02")


@pytest.mark.parametrize("before", FALSE_STARTS)
def test_a_false_start_does_not_swallow_the_reply_behind_it(driver: Driver, before: str) -> None:
    reply = with_crc(b"\xaa\x07\x02\x34\x12")
    found, _ = parse(driver, bytes.fromhex(before) + reply)
    assert [word for word in found if word != "bad"] == ["value 4660"]


@given(replies, st.integers(0, 8), st.integers(1, 255))
def test_no_reply_with_another_byte_in_it_is_believed(
    driver: Driver, reply: tuple[str, bytes], position: int, change: int
) -> None:
    damaged = bytearray(reply[1])
    damaged[position % len(damaged)] ^= change
    found, _ = parse(driver, bytes(damaged))
    assert set(found) <= {"bad"}


def test_a_wrong_checksum_is_reported_and_leaves_nothing(driver: Driver) -> None:
    reply = with_crc(b"\xaa\x07\x02\x34\x12")
    assert parse(driver, reply[:-1] + bytes((reply[-1] ^ 1,))) == (["bad"], 0)


@given(replies, st.data())
def test_part_of_a_reply_is_waited_for(driver: Driver, reply: tuple[str, bytes], data: st.DataObject) -> None:
    length = data.draw(st.integers(1, len(reply[1]) - 1))
    assert parse(driver, reply[1][:length]) == ([], length)


@settings(max_examples=300)
@given(st.lists(noise, max_size=40))
def test_any_noise_leaves_room(driver: Driver, pieces: list[bytes]) -> None:
    assert parse(driver, *pieces)[1] < KEPT


@pytest.mark.parametrize("number", ADDRESSES)
def test_registers_have_the_units_of_their_keys(driver: Driver, number: int) -> None:
    address = ADDRESSES[number]
    assert driver.ask(f"K {register_key(number)}") == [str(address)]
    for token in (2, 202, 398):
        value = register_value(number, token)
        raw = round(value / {0: 10, 1: 10, 2: 0.1, 3: 0.1, 4: 0.01}.get(number, 1)) & 0xFFFF
        (answer,) = driver.ask(f"U {address} {raw}")
        key, shown = answer.split()
        assert key == register_key(number)
        assert float(shown) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("question", ["U 255 1", "U 37 1", "K soc", "K ", "K cell33_voltage_mv"])
def test_what_the_table_does_not_have(driver: Driver, question: str) -> None:
    assert driver.ask(question) == ["none"]
