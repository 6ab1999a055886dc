"""How bits and fields are read."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.reports import values


def as_bits(value: float) -> int:
    return int.from_bytes(struct.pack("<f", value), "little")


@pytest.mark.parametrize(
    ("name", "size", "bits", "shown"),
    [
        ("s_state.last_batt.voltage", 4, as_bits(43.1), "43.1"),
        ("s_state.last_batt.voltage", 4, 0, "0"),
        ("x", 4, as_bits(-46.125), "-46.125"),
        ("x", 4, 7, "7"),
        ("x", 4, 0xFFFFFFFF, "-1"),
        ("x", 4, as_bits(43.1), "0x422c6666"),
        ("x", 1, 1, "1"),
        ("x", 8, 0x40000090, "0x40000090"),
        ("x", 8, 1002, "1002"),
        ("s.wifi_password[0]", 1, 104, "(hidden)"),
    ],
)
def test_bits_by_the_nature_of_the_member(name: str, size: int, bits: int, shown: str) -> None:
    assert values.bits(name, size, bits) == shown


def test_a_measurement_names_its_token() -> None:
    assert values.token_of("s_state.last_batt.voltage", 4, as_bits(43.0)) == 12
    assert values.token_of("s_state.last_batt.voltage", 4, as_bits(43.1)) is None
    assert values.token_of("s_state.count", 4, as_bits(43.0)) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"wifi_password":"hunter2","a":1}',
        '{"wifi_password" : "hunter2 \\" hunter2"}',
        "wifi_password=hunter2&ssid=x",
        "WIFI_PASSWORD: hunter2",
        '{"wifi_password":"hunter2',
        "password = 'hunter2'",
        "passwd: not hunter2",
        "passwd: valid hunter2, not valid",
        "passwd: invalid-hunter2",
        "passwd: correct horse hunter2",
        "passwd: not valid: hunter2",
    ],
)
def test_a_secret_in_text_is_hidden(text: str) -> None:
    assert "hunter2" not in values.printable(text)
    assert "hunter2" not in values.field("body", text)


@pytest.mark.parametrize("text", ["password=not", '{"password": "not valid"}', '"password": not', "password:not"])
def test_what_a_program_writes_is_a_secret_whatever_it_says(text: str) -> None:
    assert "not" not in values.printable(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"soc":3.00,"pass_count":4,"ssid":"home"}',
        "passwd: not valid",
        "wifi_password: missing, keeping the old one",
        "E (12) wifi: password: too short",
        "api_key: rejected.",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert values.printable(text) == text


@given(st.text())
def test_printable_is_printable(text: str) -> None:
    assert values.printable(text).isprintable()


@given(st.text(), st.integers(0, 2**64 - 1), st.sampled_from([0, 1, 2, 4, 8]))
def test_any_bits_can_be_shown(name: str, value: int, size: int) -> None:
    assert values.bits(name, size, value % (1 << 8 * size))
