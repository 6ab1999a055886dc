"""Histories written by hand, with the gateway, NVS and the TinyBMS in them. It knows no invariant."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from p4verify.verify import tokens
from p4verify.verify.program import Value
from p4verify.verify.scenario import Fields, Scenario

CACHE_TASK = "re_cache"
WORKER = "tinybms_io"


def gateway_battery(token: int, **other: Value) -> Fields:
    """A battery as it is made of a frame: power is derived."""
    fields = tokens.battery(token)
    return {**fields, "power": float(fields["voltage"]) * float(fields["current"]), **other}


def gateway_pack(token: int, cells: int = 4, **other: Value) -> Fields:
    """A pack as it is made of a frame."""
    return {**tokens.pack(token, cells), "bal_start": 0.0, "bal_stop": 0.0, **other}


class GatewayScenario(Scenario):
    """Frames, configurations and NVS."""

    def enter_frame(self, token: int, *, variant: int = 0, whole: bool | None = None, task: str = "ws") -> int:
        """A frame's callback is entered; returns the number of the operation."""
        operation = self.begin("re.telemetry", token, 4, variant, task=task)
        hint = variant in (0, 1, 3) if whole is None else whole
        self.see("re.frame", task, token=token, variant=variant, accepted_hint=hint)
        return operation

    def frame(self, token: int, *, variant: int = 0, publishes: bool = True, task: str = "ws") -> None:
        """A whole callback of a frame, which publishes what the frame says."""
        operation = self.enter_frame(token, variant=variant, task=task)
        if publishes:
            self.gateway_publishes(token, task=task)
        self.finish(operation)

    def gateway_publishes(self, battery: int, pack: int | None = None, *, task: str = "ws") -> None:
        """A battery and a pack of these tokens are published and delivered."""
        self.show("battery", gateway_battery(battery), task=task)
        self.show("pack", gateway_pack(battery if pack is None else pack), task=task)

    def nvs(self, call: int, *, key: str = "", ms: float = 0, result: int | None = 0, task: str = CACHE_TASK) -> None:
        """A call of NVS; without a result it does not return."""
        self.see("nvs.call", task, call=call, namespace="hmi_cache", key=key, length=0)
        self.wait(ms)
        if result is not None:
            self.see("nvs.return", task, call=call, result=result)

    def write(self, key: str = "telemetry", *, ms: float = 4, result: int = 0, task: str = CACHE_TASK) -> None:
        """A blob is written: open, set, commit, close. A result other than 0 is that of the commit."""
        self.nvs(1, task=task)
        self.nvs(3, key=key, task=task)
        self.nvs(4, ms=ms, result=result, task=task)
        if result == 0:
            self.see("nvs.stored", task, key=key, length=200, writes=1)
        self.nvs(6, task=task)

    def restore(self, battery: int | Fields | None = None, pack: int | Fields | None = None) -> None:
        """While booting, a battery and a pack are published."""
        if battery is not None:
            fields = gateway_battery(battery, flags=0) if isinstance(battery, int) else battery
            self.publish("battery", fields, task="main")
        if pack is not None:
            self.publish("pack", gateway_pack(pack) if isinstance(pack, int) else pack, task="main")

    def configure(self, token: int, *, task: str = "ws") -> None:
        """A configuration arrives."""
        self.finish(self.begin("re.config", token, task=task))

    def restore_config(self, token: int, **other: Value) -> None:
        """While booting, a configuration is published."""
        fields: dict[str, Value] = {"can_bitrate": 125_000 + token, "uart_baudrate": 9600 + token}
        self.publish("config", {**fields, "topic": f"t{token}", **other}, task="main")


class TinybmsScenario(Scenario):
    """Calls of the client, and the wire."""

    asked = 0

    def read_register(self, address: int, *, task: str = "gui") -> int:
        """A read is asked for; returns the number of the operation."""
        return self.begin("tc.read", address, task=task)

    def write_register(self, address: int, value: int, *, task: str = "gui") -> int:
        """A write is asked for."""
        return self.begin("tc.write", address, value, task=task)

    def told(self, operation: int, result: int = 0, value: int = 0) -> None:
        """A call returns."""
        name = "verified" if self.operations[operation].name == "tc.write" else "value"
        results: dict[str, Value] = {"result": result}
        self.finish(operation, **(results | ({} if self.operations[operation].name == "tc.restart" else {name: value})))

    def sends(self, address: int, value: int | None = None, *, echo: bool = False, task: str = WORKER) -> None:
        """A frame goes out: a read, or with a value a write."""
        if value is None:
            body = struct.pack("<BBBH", 0xAA, 9 if echo else 7, 2 if echo else 1, address)
        else:
            body = struct.pack("<BBBHH", 0xAA, 0x0D, 4, address, value)
        self.see("uart.tx", task, bytes=body + b"\x00\x00")

    def hears(self, address: int, value: int | None = None, *, ms: float = 1) -> int:
        """The BMS has received a request; returns its serial number."""
        self.wait(ms)
        self.asked += 1
        kind = 1 if value is None else 2
        self.see("bms.request", "bms", serial=self.asked, kind=kind, address=address, value=value or 0)
        return self.asked

    def replies(self, serial: int, address: int, value: int = 0, *, kind: int = 1, ms: float = 5) -> None:
        """Its answer begins; it takes a millisecond."""
        self.wait(ms)
        self.see("bms.answer", "bms", serial=serial, kind=kind, address=address, value=value)
        self.wait(1)

    def exchange(self, address: int, value: int, *, echo: bool = False, task: str = WORKER) -> None:
        """A read goes out and is answered with this value."""
        self.sends(address, echo=echo, task=task)
        self.replies(self.hears(address), address, value)

    def accept(self, address: int, value: int, *, task: str = WORKER) -> None:
        """A write goes out and is accepted."""
        self.sends(address, value, task=task)
        self.replies(self.hears(address, value), address, value, kind=2)

    def stats(self, **counters: int) -> None:
        """The statistics are read; what is not given is 0."""
        self.finish(self.begin("tc.stats", task="main"), **self.statistics(**counters))

    def publish_stats(self, *, task: str = WORKER, **counters: int) -> None:
        """The statistics are published."""
        self.publish("stats", self.statistics(**counters), task=task)

    @staticmethod
    def statistics(**counters: int) -> Mapping[str, Value]:
        """The counters of the base fields, and those that are given."""
        names = ("reads_ok", "reads_failed", "writes_ok", "writes_failed", "crc_errors", "timeouts", "nacks", "retries")
        return {**dict.fromkeys(names, 0), **counters}
