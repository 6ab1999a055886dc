"""The UART driver: sending takes no time but its bytes do; what arrives waits in the driver's buffer to be read.

Received bytes are taken over when the line has fallen silent, which is also when the driver posts an event
(targets/c/shim/uart.c and uart_line.c have it byte by byte; answers are too short here to fill a FIFO).
"""

from __future__ import annotations

from typing import Final

from p4verify.targets.model.environment import Environment
from p4verify.targets.model.kernel import Interrupt, Kernel
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.rtos import Queue, Waiters, call, deadline
from p4verify.targets.model.scripted_bms import Registers, ScriptedBms
from p4verify.targets.model.steps import Steps

BYTE_NS: Final = 86_805
"""Ten bits at 115200 baud."""
SILENCE_BYTES: Final = 10
_WRITE, _READ, _FLUSH = call("uart_write_bytes"), call("uart_read_bytes"), call("uart_flush_input")


class Uart:
    """UART1 with the BMS at its other end. `events` gets an item for each arrival, where the firmware wants them."""

    def __init__(self, kernel: Kernel, recorder: Recorder, environment: Environment, registers: Registers) -> None:
        self._kernel, self._recorder = kernel, recorder
        self._bms = ScriptedBms(kernel, recorder, environment, registers, self._line_put)
        self._interrupt = Interrupt("uart1", self._take_over)
        kernel.interrupts.append(self._interrupt)
        self._coming: list[tuple[int, int]] = []
        self._line_free_us = self._sent_us = 0
        self._buffer = b""
        self._readers = Waiters(kernel)
        self.events: Queue | None = None

    # ---- the line ----

    def _line_put(self, data: bytes) -> int:
        begin_us = max(self._line_free_us, self._kernel.now_us)
        self._coming += [(begin_us + (at + 1) * BYTE_NS // 1000, byte) for at, byte in enumerate(data)]
        self._line_free_us = self._coming[-1][0]
        self._interrupt.at_us = self._line_free_us + SILENCE_BYTES * BYTE_NS // 1000
        return self._line_free_us

    def _take_over(self) -> None:
        self._buffer += bytes(byte for _, byte in self._coming)
        self._coming.clear()
        self._readers.wake_from_interrupt()
        if self.events is not None:
            self.events.send_from_interrupt("data")

    # ---- what firmware calls ----

    def write(self, data: bytes) -> Steps[None]:
        """uart_write_bytes, of a whole frame."""
        self._recorder.observe("uart.tx", {"bytes": data})
        yield _WRITE
        self._sent_us = max(self._sent_us, self._kernel.now_us) + len(data) * BYTE_NS // 1000 + 1
        self._bms.hear(data, self._sent_us)

    def read(self, most: int, ticks: int = 0) -> Steps[bytes]:
        """uart_read_bytes of what there is, at most so much; waits so long for the first byte."""
        kernel = self._kernel
        yield _READ
        until = deadline(kernel, ticks) if ticks else kernel.now_us
        while not self._buffer and kernel.now_us < until:
            yield from self._readers.wait("uart_read_bytes", until)
        taken, self._buffer = self._buffer[:most], self._buffer[most:]
        return taken

    def flush(self) -> Steps[None]:
        """uart_flush_input: what has arrived is gone; what is still on its way is not."""
        yield _FLUSH
        self._buffer = b""
        self._coming = [(time_us, byte) for time_us, byte in self._coming if time_us > self._kernel.now_us]
