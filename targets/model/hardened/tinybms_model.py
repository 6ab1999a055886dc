"""tinybms_model.c, hardened: of each register at most one request is under way, and its value is published by whoever
carries the request out, also when its caller no longer waits.
"""

from __future__ import annotations

from p4verify.targets.model.bms_codes import INVALID_STATE, NO_MEMORY, OK, Outcome
from p4verify.targets.model.events import Event
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.hardened.tinybms_client.client import TinybmsClient
from p4verify.targets.model.hardened.tinybms_client.requests import Request, RequestKind
from p4verify.targets.model.rtos import Atomic
from p4verify.targets.model.steps import Steps
from p4verify.targets.model.tinybms_registers import update_of_raw


class TinybmsModel:
    """The component."""

    def __init__(self, board: Board, client: TinybmsClient) -> None:
        self._board, self._client = board, client
        self._under_way: dict[int, Atomic] = {}

    def read(self, address: int) -> Steps[float | None]:
        """tinybms_model_read_register: the user value; None when there is none in time."""
        kernel = self._board.kernel
        under_way = self._under_way.setdefault(address, Atomic(kernel, f"s_under_way[{address}]", False))
        if (yield from under_way.exchange(True)):
            return None

        def on_read(outcome: Outcome) -> Steps[None]:
            """In tinybms_io, once for each request that was accepted."""
            if outcome[0] == OK:
                yield from self._board.bus.publish(Event("register", update_of_raw(address, outcome[1])))
            yield from under_way.exchange(False)

        result, raw = yield from self._client.perform(Request(RequestKind.READ, address, done=on_read))
        if result in (NO_MEMORY, INVALID_STATE):
            yield from under_way.exchange(False)
        return float(update_of_raw(address, raw)["value"]) if result == OK else None
