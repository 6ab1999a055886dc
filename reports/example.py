"""A small finding made by hand: what the tests of the reports look at.

A publisher copies a battery field by field while the dispatcher overwrites it. Nothing here was run.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from p4verify.reports.finding import ConfirmedFinding
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.history import History, Observation, Operation
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Schedule, Step, StepKind, Trace
from p4verify.verify.tokens import battery

FILE = "components/network/network_publisher.c"
MEMBERS = ("soc", "soh", "voltage")
_BASE = 0x1000
_BODY = '{"ts_ms":1000,"soc":3.00,"soh":96.00,"voltage_v":44.000,"wifi_password":"hunter2"}'


@dataclass
class TraceWriter:
    """Appends steps; `position` is how many history records there are already."""

    steps: list[Step] = field(default_factory=list)
    position: int = 0
    time_us: int = 0

    def access(
        self, task: str, kind: StepKind, name: str, line: int, address: int, *, bits: int = 1, core: int = 0
    ) -> None:
        """An access to four bytes."""
        step = Step(task, kind, name, FILE, line, self.time_us, address, 4, bits, core=core, position=self.position)
        self.steps.append(step)

    def call(self, task: str, kind: StepKind, name: str, core: int = 0) -> None:
        """An RTOS call or a wait."""
        step = Step(task, kind, name, "p4verify/c/shim/x.c", 1, self.time_us, core=core, position=self.position)
        self.steps.append(step)

    def member(self, task: str, kind: StepKind, index: int, token: int, line: int, *, core: int = 0) -> None:
        """An access to a member of s_state.last_batt whose value comes from `token`."""
        name = MEMBERS[index]
        (bits,) = struct.unpack("<I", struct.pack("<f", float(battery(token)[name])))
        self.access(task, kind, f"s_state.last_batt.{name}", line, _BASE + 4 * index, bits=bits, core=core)


def torn_steps() -> tuple[Step, ...]:
    """net_pub reads soc; event_dispatch writes all three members; net_pub reads the others."""
    trace = TraceWriter()
    trace.access("main", StepKind.WRITE, "s_state.last_batt.soc", 10, _BASE, bits=0)
    trace.position = 1
    for index in range(3):
        trace.member("event_dispatch", StepKind.WRITE, index, 12, 148, core=1)
    trace.call("event_dispatch", StepKind.CALL, "xQueueReceive", core=1)
    trace.call("event_dispatch", StepKind.BLOCK, "xQueueReceive", core=1)
    trace.time_us = 1_000_000
    trace.member("net_pub", StepKind.READ, 0, 12, 82)
    trace.position = 3
    for index in range(3):
        trace.member("event_dispatch", StepKind.WRITE, index, 16, 148, core=1)
    trace.call("event_dispatch", StepKind.CALL, "xQueueReceive", core=1)
    trace.member("net_pub", StepKind.READ, 1, 16, 83)
    trace.member("net_pub", StepKind.READ, 2, 16, 84)
    trace.position = 4
    trace.call("net_pub", StepKind.CALL, "vTaskDelay")
    return tuple(trace.steps)


def torn_finding(steps: tuple[Step, ...] | None = None) -> ConfirmedFinding:
    """The finding, with these steps instead of its own where any are given."""
    calls = (Invocation("bus.battery", (12,)), Invocation("bus.battery", (16,), 1000))
    operations = tuple(
        Operation("a", i, call, position, 0) for i, (call, position) in enumerate(zip(calls, (0, 2), strict=True))
    )
    request = Observation(3, 1_000_000, "net_pub", "http.request", {"serial": 1, "body": _BODY})
    history = History(operations, (request,), 4, 2_000_000)
    trace = Trace(torn_steps() if steps is None else steps, Schedule(((7, 1),)), 1)
    return ConfirmedFinding(
        invariant="np.point-intact",
        title="A point carries one battery event",
        criteria=("NP-4",),
        summary="the battery of the point of 1.000 s is a mixture of token 12 and token 16",
        positions=(2, 3),
        program=Program((Task("a", calls),)),
        execution=Execution(history, Ending(Outcome.COMPLETED), trace=trace),
        command="p4verify replay runs/1/counterexamples/np.point-intact.json",
        replayed=100,
        replays=100,
        firmware="as_found",
    )
