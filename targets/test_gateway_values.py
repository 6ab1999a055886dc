"""What the hardened firmware makes of the gateway's texts, and when it writes what it keeps, without concurrency."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p4verify.targets.building import cjson
from p4verify.targets.building.compilers import require
from p4verify.targets.driven_c import Driver, compile_driver

FIRMWARE: Final = Path(__file__).parent / "firmware"
COMPONENTS: Final = FIRMWARE / "hardened/components"
FOLDER: Final = COMPONENTS / "remote_event_adapter"
PURE: Final = ("cache_blob.c", "flush_schedule.c", "gateway_json.c", "gateway_records.c", "telemetry_frame.c")
SOURCES: Final = (
    FIRMWARE / "test/gateway_driver.c",
    COMPONENTS / "telemetry_model/pack_cells.c",
    *(FOLDER / name for name in PURE),
)
DEFAULTS: Final = dict(
    line.split("=") for line in (FIRMWARE / "hardened/sdkconfig.defaults").read_text().splitlines() if line
)
INTERVAL: Final = int(DEFAULTS["CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS"])
GAP: Final = int(DEFAULTS["CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSH_GAP_MS"])
EARLY: Final = int(DEFAULTS["CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSHES"])
NEVER: Final = 2**63 - 1
RETRY: Final = 1000
MARGIN: Final = 100
"""How much before its deadline a write begins."""
FRAME: Final[dict[str, object]] = {
    "pack_voltage_v": 52.5, "pack_current_a": -4, "state_of_charge_pct": 50.5, "state_of_health_pct": 99,
    "average_temperature_c": 21.25, "cell_voltage_mv": [3300, 3310.5, 3290], "cell_balancing": [False, True, 0],
    "min_cell_mv": 9999, "max_cell_mv": -5, "energy_charged_wh": 1e300,
}  # fmt: skip


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    library = cjson.of_system()
    if library is None:
        pytest.skip(f"needs cJSON: {cjson.HOW_TO_GET_IT}")
    folder = tmp_path_factory.mktemp("gateway")
    numbers = ((name, value) for name, value in DEFAULTS.items() if value.isdigit())
    (folder / "sdkconfig.h").write_text("".join(f"#define {name} {value}\n" for name, value in numbers))
    places = [folder, FOLDER, COMPONENTS / "event_types", COMPONENTS / "telemetry_model", *library.include]
    flags = [*(f"-I{place}" for place in places), str(library.library)]
    with Driver(compile_driver(require(), SOURCES, folder / "driver", *flags)) as running:
        yield running


def frame(driver: Driver, text: str) -> list[float] | None:
    (line,) = driver.ask(f"T {text}")
    whole, *values = map(float, line.split())
    return values if whole else None


def changed(**members: object) -> str:
    return json.dumps({name: value for name, value in (FRAME | members).items() if value is not ...})


# ---- telemetry ----


def test_a_whole_frame_has_its_own_statistics_whatever_it_claims(driver: Driver) -> None:
    cells = [3300.0, 3310.5, 3290.0]
    average = struct.unpack("<f", struct.pack("<f", sum(cells) / 3))[0]
    expected = [52.5, -4.0, 50.5, 99.0, 21.25, -210.0, 3.0, 3290.0, 3310.5, 20.5, pytest.approx(average), *cells, 1.0]
    assert frame(driver, json.dumps(FRAME)) == expected
    assert frame(driver, json.dumps({"battery": FRAME, "uptime": 7})) == expected
    assert frame(driver, changed(min_cell_mv=..., cell_balancing=..., energy_charged_wh=...)) == expected


@pytest.mark.parametrize("name", [name for name in FRAME if name.endswith(("_v", "_a", "_pct", "_c", "voltage_mv"))])
@pytest.mark.parametrize("value", [..., None, "52", True, 1e39, -1e300, [], {}])
def test_a_frame_that_lacks_a_value_is_no_frame(driver: Driver, name: str, value: object) -> None:
    assert frame(driver, changed(**{name: value})) is None


@pytest.mark.parametrize(
    "cells", [[3300] * 33, [3300] * 64, [3300, None], [3300, "3300"], [0], [-3300], [1e39], [[3300]]]
)
def test_cells_are_plausible_and_not_too_many(driver: Driver, cells: list[object]) -> None:
    assert frame(driver, changed(cell_voltage_mv=cells)) is None
    most = frame(driver, changed(cell_voltage_mv=[3300] * 32))
    assert most is not None
    assert most[6] == 32


@pytest.mark.parametrize("balancing", [[False] * 33, {}, "no", [2], ["yes"]])
def test_balancing_that_cannot_be_read_spoils_the_frame(driver: Driver, balancing: object) -> None:
    assert frame(driver, changed(cell_balancing=balancing)) is None


@pytest.mark.parametrize("text", ["", "nan", "[]", "7", '"x"', "{", "{}", '{"battery":{}}', "[" * 5000, '{"a":' * 9])
def test_what_is_no_object_of_telemetry_is_no_frame(driver: Driver, text: str) -> None:
    assert frame(driver, text) is None


def test_texts_have_a_limit_in_length_and_depth(driver: Driver) -> None:
    padding = '"' + "[{" * 4000 + '\\""'
    assert frame(driver, json.dumps(FRAME)[:-1] + f', "note": {padding}}}') is not None  # brackets in a text are none
    assert frame(driver, json.dumps(FRAME | {"note": "x" * 20_000})) is None
    assert frame(driver, json.dumps(FRAME)[:-1] + ', "deep":' + "[" * 7 + "]" * 7 + "}") is not None
    assert frame(driver, json.dumps(FRAME)[:-1] + ', "deep":' + "[" * 8 + "]" * 8 + "}") is None


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_text_is_survived(driver: Driver, data: st.DataObject) -> None:
    text = json.dumps(FRAME)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    noise = data.draw(st.text(st.characters(codec="ascii", exclude_characters="\n\0"), max_size=8))
    seen = frame(driver, text[:start] + noise + text[end:])
    assert seen is None or len(seen) >= 13


@pytest.mark.parametrize(
    ("change", "beyond"),
    [
        ({}, False),
        ({"pack_voltage_v": 52.515}, False),
        ({"pack_voltage_v": 52.53}, True),
        ({"pack_voltage_v": 52.47}, True),
        ({"cell_voltage_mv": [3300, 3310.5, 3271]}, False),
        ({"cell_voltage_mv": [3300, 3310.5, 3270]}, True),
        ({"cell_voltage_mv": [3300, 3310.5]}, True),
        ({"pack_current_a": 400, "state_of_charge_pct": 0}, False),
    ],
)
def test_frames_differ_by_their_voltages(driver: Driver, change: dict[str, object], beyond: bool) -> None:
    assert driver.ask(f"D 20 {json.dumps(FRAME)}|{changed(**change)}") == [str(int(beyond))]


# ---- records ----


def config(driver: Driver, members: object) -> tuple[bool, list[str]]:
    taken, *values = driver.ask(f"C {json.dumps(members)}")
    return taken == "1", values


def test_a_configuration_replaces_what_it_names(driver: Driver) -> None:
    driver.ask("N")
    first = {"wifi_ssid": "home", "wifi_password": "p" * 63, "can_bitrate": 125_000, "uart_parity": "N"}
    assert config(driver, first) == (True, ["home", "p" * 63, "", "", "N", "125000", "0"])
    second = {"mqtt_topic_pub": "t7", "uart_baudrate": 9600}
    assert config(driver, second) == (True, ["home", "p" * 63, "", "t7", "N", "125000", "9600"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"wifi_password": "p" * 64}, {"wifi_ssid": 7}, {"can_bitrate": "125000"}, {"can_bitrate": 1e39},
        {"can_bitrate": 125000.5}, {"can_bitrate": -1}, {"uart_baudrate": None}, {"uart_parity": "NO"}, {},
        {"x": 1}, [],
    ],
)  # fmt: skip
def test_a_configuration_with_a_wrong_member_changes_nothing(driver: Driver, wrong: object) -> None:
    driver.ask("N")
    config(driver, {"wifi_ssid": "home", "can_bitrate": 125_000})
    unusable = {"wifi_ssid": "away", **wrong} if isinstance(wrong, dict) and wrong not in ({}, {"x": 1}) else wrong
    assert config(driver, unusable) == (False, ["home", "", "", "", "", "125000", "0"])


def test_alerts_have_a_limit_and_an_identity(driver: Driver) -> None:
    alert = {"id": 7, "code": 3, "severity": 2, "acknowledged": True, "timestamp_ms": 1e12, "message": "m" * 300}
    listed = [alert, {"id": 8}, {"message": "nobody"}, {"id": 9, "message": "hot", "severity": 1e9}]
    count, first = driver.ask("A " + json.dumps({"active": listed}))
    assert (count, first) == ("2", f"7 3 2 1 1000000000000  {'m' * 127}")
    many = [{"id": number, "message": "x"} for number in range(33)]
    assert driver.ask("A " + json.dumps({"active": many[:32]}))[0] == "32"
    assert driver.ask("A " + json.dumps({"active": many}))[0] == "-1"
    assert driver.ask('A {"active": {"id": 1, "message": "x"}}')[0] == "-1"


def test_an_mqtt_status_needs_both_flags(driver: Driver) -> None:
    assert driver.ask('M {"enabled":true,"connected":false,"reason":"' + "r" * 90 + '"}') == ["1 0 " + "r" * 63]
    assert driver.ask('M {"enabled":true}') == ["-1"]
    assert driver.ask("M nonsense") == ["-1"]


@pytest.mark.parametrize("size", [1, 4, 216])
def test_only_the_blob_that_was_sealed_is_intact(driver: Driver, size: int) -> None:
    assert driver.ask(f"B {size}") == ["1 0"]


# ---- when to write ----


class Schedule:
    """A schedule with the task that follows it: writes take `cost_ms`, and fail as told."""

    def __init__(self, driver: Driver, cost_ms: int = 20) -> None:
        driver.ask("N")
        self.driver, self.cost_ms = driver, cost_ms
        self.due, self.now = NEVER, 0
        self.stored: list[int] = []
        self.durable = 0
        """How many of the changes are in flash."""
        self.writes: list[int] = []

    def step(self, question: str) -> None:
        (due,) = self.driver.ask(question)
        self.due = int(due)

    def run(self, until: int, fails: bool = False) -> None:
        while self.due <= until:
            self.now = max(self.now, self.due)
            taken = len(self.stored)
            self.step(f"b {self.now}")
            assert self.due == NEVER
            self.writes.append(self.now)
            self.now += self.cost_ms
            self.step(f"e {self.now} {int(not fails)}")
            self.durable = self.durable if fails else taken
            assert (self.due == NEVER) == (self.durable == len(self.stored))
        self.now = max(self.now, until)

    def store(self, at: int, *, urgent: bool = False, fails: bool = False) -> None:
        self.run(at, fails)
        self.stored.append(self.now)
        self.step(f"m {self.now} {int(urgent)}")

    def unwritten_since(self) -> int:
        return self.stored[self.durable] if self.durable < len(self.stored) else NEVER


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15_000), st.booleans()), min_size=1, max_size=25))
def test_nothing_stays_unwritten_beyond_the_interval(driver: Driver, changes: list[tuple[int, bool]]) -> None:
    schedule = Schedule(driver)
    for delay, urgent in changes:
        schedule.store(schedule.now + delay, urgent=urgent)
        assert schedule.due <= schedule.unwritten_since() + INTERVAL - schedule.cost_ms
    schedule.run(schedule.now + INTERVAL)
    assert schedule.durable == len(schedule.stored)
    assert len(schedule.writes) <= len(changes)


def test_an_urgent_change_is_written_at_once_then_after_the_gap_then_as_the_budget_allows(driver: Driver) -> None:
    schedule = Schedule(driver)
    for at in range(1000, 60_000, 500):
        schedule.store(at, urgent=True)
    first, second, third, *_ = schedule.writes
    assert (first, second) == (1000, 1000 + GAP)
    assert third >= first + INTERVAL
    assert all(len([w for w in schedule.writes if at <= w < at + INTERVAL]) <= EARLY for at in range(0, 50_000, 500))


def test_at_two_frames_a_second_five_of_a_hundred_are_written(driver: Driver) -> None:
    schedule = Schedule(driver)
    for at in range(500, 3_600_500, 500):
        schedule.store(at, urgent=at == 500)
    assert len(schedule.writes) <= 7200 * 0.05


def test_what_fails_is_tried_again_and_what_came_meanwhile_is_not_forgotten(driver: Driver) -> None:
    schedule = Schedule(driver)
    schedule.store(0, urgent=True)
    schedule.store(5000, fails=True)
    assert schedule.writes == [0, 1020, 2040, 3060, 4080]
    assert (schedule.durable, schedule.due) == (0, 4100 + RETRY)
    schedule.run(5100)
    assert (schedule.durable, schedule.due) == (2, NEVER)


def test_a_change_during_a_write_is_dirty_afterwards(driver: Driver) -> None:
    driver.ask("N")
    driver.ask("m 0 1")
    driver.ask("b 5")
    assert driver.ask("m 10 0") == [str(NEVER)]  # not while it is being written
    assert driver.ask("m 12 1") == [str(NEVER)]
    assert driver.ask("e 20 1") == [str(5 + GAP)]
    driver.ask("b 2020")
    driver.ask("m 2030 0")
    driver.ask("m 2035 0")
    assert driver.ask("e 2040 1") == [str(2030 + INTERVAL - MARGIN)]
