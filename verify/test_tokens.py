from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.verify import tokens
from p4verify.verify.tokens import Source

TOKENS = st.integers(tokens.FIRST, tokens.LAST)


def as_float32(value: object) -> float:
    assert isinstance(value, (int, float))
    (rounded,) = struct.unpack("<f", struct.pack("<f", value))
    assert isinstance(rounded, float)
    return rounded


@given(TOKENS)
def test_a_battery_decodes_to_its_token_and_is_exact_in_float32(token: int) -> None:
    fields = tokens.battery(token)
    assert set(tokens.battery_tokens(fields).values()) == {token}
    assert all(as_float32(fields[name]) == fields[name] for name in tokens.BATTERY)
    assert all(round(float(fields[name]), 2) == fields[name] for name in tokens.BATTERY)


@given(TOKENS, st.integers(1, 16).map(lambda pairs: 2 * pairs))
def test_a_pack_decodes_to_its_token_and_agrees_with_its_cells(token: int, count: int) -> None:
    fields = tokens.pack(token, count)
    cells = tokens.cells_of(fields)
    assert set(tokens.pack_tokens(fields).values()) == {token}
    assert (min(cells), max(cells), sum(cells) / count) == (fields["cell_min"], fields["cell_max"], fields["cell_avg"])


@given(TOKENS)
def test_the_parity_of_a_cell_names_its_source(token: int) -> None:
    cells = tokens.cells_of(tokens.pack(token))
    if token % 2:
        assert {tokens.cell_source(cell) for cell in cells} == {Source.S3}
    assert tokens.cell_source(tokens.register_value(8, token & ~1)) is Source.TINYBMS


@given(TOKENS, st.integers(0, 4))
def test_a_register_feeds_the_field_of_the_same_token(token: int, number: int) -> None:
    slot = tokens.register_slot(tokens.register_key(number))
    assert slot is not None
    name, divisor = slot
    assert tokens.register_value(number, token) / divisor == pytest.approx(float(tokens.battery(token)[str(name)]))


@given(st.integers(0, 31))
def test_cells_have_registers(index: int) -> None:
    assert tokens.register_slot(tokens.register_key(tokens.FIRST_CELL + index)) == (index, 1.0)


@pytest.mark.parametrize(
    "key", ["", "cell", "cell0_voltage_mv", "cell33_voltage_mv", "cell+1_voltage_mv", "cell²_voltage_mv", "x"]
)
def test_other_keys_feed_nothing(key: str) -> None:
    assert tokens.register_slot(key) is None


@given(st.floats())
def test_any_float_decodes_or_does_not(value: float) -> None:
    for law in tokens.BATTERY.values():
        token = tokens.decode(value, *law)
        assert token is None or tokens.FIRST <= token <= tokens.LAST
    assert tokens.cell_source(value) in (None, *Source)


def test_values_are_taken_within_the_tolerance_only() -> None:
    assert tokens.decode(3.0 + 0.0009, 0.0, 0.25) == 12
    assert tokens.decode(3.0 + 0.002, 0.0, 0.25) is None
    assert tokens.decode(0.25, 0.0, 0.25) is None, "1 is no token"
    assert tokens.decode(float("nan"), 0.0, 0.25) is None


def test_a_mixture_is_described_by_its_tokens() -> None:
    mixed = {"soc": 12, "voltage": 12, "current": 14, "power": None}
    assert tokens.describe(mixed) == "token 12 (soc, voltage) with token 14 (current) with no token (power)"


def test_cells_that_are_no_floats_are_refused() -> None:
    for cells in (b"\x00", 5, "1234"):
        with pytest.raises(ValueError, match="packed float32"):
            tokens.cells_of({"cells": cells})


FINE = st.integers(tokens.FIRST_FINE, tokens.LAST_FINE)


@given(FINE)
def test_a_fine_battery_decodes_to_its_token_and_is_the_gateways(token: int) -> None:
    fields = tokens.battery(token)
    assert set(tokens.battery_tokens(fields).values()) == {token}
    assert tokens.gateway_token(fields) == token
    assert tokens.source_of(token) is Source.S3
    assert all(as_float32(fields[name]) == fields[name] for name in tokens.BATTERY)


@given(FINE, st.integers(1, 16).map(lambda pairs: 2 * pairs))
def test_a_fine_pack_agrees_with_its_cells(token: int, count: int) -> None:
    fields = tokens.pack(token, count)
    cells = tokens.cells_of(fields)
    assert (min(cells), max(cells), sum(cells) / count) == (fields["cell_min"], fields["cell_max"], fields["cell_avg"])
    assert fields["cell_delta"] == 10
    assert tokens.cells_token(cells) == token
    assert {tokens.cell_source(cell) for cell in cells} <= {Source.S3, None}


@given(TOKENS, st.integers(1, 32))
def test_cells_tell_their_token(token: int, count: int) -> None:
    cells = [tokens.cell(token, index) for index in range(count)]
    assert tokens.cells_token(cells) == token
    assert tokens.cells_token([*cells, 1.0]) is None


def test_fine_tokens_are_near_each_other_and_far_from_all_others() -> None:
    values = [tokens.battery(token) for token in range(tokens.FIRST_FINE, tokens.LAST_FINE + 1)]
    spread = float(values[-1]["voltage"]) - float(values[0]["voltage"])
    assert 0 < spread * 1000 < 20, "the whole range is below the delta of 20 mV"
    assert not tokens.are_far(400, 407)
    assert tokens.are_far(400, 48)
    assert tokens.are_far(3, 5)
    assert not tokens.are_far(3, 3)


def test_a_value_of_two_tokens_is_the_fine_one_only_among_fine_ones() -> None:
    fine, coarse = tokens.battery(400), tokens.battery(200)
    assert fine["soc"] == coarse["soc"]
    assert tokens.is_ambiguous("soc", 50.0)
    assert set(tokens.battery_tokens(coarse).values()) == {200}
    mixed = {**coarse, "soc": 50.125}
    assert tokens.battery_tokens(mixed) == {**tokens.battery_tokens(coarse), "soc": 401}
