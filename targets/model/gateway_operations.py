"""The operations re.*: what the S3 gateway sends, and what observers of its adapter and of NVS report.

Telemetry comes as tokens and is made into JSON; anything else is given as text (adapters/remote_event_adapter.c).
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.events import MAX_CELLS
from p4verify.targets.model.gateway_json import frame_text, is_whole
from p4verify.targets.model.memory import Record
from p4verify.targets.model.operations import Firmware, OperationRow
from p4verify.targets.model.power import Moment, Power
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.steps import Steps
from p4verify.verify.program import Value

NOTHING: Final[Record] = {}


class SeenFrames:
    """Notes each frame before the firmware sees it; the power may fail around those that it should take."""

    def __init__(self, recorder: Recorder, power: Power) -> None:
        self._recorder, self._power = recorder, power

    def comes(self, token: int, variant: int, *, whole: bool) -> None:
        """Right before the callback is entered."""
        if whole:
            self._power.reached(Moment.FRAME_COMES)
        self._recorder.observe("re.frame", {"token": token, "variant": variant, "accepted_hint": whole})

    def taken(self, *, whole: bool) -> None:
        """Right after it has returned."""
        if whole:
            self._power.reached(Moment.FRAME_TAKEN)


def _telemetry(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    token, cells, variant = (int(argument) for argument in arguments)
    cells = min(cells, MAX_CELLS)
    whole = is_whole(variant, cells)
    firmware.frames.comes(token, variant, whole=whole)
    yield from firmware.gateway.on_telemetry_json(frame_text(variant, token, cells))
    firmware.frames.taken(whole=whole)
    return NOTHING


def _json(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    kind, text = arguments
    gateway = firmware.gateway
    callbacks = (
        gateway.on_telemetry_json, gateway.on_event_json, gateway.on_alerts_json, gateway.on_mqtt_status_json,
    )  # fmt: skip
    if int(kind) < len(callbacks):
        yield from callbacks[int(kind)](str(text))
    return NOTHING


def _mode(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (autonomous,) = arguments
    yield from firmware.gateway.set_operation_mode(int(autonomous), expected=not autonomous)
    return NOTHING


def _config(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    (token,) = (int(argument) for argument in arguments)
    body = f'{{"can_bitrate":{125_000 + token},"uart_baudrate":{9600 + token},"mqtt_topic_pub":"t{token}"}}'
    yield from firmware.gateway.on_http_response("/api/config", 200, body)
    return NOTHING


def _http(firmware: Firmware, arguments: tuple[Value, ...]) -> Steps[Record]:
    """An empty body is none."""
    path, _method, status, body = arguments
    yield from firmware.gateway.on_http_response(str(path), int(status), str(body) or None)
    return NOTHING


def _online(firmware: Firmware, _arguments: tuple[Value, ...]) -> Steps[Record]:
    yield from firmware.gateway.on_network_online()
    return NOTHING


GATEWAY_OPERATIONS: Final = (
    OperationRow("re.telemetry", "token:u32,cells:u8,variant:u8", "", _telemetry),
    OperationRow("re.json", "kind:u8,text:str", "", _json),
    OperationRow("re.mode", "autonomous:bool", "", _mode),
    OperationRow("re.config", "token:u32", "", _config),
    OperationRow("re.http", "path:str,method:str,status:u32,body:str", "", _http),
    OperationRow("re.online", "", "", _online),
)
GATEWAY_OBSERVERS: Final = (
    ("re.frame", "token:u32,variant:u8,accepted_hint:bool"),
    ("nvs.call", "call:u8,namespace:str,key:str,length:u32"),
    ("nvs.return", "call:u8,result:i32"),
    ("nvs.stored", "key:str,length:u32,writes:u32"),
)
