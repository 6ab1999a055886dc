"""tinybms_model.c as found: reads registers through the client, in the caller's task, and publishes what they say."""

from __future__ import annotations

from p4verify.targets.model.as_found.tinybms_client import TinybmsClient
from p4verify.targets.model.bms_codes import OK
from p4verify.targets.model.events import Event
from p4verify.targets.model.firmware import Board
from p4verify.targets.model.steps import Steps
from p4verify.targets.model.tinybms_registers import update_of_raw


class TinybmsModel:
    """The component."""

    def __init__(self, board: Board, client: TinybmsClient) -> None:
        self._board, self._client = board, client

    def read(self, address: int) -> Steps[float | None]:
        """tinybms_model_read_register: the user value; None when there is no answer."""
        result, raw = yield from self._client.read(address)
        if result != OK:
            return None
        update = update_of_raw(address, raw)
        yield from self._board.bus.publish(Event("register", update))
        return float(update["value"])
