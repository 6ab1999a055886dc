"""Values as the source would say them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.reports import values
from p4verify.reports.scalars import Piece, name_of, pieces, value_of
from p4verify.verify.confidential import KNOWN
from p4verify.verify.schedule import Encoding, Part, Step, StepKind


def whole(encoding: Encoding, value: int, width: int = 32, name: str = "s.x") -> str:
    return value_of(Piece(Part(name, encoding, width, 0, width, 0, ((3, "LINK_UP"),)), value))


def bits_of(number: float, kind: str = "<f") -> int:
    return int.from_bytes(struct.pack(kind, number), "little")


@pytest.mark.parametrize(
    ("encoding", "value", "width", "shown"),
    [
        (Encoding.BOOL, 1, 8, "true"),
        (Encoding.BOOL, 0, 8, "false"),
        (Encoding.BOOL, 0xA5, 8, "165"),
        (Encoding.ENUM, 3, 32, "LINK_UP"),
        (Encoding.ENUM, 4, 32, "4"),
        (Encoding.SIGNED, 0xFFFFFFFE, 32, "-2"),
        (Encoding.SIGNED, 0b101, 3, "-3"),
        (Encoding.UNSIGNED, 0xFFFFFFFE, 32, "4294967294"),
        (Encoding.UNSIGNED, 17, 5, "17"),
        (Encoding.UNSIGNED, 1 << 40, 64, "0x10000000000"),
        (Encoding.FLOAT, bits_of(42.1), 32, "42.1"),
        (Encoding.FLOAT, bits_of(3.25, "<d"), 64, "3.25"),
        (Encoding.POINTER, 0, 64, "NULL"),
        (Encoding.POINTER, 0x40000010, 64, "0x40000010"),
        (Encoding.TEXT, int.from_bytes(b"p4 \n\0zz", "little"), 56, '"p4 \\n"'),
        (Encoding.TEXT, ord("a"), 8, "'a'"),
        (Encoding.TEXT, 0, 8, "0"),
    ],
)
def test_whole_values(encoding: Encoding, value: int, width: int, shown: str) -> None:
    assert whole(encoding, value, width) == shown


@given(st.binary(min_size=2, max_size=8))
def test_text_never_moves_a_cursor(raw: bytes) -> None:
    shown = whole(Encoding.TEXT, int.from_bytes(raw, "little"), 8 * len(raw))
    assert shown.isprintable()
    assert shown.isascii()


def test_a_secret_stays_one() -> None:
    assert whole(Encoding.TEXT, int.from_bytes(b"hunter2", "little"), 56, "s_config.wifi_password") == "(hidden)"


def access(value: int, *parts: Part) -> Step:
    return Step("x", StepKind.READ, "s", "", 0, 0, 0x1000, 4, value, parts=parts)


def double(first: int) -> Part:
    return Part("s.volts", Encoding.FLOAT, 64, first, 32, 0)


def test_words_of_one_scalar_are_put_together() -> None:
    bits = bits_of(3.25, "<d")
    (piece,) = pieces([access(bits & 0xFFFFFFFF, double(0)), access(bits >> 32, double(32))])
    assert (name_of(piece), value_of(piece)) == ("s.volts", "3.25")


def test_half_of_a_scalar_says_so() -> None:
    (low,) = pieces([access(7, double(0))])
    assert (name_of(low), value_of(low)) == ("s.volts (low word)", "0x7")
    (high,) = pieces([access(7, double(32))])
    assert name_of(high) == "s.volts (high word)"
    (text,) = pieces([access(int.from_bytes(b"core", "little"), Part("s.name", Encoding.TEXT, 64, 24, 32, 0))])
    assert (name_of(text), value_of(text)) == ("s.name[3..6]", '"core"')


def test_what_shares_a_word_is_told_apart_and_padding_is_nothing() -> None:
    parts = (
        Part("s.ok", Encoding.BOOL, 8, 0, 8, 0),
        Part("s.mode", Encoding.UNSIGNED, 3, 0, 3, 8),
        Part("s", Encoding.PADDING, 16, 0, 16, 16),
    )
    found = pieces([access(0xFFFF0501, *parts), access(0xFFFF0501, *parts)])
    assert [(name_of(one), value_of(one)) for one in found] == [("s.ok", "true"), ("s.mode", "5")]


def test_a_part_of_a_known_secret_is_no_text_to_show() -> None:
    KNOWN.learn({"CONFIG_WIFI_PASSWORD": "tulip-garden-7"})
    try:
        words = [int.from_bytes(text, "little") for text in (b"tuli", b"gard", b"rose")]
        shown = [whole(Encoding.TEXT, word, 32, "s_buf") for word in words]
        assert shown == ["(hidden)", "(hidden)", '"rose"']
        assert values.bits("0x1000", 4, int.from_bytes(b"tuli", "little")) == "(hidden)"
        assert values.field("body", b"tulip-") == "(hidden)"
        assert values.printable("it is tulip-garden-7!") == "it is (hidden)!"
    finally:
        KNOWN.forget()


def test_texts_whose_name_says_that_they_are_secret_are_hidden() -> None:
    assert whole(Encoding.TEXT, int.from_bytes(b"rose", "little"), 32, "s_pw") == "(hidden)"
    assert whole(Encoding.UNSIGNED, 7, 32, "token") == "7"
