"""The hardened firmware's arithmetic, where no concurrency is involved: cells, battery registers, thresholds, JSON."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.targets.building.compilers import require
from p4verify.targets.driven_c import Driver, compile_driver

FIRMWARE: Final = Path(__file__).parent / "firmware"
COMPONENTS: Final = FIRMWARE / "hardened/components"
SOURCES: Final = (
    FIRMWARE / "test/values_driver.c",
    COMPONENTS / "telemetry_model/battery_fields.c",
    COMPONENTS / "telemetry_model/pack_cells.c",
    COMPONENTS / "network/telemetry_point.c",
)
FOLDERS: Final = ("event_types", "telemetry_model", "network")
DEFAULTS: Final = (FIRMWARE / "hardened/sdkconfig.defaults").read_text().splitlines()

millivolts = st.integers(2000, 4500).map(float)
anything = st.floats(width=32)


def as_float32(value: float) -> float:
    result: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return result


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    compiler = require()
    folder = tmp_path_factory.mktemp("values")
    numbers = (line.split("=") for line in DEFAULTS if line.rpartition("=")[2].isdigit())
    (folder / "sdkconfig.h").write_text("".join(f"#define {name} {value}\n" for name, value in numbers))
    include = [f"-I{folder}", *(f"-I{COMPONENTS / name}" for name in FOLDERS)]
    with Driver(compile_driver(compiler, SOURCES, folder / "driver", *include)) as running:
        yield running


def numbers(driver: Driver, question: str) -> list[float]:
    (line,) = driver.ask(question)
    return [as_float32(float(word)) for word in line.split()]


def update(driver: Driver, key: str, value: float) -> bool:
    return driver.ask(f"R {key} {value!r}") == ["1"]


def differs(driver: Driver) -> tuple[bool, bool]:
    battery, pack = numbers(driver, "D")
    return bool(battery), bool(pack)


@given(st.dictionaries(st.integers(1, 32), st.one_of(millivolts, anything), min_size=1))
def test_statistics_are_those_of_the_known_cells(driver: Driver, cells: dict[int, float]) -> None:
    driver.ask("N")
    for number, value in cells.items():
        assert update(driver, f"cell{number}_voltage_mv", value)
    count, low, high, delta, mean, *shown = numbers(driver, "P")
    known = {number: as_float32(value) for number, value in cells.items() if math.isfinite(value) and value > 0}
    assert count == max(known, default=0)
    assert shown == [known.get(number, 0.0) for number in range(1, int(count) + 1)]
    assert (low, high) == (min(known.values(), default=0.0), max(known.values(), default=0.0))
    assert delta == as_float32(high - low)
    assert low <= mean <= high


@given(st.lists(millivolts, min_size=1, max_size=32))
def test_the_average_is_the_mean(driver: Driver, cells: list[float]) -> None:
    driver.ask("N")
    for number, value in enumerate(cells, 1):
        update(driver, f"cell{number}_voltage_mv", value)
    assert numbers(driver, "P")[4] == pytest.approx(math.fsum(cells) / len(cells), abs=0.01)


@pytest.mark.parametrize(
    "key", ["cell0_voltage_mv", "cell33_voltage_mv", "cell1_voltage", "cellx_voltage_mv", "soc", "c"]
)
def test_other_keys_are_not_taken(driver: Driver, key: str) -> None:
    driver.ask("N")
    assert not update(driver, key, 3300.0)
    assert (numbers(driver, "P")[0], numbers(driver, "B")[0]) == (0, 0)


def test_registers_are_converted_to_the_units_of_the_battery(driver: Driver) -> None:
    driver.ask("N")
    for key, value in (
        ("pack_voltage_mv", 52500.0),
        ("pack_current_ma", -4000.0),
        ("state_of_charge_permille", 505.0),
        ("state_of_health_permille", 990.0),
    ):
        assert update(driver, key, value)
    assert numbers(driver, "B") == [0b01111, 52.5, -4.0, 50.5, 99.0, 0.0, -210.0]
    assert update(driver, "average_temperature_c", 21.25)
    assert numbers(driver, "B") == [0b11111, 52.5, -4.0, 50.5, 99.0, 21.25, -210.0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_no_measurement(driver: Driver, value: float) -> None:
    driver.ask("N")
    assert not update(driver, "pack_voltage_mv", value)
    assert numbers(driver, "B")[0] == 0


@pytest.mark.parametrize(
    ("key", "base", "below", "enough"),
    [
        ("pack_voltage_mv", 50000.0, 90.0, 110.0),
        ("pack_current_ma", 0.0, 90.0, 110.0),
        ("state_of_charge_permille", 500.0, 0.5, 1.5),
        ("state_of_health_permille", 500.0, 0.5, 1.5),
        ("average_temperature_c", 20.0, 0.125, 0.25),
    ],
)
def test_a_battery_change_counts_from_its_threshold_on(
    driver: Driver, key: str, base: float, below: float, enough: float
) -> None:
    driver.ask("N")
    update(driver, key, base)
    driver.ask("S")
    for change, significant in ((0.0, False), (below, False), (-below, False), (enough, True), (-enough, True)):
        update(driver, key, base + change)
        assert differs(driver) == (significant, False)


def test_small_changes_add_up_against_what_was_shown(driver: Driver) -> None:
    driver.ask("N")
    update(driver, "cell1_voltage_mv", 3300.0)
    driver.ask("S")
    seen = []
    for step in range(1, 5):
        update(driver, "cell1_voltage_mv", 3300.0 + 0.25 * step)
        seen.append(differs(driver))
    assert seen == [(False, False), (False, False), (False, False), (False, True)]


def test_a_cell_that_becomes_known_or_unknown_is_a_change(driver: Driver) -> None:
    driver.ask("N")
    update(driver, "cell2_voltage_mv", 3300.0)
    assert differs(driver) == (False, True)
    driver.ask("S")
    update(driver, "cell2_voltage_mv", 0.0)
    assert differs(driver) == (False, True)


@settings(max_examples=200)
@given(st.lists(anything, min_size=6, max_size=6), st.lists(anything, min_size=3, max_size=3) | st.just([]))
def test_every_point_has_a_valid_json_form(driver: Driver, battery: list[float], cells: list[float]) -> None:
    (line,) = driver.ask("J " + " ".join(map(repr, battery + cells)))
    length, _, body = line.partition(" ")
    assert int(length) == len(body)
    point = json.loads(body)
    assert point["ts_ms"] == 2**64 - 1
    keys = ["soc", "soh", "voltage_v", "current_a", "power_w", "temperature_c"]
    keys += ["cell_min_mv", "cell_max_mv", "cell_delta_mv"] if cells else []
    assert list(point) == ["ts_ms", *keys]
    for key, value in zip(keys, battery + cells, strict=True):
        expected = pytest.approx(value, abs=0.051) if math.isfinite(value) else None
        assert point[key] == expected
