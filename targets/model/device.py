"""A whole firmware of the model: its components put together and booted, and the agent that runs a program on it.

The agent does what targets/c/agent does: the program's tasks wait behind one gate until all of them exist; when the
last one has ended the firmware settles, then `final` is performed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from p4verify.targets.model.as_found.network_publisher import NetworkPublisher as FoundPublisher
from p4verify.targets.model.as_found.remote_event_adapter import RemoteEventAdapter as FoundGateway
from p4verify.targets.model.as_found.telemetry_model import TelemetryModel as FoundTelemetry
from p4verify.targets.model.as_found.tinybms_client import TinybmsClient as FoundClient
from p4verify.targets.model.as_found.tinybms_model import TinybmsModel as FoundModel
from p4verify.targets.model.doubles import Gui, HttpServer, SeenReads
from p4verify.targets.model.environment import Environment
from p4verify.targets.model.esp_timer import TimerService
from p4verify.targets.model.event_bus import DISPATCH_PRIORITY, EventBus
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.gateway_operations import GATEWAY_OBSERVERS, GATEWAY_OPERATIONS, SeenFrames
from p4verify.targets.model.hardened.network_publisher import NetworkPublisher as HardenedPublisher
from p4verify.targets.model.hardened.remote_event_adapter.adapter import RemoteEventAdapter as HardenedGateway
from p4verify.targets.model.hardened.telemetry_model import TelemetryModel as HardenedTelemetry
from p4verify.targets.model.hardened.tinybms_client.client import TinybmsClient as HardenedClient
from p4verify.targets.model.hardened.tinybms_model import TinybmsModel as HardenedModel
from p4verify.targets.model.kernel import TICK_US, EndedError, Kernel
from p4verify.targets.model.nvs import Flash, Nvs
from p4verify.targets.model.operations import (
    AGENT_OPERATIONS,
    BUS_OBSERVERS,
    BUS_OPERATIONS,
    PUBLISHER_OBSERVERS,
    Call,
    Catalogue,
    client_observers,
    client_operations,
    publisher_operation,
)
from p4verify.targets.model.power import Power
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.rtos import Gate, Semaphore, delay_ms, take_time
from p4verify.targets.model.scripted_bms import Registers
from p4verify.targets.model.steps import Kind, Step, Steps
from p4verify.targets.model.uart import Uart
from p4verify.verify.execution import Outcome
from p4verify.verify.program import Invocation, Program, Task, Value

MAIN = "main"
MAIN_PRIORITY = 1


@dataclass(frozen=True, slots=True)
class Components:
    """One boot's components."""

    client: FoundClient | HardenedClient
    telemetry: FoundTelemetry | HardenedTelemetry
    publisher: FoundPublisher | HardenedPublisher
    gateway: FoundGateway | HardenedGateway


def _as_found(board: Board) -> Components:
    client = FoundClient(board)
    reads = SeenReads(FoundModel(board, client), board.recorder)
    return Components(client, FoundTelemetry(board, reads), FoundPublisher(board), FoundGateway(board))


def _hardened(board: Board) -> Components:
    client = HardenedClient(board)
    reads = SeenReads(HardenedModel(board, client), board.recorder)
    return Components(client, HardenedTelemetry(board, reads), HardenedPublisher(board), HardenedGateway(board))


@dataclass(frozen=True, slots=True)
class Variant:
    """A firmware: its components, and what it offers."""

    name: str
    make: Callable[[Board], Components]
    catalogue: Catalogue


def _variant(name: str, make: Callable[[Board], Components], *, more: bool) -> Variant:
    """`more`: the hardened interface has counters that the other one lacks."""
    operations = (
        *AGENT_OPERATIONS, *BUS_OPERATIONS, publisher_operation(overwritten=more), *client_operations(latency=more),
        *GATEWAY_OPERATIONS,
    )  # fmt: skip
    observers = (*BUS_OBSERVERS, *PUBLISHER_OBSERVERS, *client_observers(latency=more), *GATEWAY_OBSERVERS)
    return Variant(name, make, Catalogue(operations, observers))


VARIANTS: Mapping[str, Variant] = {
    "as_found": _variant("as_found", _as_found, more=False),
    "hardened": _variant("hardened", _hardened, more=True),
}


@dataclass
class World:
    """What lives through the boots of one execution."""

    recorder: Recorder
    environment: Environment
    power: Power
    bms: Registers = field(default_factory=Registers)
    flash: Flash = field(default_factory=Flash)


class Device:
    """One boot of a firmware; `boot` starts its components in the order of the manifest's adapters."""

    def __init__(self, variant: Variant, kernel: Kernel, world: World, config: Mapping[str, Value]) -> None:
        self.kernel = kernel
        recorder, environment = world.recorder, world.environment
        self.bus = EventBus(kernel, recorder, int(config["CONFIG_EVENT_BUS_QUEUE_LENGTH"]))
        board = Board(
            kernel, recorder, environment, self.bus, TimerService(kernel), HttpServer(kernel, recorder, environment),
            Uart(kernel, recorder, environment, world.bms),
            Nvs(kernel, recorder, environment, world.power, world.flash), config,
        )  # fmt: skip
        made = variant.make(board)
        self.client, self.telemetry, self.publisher = made.client, made.telemetry, made.publisher
        self.gateway, self._nvs = made.gateway, board.nvs
        self.frames = SeenFrames(recorder, world.power)
        self._gui = Gui(self.bus, recorder)

    def boot(self) -> Steps[None]:
        """In the main task."""
        self.kernel.create("event_dispatch", self.bus.dispatch_task(), DISPATCH_PRIORITY)
        yield from self.telemetry.boot()
        yield from self.publisher.boot()
        yield from self._nvs.flash_init()
        yield from self.gateway.boot()
        yield from self.client.boot()
        yield from self._gui.boot()


class Agent:
    """Runs a program on a device; after a power cut nothing of its tasks goes on."""

    def __init__(self, program: Program, device: Device, world: World, calls: Mapping[str, Call]) -> None:
        self._program, self._device, self._world, self._calls = program, device, world, calls
        self._recorder = world.recorder
        self._kernel = device.kernel
        self._gate, self._ended = Gate(device.kernel), Semaphore(device.kernel)

    def main(self) -> Steps[None]:
        """The main task."""
        yield Step(Kind.CALL, "app_main")
        yield from self._device.boot()
        if self._world.power.boots == 1:
            yield from self._run_tasks()
        self._recorder.loaded()
        yield from self._wait_ms(self._program.settle_ms)
        yield from self._perform(MAIN, self._program.final)
        raise EndedError(Outcome.COMPLETED)

    def _run_tasks(self) -> Steps[None]:
        for task in self._program.tasks:
            self._kernel.create(task.name, self._run(task), task.priority, task.core)
        yield from self._gate.open()
        for _ in self._program.tasks:
            yield from self._ended.take()

    def _run(self, task: Task) -> Steps[None]:
        yield from self._gate.wait()
        yield from self._perform(task.name, task.invocations)
        yield from self._ended.give()

    def _perform(self, task: str, invocations: tuple[Invocation, ...]) -> Steps[None]:
        for index, invocation in enumerate(invocations):
            yield from self._wait_ms(invocation.delay_ms)
            place = self._recorder.invoke(task, index, invocation)
            results = yield from self._calls[invocation.operation](self._device, invocation.arguments)
            self._recorder.answer(place, results)

    def _wait_ms(self, ms: int) -> Steps[None]:
        """Whole ticks by the RTOS, so that a task wakes with the tick as the firmware's own do; the rest exactly."""
        tick_ms = TICK_US // 1000
        if ms // tick_ms:
            yield from delay_ms(self._kernel, ms)
        if ms % tick_ms:
            yield from take_time(self._kernel, ms % tick_ms * 1000)
