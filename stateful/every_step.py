"""Stepwise machines in which Hypothesis chooses every step: who goes on at one choice point after the other.

Made for the model, in which every step is one that a person can name. An example is then a program and an
interleaving written out step by step, and it shrinks towards going on with the running task. They refuse to know what
is right, like the machines that they extend.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import rule

from p4verify.stateful.machines import Publisher, System, Telemetry, Whole
from p4verify.stateful.stepwise import TASKS, Stepwise
from p4verify.stateful.wire_machines import Client, Gateway

MOST_STEPS = 40
"""At once: several rules in a row make a longer interleaving."""
offsets = st.lists(st.integers(0, TASKS), min_size=1, max_size=MOST_STEPS)


class EveryStep(Stepwise):
    """The rule that chooses one step after the other."""

    @rule(steps=offsets)
    def go_on(self, steps: list[int]) -> None:
        """At each of the next choice points, the task so far ahead in the ring takes the next step."""
        for offset in steps:
            self._choose(1, offset)


class PublisherSteps(EveryStep, Publisher):
    """The network publisher, step by step."""


class TelemetrySteps(EveryStep, Telemetry):
    """The telemetry model, step by step."""


class SystemSteps(EveryStep, System):
    """Both at once, step by step."""


class GatewaySteps(EveryStep, Gateway):
    """The remote event adapter, step by step."""


class ClientSteps(EveryStep, Client):
    """The TinyBMS client, step by step."""


class WholeSteps(EveryStep, Whole):
    """All four components, step by step."""


STEP_MACHINES: Mapping[str, type[EveryStep]] = {
    "publisher": PublisherSteps, "telemetry": TelemetrySteps, "system": SystemSteps, "gateway": GatewaySteps,
    "client": ClientSteps, "whole": WholeSteps,
}  # fmt: skip
"""By what they aim at."""
