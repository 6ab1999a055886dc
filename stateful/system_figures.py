"""What the whole firmware costs: bus, four components, BMS, S3, flash and network in one program, and a campaign of it.

`sim.executions_per_second.system` is the simulator alone, as the host's clock sees it. `check.executions_per_second` is
`check`'s own campaign on hardened, decoding and judging included, by the CPU time of host and simulator together: what
one core does in a second. Neither counts the build.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from p4verify.stateful.campaign import Status
from p4verify.stateful.collecting import rarely_collecting
from p4verify.stateful.figures import Case, Exploring, Figure, call
from p4verify.stateful.measured_campaign import Enough, campaign_of, hardened
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.objects import OnProgress
from p4verify.targets.sim import SimTarget
from p4verify.verify.program import Program, Task
from p4verify.verify.schedule import Granularity

BUDGET_SECONDS = 600.0
"""Never reached: the number of executions ends the campaign."""


def system_program() -> Program:
    """Two frames and a configuration from the S3, a read and a write of the BMS, the network, two modes, metrics."""
    gateway = Task("s3", (call("re.telemetry", 11, 4, 0), call("re.config", 13), call("re.telemetry", 15, 4, 0)))
    screen = Task("gui", (call("tc.read", 0x0100), call("tc.write", 0x0130, 7)), 4)
    watcher = Task("watcher", (call("bus.system", True), call("np.metrics", delay_ms=1000), call("tc.stats")), 4)
    modes = Task("modes", (call("bus.mode", True), call("bus.mode", False, delay_ms=500)))
    environment = {"http": (20_000, 1_020_000), "nvs": (4000, 4000), "bms": (6000, 6000)}
    return Program((gateway, screen, watcher, modes), environment, settle_ms=1000)


class CheckRate(Figure):
    """Executions per second of CPU of `check`'s campaign on hardened, whose seed is the number of the run.

    `seconds` of a run do not bind it: EXECUTIONS do.
    """

    EXECUTIONS = 4000

    def __init__(self) -> None:
        super().__init__("check.executions_per_second", "executions/s")

    def prepare(self, compiler: Compiler, progress: OnProgress, _resources: ExitStack) -> None:
        self._build = hardened(compiler, progress)

    def run(self, _seconds: float, number: int) -> float:
        before = _cpu_seconds()
        executions = self._explore(number)
        return executions / (_cpu_seconds() - before)

    def _explore(self, number: int) -> int:
        def watch(status: Status) -> None:
            if status.executions >= self.EXECUTIONS:
                raise Enough

        with SimTarget(self._build) as target:
            campaign = campaign_of(target, number, BUDGET_SECONDS, watch)
            with suppress(Enough), rarely_collecting():
                campaign.explore()
        return campaign.status.executions


def _cpu_seconds() -> float:
    """Of this process and of the children that have ended: the simulator has when its target is closed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def system_figures() -> Sequence[Figure]:
    """The whole system at both granularities, and the campaign that judges it."""
    rate, program = "sim.executions_per_second.system", system_program()
    return [
        Exploring(rate, Case(hardened, program, Granularity.SYNC)),
        Exploring(f"{rate}.words", Case(hardened, program)),
        CheckRate(),
    ]
