"""The stepwise machines: of each component, of the publisher with the telemetry model, and of the whole system.

Their rules name what happens at a device: an event of the S3 or of the TinyBMS, a mode switch, a flap of the network.
They refuse to know what is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from p4verify.stateful import strategies as s
from p4verify.stateful.stepwise import Stepwise, moments, tasks
from p4verify.stateful.wire_machines import Client, ClientRules, Gateway, GatewayRules

HTTP_COSTS_US = (2000, 0, 20_000, 400_000)


class PublisherRules(Stepwise):
    """What meets in the network publisher: events, reads of its metrics, the network that comes and goes."""

    @rule(task=tasks, after=moments)
    def battery(self, task: int, after: str) -> None:
        """S3 sends a battery with the next token."""
        self.call(task, s.BATTERY, after)

    @rule(task=tasks, after=moments, wide=st.booleans())
    def pack(self, task: int, after: str, wide: bool) -> None:
        """S3 sends a pack of 4 or 8 cells with the next token."""
        self.call(task, s.WIDE_PACK if wide else s.PACK, after)

    @rule(task=tasks, after=moments)
    def read_metrics(self, task: int, after: str) -> None:
        """A task reads the publisher's metrics."""
        self.call(task, s.NP_METRICS, after)

    @rule(task=tasks, after=moments, reachable=st.booleans())
    def network(self, task: int, after: str, reachable: bool) -> None:
        """The network becomes reachable or not."""
        self.call(task, s.ONLINE if reachable else s.OFFLINE, after)

    @rule(task=tasks, pause=moments, times=st.integers(1, 3))
    def flap(self, task: int, pause: str, times: int) -> None:
        """The network goes and comes back."""
        for _ in range(times):
            self.call(task, s.OFFLINE)
            self.call(task, s.ONLINE, pause)

    @rule(kind=st.sampled_from((s.HTTP_OK, s.HTTP_FAILS, s.HTTP_LATE)), cost_us=st.sampled_from(HTTP_COSTS_US))
    def http(self, kind: int, cost_us: int) -> None:
        """How the server answers the next post."""
        self.answer("http", s.http_answer(kind, cost_us))


class TelemetryRules(Stepwise):
    """What meets in the telemetry model: registers of the TinyBMS, mode switches, connections."""

    @rule(task=tasks, after=moments, number=st.sampled_from((8, 9, 10, 0, 1, 2, 3, 4)))
    def register(self, task: int, after: str, number: int) -> None:
        """TinyBMS updates a register (8 and up are cells) with the next token."""
        self.call(task, ("bus.register", (number,)), after)

    @rule(task=tasks, after=moments, autonomous=st.booleans())
    def mode(self, task: int, after: str, autonomous: bool) -> None:
        """The device goes on alone, or listens to the S3 again."""
        self.call(task, s.AUTONOMOUS if autonomous else s.CONNECTED, after)

    @rule(task=tasks, pause=moments, times=st.integers(1, 3))
    def alternate(self, task: int, pause: str, times: int) -> None:
        """The sources alternate: TinyBMS fills a pack, then the S3 takes over."""
        for _ in range(times):
            self.call(task, s.AUTONOMOUS, pause)
            self.call(task, ("bus.register", (8,)))
            self.call(task, s.CONNECTED, pause)

    @rule(task=tasks, after=moments, plugged=st.booleans())
    def tinybms(self, task: int, after: str, plugged: bool) -> None:
        """The TinyBMS is connected or disconnected."""
        self.call(task, s.PLUGGED if plugged else s.UNPLUGGED, after)

    @rule(task=tasks, after=moments, up=st.booleans())
    def mqtt(self, task: int, after: str, up: bool) -> None:
        """The broker is connected or disconnected."""
        self.call(task, s.MQTT_UP if up else s.MQTT_DOWN, after)

    @rule(token=st.sampled_from((302, 0, 304, 300)))
    def poll_answer(self, token: int) -> None:
        """What the next register that the model polls holds; 0: the read fails."""
        self.answer("tinybms", token)


class Publisher(PublisherRules):
    """The network publisher alone, fed by the S3."""

    opening: ClassVar[tuple[s.Step, ...]] = (s.BATTERY, s.PACK, s.ONLINE)
    final: ClassVar[tuple[str, ...]] = ("np.metrics", "bus.metrics")


class Telemetry(TelemetryRules):
    """The telemetry model alone, fed by the TinyBMS. It begins in autonomous mode, in which it polls."""

    opening: ClassVar[tuple[s.Step, ...]] = (s.AUTONOMOUS,)
    final: ClassVar[tuple[str, ...]] = ("bus.metrics",)


class System(PublisherRules, TelemetryRules):
    """Both components at once."""

    opening: ClassVar[tuple[s.Step, ...]] = (s.BATTERY, s.PACK, s.ONLINE, s.AUTONOMOUS)
    final: ClassVar[tuple[str, ...]] = ("np.metrics", "bus.metrics")


class Whole(PublisherRules, TelemetryRules, GatewayRules, ClientRules):
    """All four components and the bus, with S3, TinyBMS, network, flash and power: everything meets everything.

    An example is short, whatever rules are drawn: one flush of the gateway's cache, and a little more.
    """

    opening: ClassVar[tuple[s.Step, ...]] = (
        s.BATTERY, s.PACK, s.ONLINE, *Gateway.opening, *Client.opening, s.AUTONOMOUS,
    )  # fmt: skip
    final: ClassVar[tuple[str, ...]] = ("np.metrics", "bus.metrics", "tc.stats")
    settle_ms: ClassVar[int | None] = 2500
    most_calls: ClassVar[int] = 12
    longest_ms: ClassVar[int] = 12_000


MACHINES: Mapping[str, type[Stepwise]] = {
    "publisher": Publisher, "telemetry": Telemetry, "system": System, "gateway": Gateway, "client": Client,
    "whole": Whole,
}  # fmt: skip
"""By what they aim at."""
