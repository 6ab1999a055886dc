"""Histories written by hand, for tests of invariants: one method per thing that happens, in the order of the calls.

A `Scenario` numbers records and keeps a clock, so that a test reads like the story it tells. It boots the usual
subscribers (telemetry_model, network_publisher, gui) and knows the shape of every record; it knows no invariant.
Frames of the gateway, NVS and the TinyBMS are in `scenario_peers.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from p4verify.verify import tokens
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Ending, Execution, Outcome, Race
from p4verify.verify.history import POWER_CUT, Boot, History, Observation, Operation
from p4verify.verify.points import BATTERY_KEYS, PACK_KEYS
from p4verify.verify.program import Invocation, Program, Task, Value
from p4verify.verify.verdict import Judgement, Setting

DISPATCH = "event_dispatch"
NUMBERS = {
    "battery": 1,
    "pack": 2,
    "system": 3,
    "mode": 4,
    "register": 5,
    "connected": 6,
    "disconnected": 7,
    "mqtt": 8,
}
SUBSCRIPTIONS = (
    *(("telemetry_model", kind) for kind in ("register", "mode", "mqtt", "connected", "disconnected")),
    *(("network_publisher", kind) for kind in ("battery", "pack", "system")),
    *(("gui", kind) for kind in ("battery", "pack", "system")),
)
Fields = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Run:
    """A handler that has been entered."""

    subscriber: int
    event: int
    task: str


def register(number: int, token: int) -> Fields:
    """The fields of a register update."""
    key = tokens.register_key(number)
    return {"address": 0x100 + number, "raw": 0, "value": tokens.register_value(number, token), "key": key}


def mode(*, autonomous: bool) -> Fields:
    """The fields of a mode change."""
    return {"mode": int(autonomous), "expected": not autonomous}


def system(*, reachable: bool) -> Fields:
    """The fields of a system status."""
    return {"wifi": reachable, "server": reachable, "mode": 0, "expected": True}


def cells(*values: float, **summary: float) -> Fields:
    """The fields of a pack with these cells; the summary is right unless it is given."""
    known = [value for value in values if value] or [0.0]
    low, high = min(known), max(known)
    right = {"cell_min": low, "cell_max": high, "cell_delta": high - low, "cell_avg": sum(known) / len(known)}
    rest: dict[str, Value] = {"bal_start": 0.0, "bal_stop": 0.0, "balancing": 0, "cells": tokens.pack_cells(values)}
    return {"cell_count": len(values), **right, **summary, **rest}


def body(stamp_ms: int, battery: int | Fields | None = None, pack: int | None = None, **other: float) -> str:
    """The JSON of a point with the values of these tokens or records; `other` replaces some."""
    fields: dict[str, Value] = {}
    if battery is not None:
        fields |= tokens.battery(battery) if isinstance(battery, int) else battery
    if pack is not None:
        fields |= tokens.pack(pack)
    named = {key: fields[name] for name, key in (BATTERY_KEYS | PACK_KEYS).items() if name in fields}
    return json.dumps({"ts_ms": stamp_ms, **named, **other})


class Scenario:
    """A history being written. Times are milliseconds; each record takes no time."""

    def __init__(
        self,
        *,
        http: Sequence[int] = (),
        nvs: Sequence[int] = (),
        config: Mapping[str, Value] | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        self.now_ms = 0.0
        self.observations: list[Observation] = []
        self.operations: list[Operation] = []
        self.position = 0
        self.loaded: tuple[int, float] | None = None
        self.boots: list[Boot] = []
        self.races: tuple[Race, ...] | None = None
        self._serial = 0
        self._request = 0
        streams = {"http": tuple(http), "nvs": tuple(nvs)}
        environment = {name: values for name, values in streams.items() if values}
        program = Program((Task("s3", (Invocation("agent.idle"),)),), environment)
        defaults: dict[str, Value] = {
            "CONFIG_NETWORK_TELEMETRY_PERIOD_MS": 1000,
            "CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH": 4,
        }
        self.setting = Setting(program, {**defaults, **(config or {})}, limits or {})
        self._subscribe()

    def _subscribe(self) -> None:
        for number, (component, kind) in enumerate(SUBSCRIPTIONS):
            self.see("bus.subscribe", "main", subscriber=number, event=NUMBERS[kind], component=component)

    def at(self, ms: float) -> None:
        """Lets time pass to this moment."""
        self.now_ms = ms

    def wait(self, ms: float) -> None:
        """Lets time pass."""
        self.now_ms += ms

    def boot(self, reason: int = POWER_CUT) -> None:
        """The power is cut, or the firmware restarts; it boots again."""
        self.position += 1
        self.boots.append(Boot(self.position, round(self.now_ms * 1000), reason))
        self._serial = self._request = 0
        self.loaded = None
        self._subscribe()

    def see(self, observer: str, task: str, **fields: Value) -> int:
        """Any observation; returns its position."""
        self.position += 1
        self.observations.append(Observation(self.position, round(self.now_ms * 1000), task, observer, fields))
        return self.position

    def begin(self, name: str, *arguments: Value, task: str = "s3") -> int:
        """An operation is invoked; returns its number."""
        self.position += 1
        index = sum(1 for operation in self.operations if operation.task == task)
        now = round(self.now_ms * 1000)
        self.operations.append(Operation(task, index, Invocation(name, arguments), self.position, now))
        return len(self.operations) - 1

    def finish(self, operation: int, **results: Value) -> None:
        """An operation returns."""
        self.position += 1
        begun = self.operations[operation]
        now = round(self.now_ms * 1000)
        self.operations[operation] = replace(begun, returned=self.position, returned_us=now, results=results)

    def offer(self, kind: str, fields: Fields, *, task: str = "telemetry_poll") -> int:
        """A publish call begins; returns its serial."""
        self._serial += 1
        if kind in ("mqtt", "connected", "disconnected"):
            self.see("bus.publish.other", task, serial=self._serial, event=NUMBERS[kind], type=NUMBERS[kind] + 10)
        else:
            self.see(f"bus.publish.{kind}", task, serial=self._serial, **fields)
        return self._serial

    def offered(self, serial: int, *, task: str = "telemetry_poll", accepted: bool = True) -> None:
        """That publish call returns."""
        self.see("bus.published", task, serial=serial, accepted=accepted)

    def publish(self, kind: str, fields: Fields, *, task: str = "telemetry_poll", accepted: bool = True) -> None:
        """A whole publish call by a task of the firmware."""
        self.offered(self.offer(kind, fields, task=task), task=task, accepted=accepted)

    def enter(self, component: str, kind: str, fields: Fields | None = None, *, task: str = DISPATCH) -> Run:
        """A component's handler is entered with this event."""
        run = Run(SUBSCRIPTIONS.index((component, kind)), NUMBERS[kind], task)
        self.see("handler.enter", task, subscriber=run.subscriber, event=run.event, digest=0)
        if kind in ("battery", "pack", "system", "mode", "register"):
            self.see(f"deliver.{kind}", task, subscriber=run.subscriber, **(fields or {}))
        return run

    def leave(self, run: Run) -> None:
        """It returns."""
        self.see("handler.return", run.task, subscriber=run.subscriber, event=run.event)

    def deliver(self, kind: str, fields: Fields | None = None) -> None:
        """Every subscriber of this kind is given this event, one after the other."""
        for component, subscribed in SUBSCRIPTIONS:
            if subscribed == kind:
                self.leave(self.enter(component, kind, fields))

    def tell(self, kind: str, fields: Fields, *arguments: Value, task: str = "s3", accepted: bool = True) -> None:
        """The program publishes an event."""
        operation = self.begin(f"bus.{kind}", *arguments, task=task)
        self.publish(kind, fields, task=task, accepted=accepted)
        self.finish(operation, accepted=accepted)

    def send(self, kind: str, fields: Fields | None = None, *arguments: Value, task: str = "s3") -> None:
        """The program publishes an event, and it is delivered."""
        self.tell(kind, fields or {}, *arguments, task=task)
        self.deliver(kind, fields)

    def show(self, kind: str, fields: Fields, *, task: str = "telemetry_poll") -> None:
        """The model publishes a record, and it is delivered."""
        self.publish(kind, fields, task=task)
        self.deliver(kind, fields)

    def read(self, number: int, token: int, *, ok: bool = True, deliver: bool = True) -> None:
        """The model polls a register: the double publishes the update and returns."""
        if ok:
            self.publish("register", register(number, token))
        self.see("tm.read", "telemetry_poll", address=0x100 + number, ok=ok, token=token if ok else 0)
        if ok and deliver:
            self.deliver("register", register(number, token))

    def built(self, task: str = "net_pub") -> None:
        """A point is built."""
        self.see("np.built", task)

    def request(self, text: str, *, task: str = "net_pub") -> int:
        """A post begins; returns its serial."""
        self._request += 1
        self.see("http.request", task, serial=self._request, body=text)
        return self._request

    def response(self, serial: int, *, ok: bool = True, task: str = "net_pub") -> None:
        """It ends."""
        self.see("http.response", task, serial=serial, ok=ok)

    def post(self, text: str, *, ok: bool = True, ms: float = 2, task: str = "net_pub") -> None:
        """A whole post that takes this long."""
        serial = self.request(text, task=task)
        self.wait(ms)
        self.response(serial, ok=ok, task=task)

    def metrics(self, **results: int) -> None:
        """A whole np.metrics; what is not given is 0, the capacity 4."""
        operation = self.begin("np.metrics")
        self.finish(operation, **self.counters(**results))

    @staticmethod
    def counters(**results: int) -> dict[str, Value]:
        """The results of np.metrics."""
        names = ("last_sync_ms", "buffered_points", "publish_errors", "published_points", "last_duration_ms")
        return {**dict.fromkeys(names, 0), "buffer_capacity": 4, **results}

    def load_ends(self) -> None:
        """The last task has ended: settling begins."""
        self.position += 1
        self.loaded = (self.position, self.now_ms)

    def execution(self, outcome: Outcome = Outcome.COMPLETED, **ending: str) -> Execution:
        """The execution that ends now."""
        loaded, loaded_ms = self.loaded or (None, None)
        history = History(
            tuple(self.operations),
            tuple(self.observations),
            self.position + 1,
            round(self.now_ms * 1000),
            None if loaded_ms is None else round(loaded_ms * 1000),
            loaded,
            boots=tuple(self.boots),
        )
        return Execution(history, Ending(outcome, **ending), races=self.races)

    def judge(self, id_: str, outcome: Outcome = Outcome.COMPLETED, **ending: str) -> Judgement:
        """What the invariant of this id says of it."""
        return INVARIANTS[id_].check(self.execution(outcome, **ending), self.setting)

    def holds(self, id_: str) -> None:
        """It is exercised and holds."""
        judgement = self.judge(id_)
        assert judgement.violation is None, judgement.violation.summary
        assert judgement.exercised, f"{id_} was not exercised"

    def violates(self, id_: str, *words: str) -> None:
        """It is violated, and the summary has these words."""
        violation = self.judge(id_).violation
        assert violation is not None, f"{id_} was not violated"
        missing = [word for word in words if word not in violation.summary]
        assert not missing, f"{missing} not in {violation.summary!r}"
        positions = {record.position for record in self.observations} | {self.position + 1}
        operations = {p for o in self.operations for p in (o.invoked, o.returned)}
        assert violation.positions, "no position shows it"
        assert set(violation.positions) <= positions | operations, "a position that no record has"

    def is_silent(self, id_: str) -> None:
        """Its precondition did not hold."""
        judgement = self.judge(id_)
        assert judgement == Judgement(exercised=False), judgement
