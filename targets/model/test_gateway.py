"""The model's gateway adapter, NVS and power do what the C does: the same programs leave the same records on both.

Without preemption both targets are deterministic, so what they show of frames, records, configurations, flash and boots
must be equal, value for value, torn text and failing flash included.
"""

from __future__ import annotations

import pytest

from p4verify.targets.building.build import build_firmware
from p4verify.targets.building.manifest import load
from p4verify.targets.model.gateway_json import ABSENT, member, parse
from p4verify.targets.model.target import ModelTarget, model_of
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Granularity, Schedule, StepKind

SHOWN = (
    "re.", "nvs.", "bus.publish.battery", "bus.publish.pack", "bus.publish.system", "bus.publish.config",
    "bus.publish.alerts",
)  # fmt: skip


def frame(token: int, variant: int = 0, delay_ms: int = 500) -> Invocation:
    return Invocation("re.telemetry", (token, 4, variant), delay_ms)


def program(calls: list[Invocation], settle_ms: int = 1500, **environment: int | tuple[int, ...]) -> Program:
    streams = {name.replace("_", "."): value if isinstance(value, tuple) else (value,) for name, value in
               environment.items()}  # fmt: skip
    return Program((Task("a", tuple(calls)),), streams, settle_ms=settle_ms)


DAY = [
    frame(3, delay_ms=0), frame(5), Invocation("re.config", (7,), 10), frame(407), frame(9, 1),
    Invocation("re.online"), Invocation("re.mode", (True,)), frame(11), Invocation("bus.mode", (False,)), frame(13),
]  # fmt: skip
HOSTILE = (
    "", "{", "[]", "null", '{"battery":', '{"battery":{}}', '{"cell_voltage_mv":7}', '{"a":' * 12 + "1" + "}" * 12,
    '{"battery":{"pack_voltage_v":"x","cell_voltage_mv":[1,"2",null,{}]}}', '{"pack_voltage_v":1e400}',
    '{"cell_voltage_mv":[' + "3300," * 99 + '3300],"cell_balancing":[1,true,0,"x"]}', '{"type":"event","data":5}',
    '{"wifi_connected":true,"server_reachable":false,"storage_ok":1}', '{"active":[{"id":1,"message":"m"},7]}',
    '{"enabled":true,"connected":"yes"}', '{"enabled":true,"connected":true,"reason":"r"}', "\\u0000",
)  # fmt: skip
BODIES = (
    '{"config":{"can_bitrate":125009}}', '{"can_bitrate":5,"wifi_ssid":"x"}', '{"wifi_ssid":"a"}',
    f'{{"can_bitrate":125009,"mqtt_topic_pub":"{"x" * 80}"}}', '{"enabled":true,"connected":true}',
    '{"active":[{"id":1,"message":"m"},{"id":2}],"history":[]}',
)  # fmt: skip
PATHS = ("/api/config", "/api/alerts", "/api/alerts/history", "/api/mqtt/status", "/api/config?x")
CUTS = (0, 1_000_001, 2_000_001, 2_000_002, 3_000_002, 4_000_002, 5_001_200)
PROGRAMS = {
    "cut": [program(DAY, 11_000, power=cut, nvs_durability=at_once) for cut in CUTS for at_once in (0, 1)],
    "flash": [program(DAY, 4000, nvs=(1_004_000, 2_004_000, 1_004_000, 4000, 1_000_000))],
    "broken": [program([frame(3, delay_ms=0), frame(5, variant), frame(7)]) for variant in range(11)],
    "hostile": [
        program([frame(3, delay_ms=0), Invocation("re.json", (kind, text)), frame(7)])
        for kind in range(4) for text in HOSTILE
    ],
    "answers": [program([Invocation("re.http", (path, "GET", 200, body))]) for path in PATHS for body in BODIES],
}  # fmt: skip


def shown(execution: Execution) -> list[str]:
    """What is compared: records with task and values (NaN equals NaN in words), then boots and outcome."""
    records = [
        repr((one.observer, one.task, [value for name, value in one.fields.items() if name != "serial"]))
        for one in execution.history.observations
        if one.observer.startswith(SHOWN)
    ]
    return [*records, *(f"boot {boot.reason}" for boot in execution.history.boots), str(execution.ending.outcome)]


@pytest.mark.parametrize("firmware", ["as_found", "hardened"])
def test_model_and_simulator_show_the_same(firmware: str) -> None:
    model = ModelTarget(model_of(firmware))
    with SimTarget(build_firmware(load(firmware))) as simulator:
        for kind, programs in PROGRAMS.items():
            for number, one in enumerate(programs):
                ours, theirs = shown(model.execute(one, Schedule())), shown(simulator.execute(one, Schedule()))
                assert ours == theirs, f"{kind} {number}"
                assert ours[-1] == str(Outcome.COMPLETED)


def test_an_execution_with_cuts_comes_back_with_its_points_going_on() -> None:
    model = ModelTarget(model_of("hardened"))
    cuts = program(DAY, 3000, power=(4_000_003, 5_000_900))
    found: list[Found] = []

    def take(one: Found) -> bool:
        found.append(one)
        return True

    model.explore(cuts, Exploration("random", executions=3), take)
    assert len(found) == 3
    for one in found:
        again = model.rerun(None, one.origin)
        assert again.execution.history == one.execution.history
        assert len(again.execution.history.boots) == 2
        assert model.run(cuts, again.schedule).execution.history == one.execution.history
        followed = model.follow(cuts, again.segments, Granularity.WORDS)
        assert followed.execution.history == one.execution.history


def test_a_trace_tells_where_the_power_was_cut() -> None:
    trace = ModelTarget(model_of("as_found")).execute(program(DAY, power=3_000_002), Schedule(), trace=True).trace
    assert trace is not None
    boots = [number for number, step in enumerate(trace.steps) if step.kind is StepKind.BOOT]
    assert len(boots) == 1
    assert {step.task for step in trace.steps[boots[0] + 1 :][:20]} <= {"main", "event_dispatch", "tinybms_rx"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\x01 {}trailing", {}), ("nan", ABSENT), ("[1e999]", [float("inf")]), ('{"a":1,"a":2}', {"a": 1.0}),
        ("", ABSENT), ("[" * 100_000, ABSENT), ("tru", ABSENT), ('"\x02"', "\x02"),
    ],
)  # fmt: skip
def test_json_is_read_as_cjson_reads_it(text: str, value: object) -> None:
    assert parse(text) == value


def test_null_is_a_member() -> None:
    assert member(parse('{"a":null}'), "a") is None
    assert member(parse("[]"), "a") is ABSENT
