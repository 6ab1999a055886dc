"""What stepwise machines do at the wires: frames of the S3 gateway, flash and power, callers of the TinyBMS.

Beside those of `machines.py`, which know the bus. They refuse to know what is right.
"""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import rule

from p4verify.stateful import bms_families as bms
from p4verify.stateful import gateway_families as gateway
from p4verify.stateful import strategies as s
from p4verify.stateful.stepwise import Stepwise, tasks

waits = st.sampled_from(("now", "poll", "flush"))
"""Frames come at the pace of the model's polling; what they carry is stored by the time of a flush."""
FLASH_US, ERASE_US = 4000, 40_000
LATER_MS = 2500
HOSTILE_KINDS = st.integers(0, 3)


class GatewayRules(Stepwise):
    """What meets in the remote event adapter: frames, configurations, garbage, flash that fails, power that goes."""

    @rule(task=tasks, after=waits, variant=st.sampled_from(gateway.WHOLE), cells=st.sampled_from((4, 8)))
    def frame(self, task: int, after: str, variant: int, cells: int) -> None:
        """A whole frame with the next token."""
        self.call(task, gateway.frame(variant, cells), after)

    @rule(task=tasks, after=waits, k=st.integers(0, 7))
    def fine_frame(self, task: int, after: str, k: int) -> None:
        """A frame that differs by less than the thresholds."""
        self.call(task, gateway.fine(k), after)

    @rule(task=tasks, after=waits, variant=st.sampled_from(gateway.BROKEN))
    def broken_frame(self, task: int, after: str, variant: int) -> None:
        """A frame that lacks something, or lies."""
        self.call(task, gateway.frame(variant), after)

    @rule(task=tasks, kind=HOSTILE_KINDS, text=st.sampled_from(gateway.HOSTILE))
    def garbage(self, task: int, kind: int, text: str) -> None:
        """Text that is no telemetry, to one of the four callbacks."""
        self.call(task, ("re.json", (kind, text)))

    @rule(task=tasks, after=waits)
    def configuration(self, task: int, after: str) -> None:
        """A configuration arrives over HTTP."""
        self.call(task, gateway.CONFIG, after)

    @rule(task=tasks, after=waits, autonomous=st.booleans())
    def adapter_mode(self, task: int, after: str, autonomous: bool) -> None:
        """Somebody tells the adapter its mode, beside the bus."""
        self.call(task, ("re.mode", (autonomous,)), after)

    @rule(code=st.sampled_from((gateway.OK, gateway.FAILS, gateway.FULL)), cost=st.sampled_from((FLASH_US, ERASE_US)))
    def flash(self, code: int, cost: int) -> None:
        """How the next step of the flash ends, and how long it takes."""
        self.answer("nvs", gateway.coded(code, cost))

    @rule(kind=st.integers(gateway.BEFORE_STEP, gateway.AFTER_FRAME), n=st.integers(1, 6))
    def cut(self, kind: int, n: int) -> None:
        """The power fails around a step of the flash or a frame, and the firmware boots again; one value a boot."""
        self.answer("power", gateway.coded(kind, n))

    @rule(after=waits, ms=st.integers(1, LATER_MS))
    def cut_at(self, after: str, ms: int) -> None:
        """The same at a moment of that boot: soon, or when the first frames must have been stored."""
        self.answer("power", gateway.coded(gateway.AT_MS, self.delay_ms(after) + ms))

    @rule(stored=st.sampled_from((gateway.BY_COMMIT, gateway.BY_SET)))
    def durability(self, stored: int) -> None:
        """What a cut leaves of values that were set and not committed: nothing, or all."""
        self.answer("nvs.durability", stored)


class ClientRules(Stepwise):
    """What meets in the TinyBMS client: reads, verified writes, restarts, and a BMS that errs."""

    @rule(task=tasks, after=waits, number=st.integers(0, 3))
    def read(self, task: int, after: str, number: int) -> None:
        """A register is read whose every answer is another."""
        self.call(task, bms.read(number), after)

    @rule(task=tasks, after=waits, number=st.integers(0, 2), value=st.sampled_from((1000, 2000)))
    def write(self, task: int, after: str, number: int, value: int) -> None:
        """A register is written and verified."""
        self.call(task, bms.write(number, value), after)

    @rule(task=tasks, after=waits)
    def restart(self, task: int, after: str) -> None:
        """The BMS is told to restart."""
        self.call(task, bms.RESTART, after)

    @rule(task=tasks, after=waits)
    def read_stats(self, task: int, after: str) -> None:
        """A task reads the client's figures."""
        self.call(task, bms.STATS, after)

    @rule(code=st.integers(bms.OK, bms.OTHER_ADDRESS), latency_us=st.sampled_from(bms.LATENCIES_US))
    def bms_answers(self, code: int, latency_us: int) -> None:
        """What the BMS makes of the next request."""
        self.answer("bms", gateway.coded(code, latency_us))


class Gateway(GatewayRules):
    """The remote event adapter alone."""

    opening: ClassVar[tuple[s.Step, ...]] = (gateway.frame(), gateway.frame(gateway.NESTED))
    final: ClassVar[tuple[str, ...]] = ("bus.metrics",)


class Client(ClientRules):
    """The TinyBMS client alone."""

    opening: ClassVar[tuple[s.Step, ...]] = (bms.read(0),)
    final: ClassVar[tuple[str, ...]] = ("tc.stats",)
