"""What stands in for the world around the components: the HTTP server, and the GUI; and a probe.

They answer as the program's environment says, like the doubles in targets/firmware/adapters, and see what those see.
"""

from __future__ import annotations

from typing import Final, Protocol

from p4verify.targets.model.environment import Environment
from p4verify.targets.model.event_bus import EventBus
from p4verify.targets.model.events import Event, register_number, shown_fields, token_of
from p4verify.targets.model.kernel import Kernel
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.rtos import take_time
from p4verify.targets.model.steps import Kind, Step, Steps

HTTP_ANSWER: Final = 1_000_000
"""A value of the stream "http" is an answer times this, plus microseconds."""
HTTP_DEFAULT: Final = 2000
NOTHING_TO_DO: Final = Step(Kind.NOTE, "")


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


class Reads(Protocol):
    """tinybms_model, as telemetry_model calls it."""

    def read(self, address: int) -> Steps[float | None]: ...


class SeenReads:
    """tinybms_model_read_register, wrapped: what the polling reads is seen."""

    def __init__(self, reads: Reads, recorder: Recorder) -> None:
        self._reads, self._recorder = reads, recorder

    def read(self, address: int) -> Steps[float | None]:
        """The user value of a register; None when there is none in time."""
        value = yield from self._reads.read(address)
        register = register_number(address)
        token = 0 if value is None or register is None else token_of(register, value)
        self._recorder.observe("tm.read", {"address": address, "ok": value is not None, "token": token})
        return value


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
