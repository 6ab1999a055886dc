"""What stands in for the world around the components: the HTTP server, the GUI, the TinyBMS' registers.

They answer as the program's environment says, like the doubles in targets/firmware/adapters, and see what those see.
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.environment import Environment
from p4verify.targets.model.event_bus import EventBus
from p4verify.targets.model.events import Event, register_number, shown_fields, update_of
from p4verify.targets.model.kernel import Kernel
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.rtos import take_time
from p4verify.targets.model.steps import Kind, Step, Steps

HTTP_ANSWER: Final = 1_000_000
"""A value of the stream "http" is an answer times this, plus microseconds."""
HTTP_DEFAULT: Final = 2000
NOTHING_TO_DO: Final = Step(Kind.NOTE, "")
FIRST_TOKEN, TOKENS = 202, 99
"""What registers answer by default: the even tokens from 202 to 398, again and again."""


class HttpServer:
    """net_client_send_http_request."""

    def __init__(self, kernel: Kernel, recorder: Recorder, environment: Environment) -> None:
        self._kernel, self._recorder, self._environment = kernel, recorder, environment
        self._requests = 0

    def post(self, body: str) -> Steps[bool]:
        """Whether the caller is told that it was delivered."""
        self._requests += 1
        serial = self._requests
        self._recorder.observe("http.request", {"serial": serial, "body": body})
        answer = self._environment.next("http", HTTP_DEFAULT)
        yield from take_time(self._kernel, answer % HTTP_ANSWER)
        ok = answer // HTTP_ANSWER == 0
        self._recorder.observe("http.response", {"serial": serial, "ok": ok})
        return ok


class Registers:
    """tinybms_model_read_register, where no TinyBMS client is part of the firmware."""

    def __init__(self, bus: EventBus, recorder: Recorder, environment: Environment) -> None:
        self._bus, self._recorder, self._environment = bus, recorder, environment
        self._reads = 0

    def read(self, address: int) -> Steps[float | None]:
        """The user value of a register, which is published too; None when the read fails."""
        register = register_number(address)
        token = self._next_token()
        ok = register is not None and token != 0
        value = None
        if register is not None and token != 0:
            update = update_of(register, token)
            value = float(update["value"])
            yield from self._bus.publish(Event("register", update))
        self._recorder.observe("tm.read", {"address": address, "ok": ok, "token": token})
        return value

    def _next_token(self) -> int:
        token = self._environment.next("tinybms", -1)
        if token < 0:
            token = FIRST_TOKEN + 2 * (self._reads % TOKENS)
            self._reads += 1
        return token


class Gui:
    """The last subscriber: reports what it reads in its callbacks."""

    def __init__(self, bus: EventBus, recorder: Recorder) -> None:
        self._bus, self._recorder = bus, recorder

    def boot(self) -> Steps[None]:
        """Subscribes."""
        for kind in ("battery", "pack", "system"):
            yield from self._bus.subscribe("gui", kind, self._show)

    def _show(self, event: Event) -> Steps[None]:
        """The status bar shows nothing that deliver.system does not."""
        if event.kind != "system":
            self._recorder.observe(f"gui.{event.kind}", shown_fields(event) or {})
        yield NOTHING_TO_DO
