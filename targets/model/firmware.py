"""What every component of the model is given: the kernel, the bus, the doubles, and the firmware's CONFIG values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from p4verify.targets.model.doubles import HttpServer
from p4verify.targets.model.environment import Environment
from p4verify.targets.model.esp_timer import TimerService
from p4verify.targets.model.event_bus import EventBus
from p4verify.targets.model.kernel import Kernel
from p4verify.targets.model.nvs import Nvs
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.uart import Uart
from p4verify.verify.program import Value


@dataclass(frozen=True)
class Board:
    """One boot of the firmware's surroundings."""

    kernel: Kernel
    recorder: Recorder
    environment: Environment
    bus: EventBus
    timers: TimerService
    http: HttpServer
    uart: Uart
    nvs: Nvs
    config: Mapping[str, Value]

    def number(self, name: str) -> int:
        """A CONFIG value that is a number."""
        return int(self.config[name])
