"""The digest that tells histories apart: were two that differ taken for one, a violation would be missed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.driven_c import C, Driver, compile_driver

LENGTHS = range(34)


@pytest.fixture(scope="module", params=available(), ids=lambda compiler: f"{compiler.kind}{compiler.major}")
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    compiler: Compiler = request.param
    output = tmp_path_factory.mktemp("digest") / "driver"
    with Driver(compile_driver(compiler, [C / "sim/test/digest_driver.c"], output)) as running:
        yield running


def digest(driver: Driver, data: bytes) -> tuple[str, str]:
    first, second = driver.ask(data.hex())[0].split()
    return first, second


def variants(length: int) -> Iterator[bytes]:
    """Zeros, counting bytes, and each of them with one byte changed."""
    for plain in (bytes(length), bytes(range(1, length + 1))):
        yield plain
        for place in range(length):
            yield plain[:place] + bytes([plain[place] ^ 0x80]) + plain[place + 1 :]


def test_no_byte_and_no_length_is_overlooked(driver: Driver) -> None:
    data = {one for length in LENGTHS for one in variants(length)}
    digests = [digest(driver, one) for one in data]
    for half in (0, 1):
        assert len({one[half] for one in digests}) == len(data)


def test_the_halves_are_two_opinions(driver: Driver) -> None:
    first, second = digest(driver, b"history")
    assert first != second


def test_words_that_change_places_are_seen(driver: Driver) -> None:
    assert digest(driver, b"12345678abcdefgh") != digest(driver, b"abcdefgh12345678")
