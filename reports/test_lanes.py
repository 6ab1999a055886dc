"""The report of a finding: what it says, that it stays within its columns, and that it keeps secrets."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from p4verify.reports.example import FILE, TraceWriter, torn_finding
from p4verify.reports.lanes import report, show, to_svg
from p4verify.verify.schedule import Step, StepKind

GOLDEN = """\
✗ np.point-intact  A point carries one battery event
  criterion NP-4 · firmware as_found · 1 preemption · replayed 100 of 100

  the battery of the point of 1.000 s is a mixture of token 12 and token 16

Program
  a (priority 5)  bus.battery(12) → 1000 ms later bus.battery(16)

Interleaving
 net_pub · core 0                       │ event_dispatch · core 1
────────────────────────────────────────┼───────────────────────────────────────
 … 6 steps, 1.000 s later               │
 reads s_state.last_batt.soc = 3 (12)   │
 network_publisher.c:82                 │
   point->soc = last->soc;              │
━━ ▼ net_pub (core 0) is between line 82 and line 83: event_dispatch runs ━━━━━━
     on core 1
 · a calls bus.battery(16)              │
                                        │
                                        │ writes s_state.last_batt  (event 16)
                                        │   soc = 4, soh = 96, voltage = 44
                                        │ network_publisher.c:148
                                        │
╌╌ ▲ net_pub goes on at line 83 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
 reads s_state.last_batt  (event 16)    │
   soh = 96, voltage = 44               │
 network_publisher.c:83-84              │
    83 point->soh = last->soh;          │
    84 point->voltage = last->voltage;  │
                                        │
 ✗ posts HTTP request 1  at 1.000 s     │
   soc = 3 (12), soh = 96 (16),         │
   voltage = 44 (16)                    │

Evidence
  net_pub posts HTTP request 1 at 1.000 s
    soc                    3   battery event 12
    soh                   96   battery event 16
    voltage               44   battery event 16

Replay
  p4verify replay runs/1/counterexamples/np.point-intact.json
"""
CODE = {82: "  point->soc = last->soc;", 83: "  point->soh = last->soh;", 84: "  point->voltage = last->voltage;"}


def source(file: str, line: int) -> str | None:
    return CODE.get(line) if file == FILE else None


def printed(console: Console) -> str:
    show(torn_finding(), console, source)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_shows_who_did_what_between_which_lines() -> None:
    assert "".join(f"{line.plain}\n" for line in report(torn_finding(), 80, source)) == GOLDEN


def test_source_that_is_longer_than_its_lane_is_folded_and_not_cut() -> None:
    statement = "point->soc = last->soc + " + " + ".join(f"correction[{number}]" for number in range(9)) + ";"
    text = [line.plain for line in report(torn_finding(), 80, lambda _file, line: statement if line == 82 else None)]
    begin = next(number for number, line in enumerate(text) if "network_publisher.c:82" in line) + 1
    assert " ".join(line.split("│")[0].strip() for line in text[begin : begin + 6]) == statement


def test_a_line_that_runs_again_is_a_row_again() -> None:
    trace = TraceWriter()
    for kind, bits in ((StepKind.READ, 1), (StepKind.WRITE, 2), (StepKind.READ, 2), (StepKind.WRITE, 3)):
        trace.access("x", kind, "s_state.count", 7, 0x2000, bits=bits)
    trace.access("y", StepKind.WRITE, "s_state.count", 9, 0x2000, bits=3)
    trace.access("x", StepKind.READ, "s_state.count", 7, 0x2000, bits=3)
    text = "\n".join(line.plain for line in report(torn_finding(tuple(trace.steps)), 80))
    assert [line.split(" = ")[1].split()[0] for line in text.splitlines() if "reads s_state.count" in line] == [
        "1",
        "2",
        "3",
    ]


def test_source_stands_beside_its_place_where_both_fit() -> None:
    text = [line.plain for line in report(torn_finding(), 120, source)]
    assert any("network_publisher.c:82  point->soc = last->soc;" in line for line in text)


def test_is_plain_text_where_there_is_no_terminal() -> None:
    assert printed(Console(file=io.StringIO(), width=80)) == GOLDEN + "\n"


def test_colours_the_two_events_apart_on_a_terminal() -> None:
    text = printed(Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard", no_color=False))
    assert "\x1b[1;36m3 (12)" in text
    assert "\x1b[1;35m96 (16)" in text


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(Console(file=io.StringIO(), width=80, force_terminal=True))
    assert "\x1b[1;36m" not in text
    assert "[36m" not in text


def test_an_ascii_terminal_gets_ascii() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    show(torn_finding(), Console(file=file, width=80), source)
    file.flush()
    raw = file.buffer
    assert isinstance(raw, io.BytesIO)
    assert b"net_pub (core 0) is between line 82 and line 83" in raw.getvalue()


@pytest.mark.parametrize(("asked", "longest"), [(20, 60), (60, 60), (91, 91), (400, 120)])
def test_adapts_to_the_terminal_within_60_to_120_columns(asked: int, longest: int) -> None:
    text = printed(Console(file=io.StringIO(), width=asked))
    assert max(len(line) for line in text.splitlines()) == longest


def test_the_picture_is_valid_xml_and_needs_nothing_from_outside() -> None:
    picture = to_svg(torn_finding(), source)
    assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - we wrote it
    assert "url(http" not in picture
    assert "np.point-intact" in picture
    assert picture == to_svg(torn_finding(), source)


def test_never_shows_a_secret() -> None:
    password = int.from_bytes(b"hunt", "little")
    reads = [
        Step(task, kind, "s_config.wifi_password[0]", FILE, line, 0, 0x2000, 4, password, position=1)
        for task, kind, line in (("x", StepKind.READ, 1), ("y", StepKind.WRITE, 2), ("x", StepKind.READ, 3))
    ]
    finding = replace(torn_finding(tuple(reads)), summary='config was {"wifi_password": "hunter2", "ssid": "home"}')
    text = "\n".join(line.plain for line in report(finding, 100))
    assert "wifi_password[0]" in text
    assert "home" in text
    assert "hunter2" not in text
    assert str(password) not in text
    assert f"{password:x}" not in text


def test_without_a_trace_it_shows_what_the_history_has() -> None:
    finding = torn_finding()
    bare = replace(finding, execution=replace(finding.execution, trace=None))
    text = "\n".join(line.plain for line in report(bare, 80))
    assert "preemption" not in text
    assert "posts HTTP request 1" in text
    assert "battery event 16" in text


names = st.text(max_size=30)
steps = st.builds(
    Step,
    task=st.sampled_from(["a", "net_pub", "日本語" * 9, "\x1b[31mred", ""]),
    kind=st.sampled_from(StepKind),
    name=names | st.sampled_from(["s_state.soc", "0x40000000", "xQueueReceive", "portENTER_CRITICAL"]),
    file=names | st.sampled_from([FILE, "p4verify/c/shim/x.c"]),
    line=st.integers(0, 10**6),
    time_us=st.integers(0, 10**12),
    address=st.integers(0x1000, 0x1010),
    size=st.sampled_from([0, 1, 2, 4, 8]),
    value=st.integers(0, 2**64 - 1),
    core=st.integers(0, 1),
    position=st.integers(0, 5),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=40), st.integers(1, 130), names, names, st.none() | names)
def test_no_line_is_wider_than_asked_and_none_moves_the_cursor(
    trace: list[Step], width: int, summary: str, command: str, code: str | None
) -> None:
    finding = replace(torn_finding(tuple(trace)), summary=summary, title=summary, command=command)
    for line in report(finding, width, lambda _file, _line: code):
        assert line.cell_len <= max(width, 60)
        assert line.plain.isprintable()


def test_says_where_the_power_is_cut_and_where_the_firmware_boots_again() -> None:
    trace = TraceWriter()
    trace.access("main", StepKind.WRITE, "s_state.count", 7, 0x2000)
    trace.call("main", StepKind.BOOT, "power cut")
    finding = torn_finding(tuple(trace.steps))
    cuts = {"power": (2_000_003, 0, 4_000_001, 5_000_020)}
    finding = replace(finding, positions=(), program=replace(finding.program, environment=cuts))
    text = "\n".join(line.plain for line in report(finding, 120))
    assert "power is cut after write 3 to flash, then after telemetry frame 1, then at 20 ms" in text
    assert "boots again after power cut" in text
