"""Links: frames to and from a target over something that carries bytes. The only module here that does I/O.

`StreamLink` knows frames and time-outs; a subclass knows one medium. `PipeLink` is a child process. Every failure is a
LinkError with what is known of it: a target that died says how, and what it said last. A link refuses to send again
and to interpret: that is its user's decision.
"""

from __future__ import annotations

import abc
import contextlib
import fcntl
import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Final, Protocol, Self

from p4verify.targets.protocol.frames import Counters, Decoder, Encoder, Event

_READ_SIZE: Final = 1 << 20
_LAST_WORDS: Final = 4096
_CLOSING_SECONDS: Final = 2.0
Stream = IO[bytes]


class LinkError(Exception):
    """Nothing more can be expected of this exchange."""


class LinkTimeoutError(LinkError):
    """The other end did not answer (or take what was sent) in time; the link is still open."""


class LinkClosedError(LinkError):
    """The other end is gone. `status` is a process's exit status, if it has one; negative: the signal that ended it."""

    def __init__(self, message: str, status: int | None = None, last_words: str = "") -> None:
        super().__init__(f"{message}; it said last:\n{last_words}" if last_words else message)
        self.status = status
        self.last_words = last_words


class Link(Protocol):
    """What a target is spoken to through. Times are seconds."""

    @property
    def counters(self) -> Counters: ...

    def send(self, kind: int, payload: bytes = b"", timeout: float = 10.0) -> None: ...

    def receive(self, timeout: float) -> Event: ...

    def close(self) -> None: ...


class StreamLink(abc.ABC):
    """Frames over a byte stream; a medium implements `_read`, `_write` and `close`."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._decoder = Decoder()
        self._events: deque[Event] = deque()

    @property
    def counters(self) -> Counters:
        """What arrived and what did not, so far."""
        return self._decoder.counters

    def send(self, kind: int, payload: bytes = b"", timeout: float = 10.0) -> None:
        """Sends one frame; LinkTimeoutError when the other end does not take it, LinkClosedError when it is gone."""
        self._write(self._encoder.encode(kind, payload), time.monotonic() + timeout)

    def receive(self, timeout: float) -> Event:
        """The next frame or log text; LinkTimeoutError when none comes in time, LinkClosedError when none will."""
        deadline = time.monotonic() + timeout
        while not self._events:
            data = self._read(deadline)
            # At the end of the stream, what is held back comes first; the next call says that it is closed.
            self._events.extend(self._decoder.feed(data) if data else self._decoder.flush())
            if not data and not self._events:
                raise self._closed()
        return self._events.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @abc.abstractmethod
    def _read(self, deadline: float) -> bytes:
        """What has arrived, b"" at the end of the stream; LinkTimeoutError at the deadline."""

    @abc.abstractmethod
    def _write(self, data: bytes, deadline: float) -> None:
        """Sends all of `data`."""

    @abc.abstractmethod
    def _closed(self) -> LinkClosedError:
        """Why the stream ended."""

    @abc.abstractmethod
    def close(self) -> None:
        """Gives everything back; more than once is fine."""


class PipeLink(StreamLink):
    """A child process that speaks on its stdin and stdout; what it writes to stderr is kept as its last words.

    Both directions are served while sending, so that two full pipes never wait for each other.
    """

    def __init__(self, command: Sequence[str | os.PathLike[str]], env: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._name = os.fspath(command[0])
        pipe = subprocess.PIPE
        try:
            # In a group of its own: Ctrl-C on the terminal is for us, who then end the child in good order.
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, env=env, bufsize=0, process_group=0
            )
        except OSError as error:
            raise LinkClosedError(f"{self._name} could not be started: {error.strerror}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdin, self._stdout, self._stderr = self._process.stdin, self._process.stdout, self._process.stderr
        self._arrived = bytearray()
        self._last_words = b""
        self._selector = selectors.DefaultSelector()
        for stream in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(stream.fileno(), False)
        for stream in (self._stdout, self._stderr):
            self._selector.register(stream, selectors.EVENT_READ)
        self._widen()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """The end of what the child wrote to stderr."""
        return self._last_words.decode("utf-8", "replace").strip()

    def kill(self) -> None:
        """Ends the child at once, whatever it does; the link still has to be closed."""
        self._process.kill()

    def close(self) -> None:
        """Ends the child: by the end of its input, else by force."""
        self._selector.close()
        for stream in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):
                stream.close()
        self._reap()

    def _widen(self) -> None:
        """Fewer switches between two busy processes; the default is 64 KiB, more is a privilege on some machines."""
        for stream in (self._stdin, self._stdout):
            with contextlib.suppress(OSError):
                fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _READ_SIZE)

    def _read(self, deadline: float) -> bytes:
        while not self._arrived and self._open(self._stdout):
            self._serve(deadline, "answer")
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def _write(self, data: bytes, deadline: float) -> None:
        left = memoryview(data)
        if self._stdin.closed:
            raise LinkClosedError(f"the link to {self._name} has been closed")
        self._selector.register(self._stdin, selectors.EVENT_WRITE)
        try:
            while left:
                if self._stdin in self._serve(deadline, "take what was sent"):
                    left = left[os.write(self._stdin.fileno(), left) :]
        except BrokenPipeError as error:
            raise self._closed() from error
        finally:
            self._selector.unregister(self._stdin)

    def _open(self, stream: Stream) -> bool:
        return not stream.closed and stream in self._selector.get_map()

    def _serve(self, deadline: float, what: str) -> list[object]:
        """Waits for any pipe, takes in what there is to read, and returns the pipes that were ready."""
        ready = [key.fileobj for key, _ in self._selector.select(max(0.0, deadline - time.monotonic()))]
        if not ready and time.monotonic() >= deadline:
            raise LinkTimeoutError(f"{self._name} did not {what} in time")
        for stream in (self._stdout, self._stderr):
            if stream in ready:
                self._take(stream.fileno(), is_error=stream is self._stderr)
        return list(ready)

    def _take(self, descriptor: int, *, is_error: bool) -> None:
        data = os.read(descriptor, _READ_SIZE)
        if not data:
            self._selector.unregister(self._stderr if is_error else self._stdout)
        elif is_error:
            self._last_words = (self._last_words + data)[-_LAST_WORDS:]
        else:
            self._arrived += data

    def _closed(self) -> LinkClosedError:
        deadline = time.monotonic() + _CLOSING_SECONDS
        with contextlib.suppress(LinkTimeoutError):
            while self._open(self._stderr):
                self._serve(deadline, "close its stderr")
        status = self._reap()
        return LinkClosedError(f"{self._name} {_describe(status)}", status, self.last_words)

    def _reap(self) -> int:
        """The exit status; a child that has closed its end but lives on is killed."""
        try:
            return self._process.wait(_CLOSING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _describe(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
