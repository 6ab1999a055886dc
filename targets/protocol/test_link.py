"""PipeLink against children that behave, and against those that do not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from p4verify.targets.protocol.frames import PAYLOAD_MAX, Encoder, Frame, LogText
from p4verify.targets.protocol.link import LinkClosedError, LinkTimeoutError, PipeLink

ECHO = """
import sys
from p4verify.targets.protocol.frames import Decoder, Encoder, Frame
decoder, encoder = Decoder(), Encoder()
while data := sys.stdin.buffer.raw.read(4096):
    for event in decoder.feed(data):
        if isinstance(event, Frame):
            sys.stdout.buffer.write(encoder.encode(event.type, event.payload))
    sys.stdout.flush()
"""


def child(source: str) -> PipeLink:
    return PipeLink([sys.executable, "-c", source])


def flood(link: PipeLink, timeout: float) -> None:
    """More than any pipe holds."""
    for _ in range(100):
        link.send(1, bytes(PAYLOAD_MAX), timeout)


def test_frames_go_and_come() -> None:
    with child(ECHO) as link:
        for number in range(3):
            link.send(0x10 + number, bytes([number]))
        assert [link.receive(60) for _ in range(3)] == [Frame(0x10 + n, n, bytes([n])) for n in range(3)]
        assert link.counters.frames == 3


def test_two_full_pipes_do_not_wait_for_each_other() -> None:
    with child(ECHO) as link:
        payload = bytes(range(256)) * (PAYLOAD_MAX // 256)
        for _ in range(64):
            link.send(1, payload, timeout=60)
        assert all(link.receive(60) == Frame(1, number, payload) for number in range(64))


def test_text_between_frames_is_a_log() -> None:
    with child(f"import os; os.write(1, b'boot\\n' + {Encoder().encode(5)!r} + b'bye')") as link:
        assert [link.receive(60) for _ in range(3)] == [LogText(b"boot\n"), Frame(5, 0, b""), LogText(b"bye")]
        with pytest.raises(LinkClosedError, match="ended with status 0"):
            link.receive(60)


def test_silence_is_a_time_out_and_the_link_goes_on() -> None:
    with child(ECHO) as link:
        with pytest.raises(LinkTimeoutError, match="did not answer in time"):
            link.receive(0)
        link.send(7)
        assert link.receive(60) == Frame(7, 0, b"")


def test_a_child_that_does_not_read_is_a_time_out() -> None:
    with child(
        "import sys, time; sys.stdout.write('x'); sys.stdout.flush(); sys.stderr.close(); time.sleep(600)"
    ) as link:
        with pytest.raises(LinkTimeoutError, match="did not take what was sent in time"):
            flood(link, timeout=0)
        link.kill()


def test_a_dead_child_says_how_and_what_it_said_last() -> None:
    with child("import sys; print('the last words', file=sys.stderr); sys.exit(3)") as link:
        with pytest.raises(LinkClosedError, match="ended with status 3; it said last:\nthe last words") as caught:
            link.receive(60)
        assert (caught.value.status, caught.value.last_words) == (3, "the last words")
        with pytest.raises(LinkClosedError):
            link.receive(60)


def test_a_child_killed_by_a_signal_says_which() -> None:
    with child("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)") as link:
        with pytest.raises(LinkClosedError, match="was ended by SIGSEGV") as caught:
            link.receive(60)
        assert caught.value.status == -11


def test_sending_to_a_dead_child_says_so() -> None:
    with child("import sys; sys.exit('no')") as link, pytest.raises(LinkClosedError, match=r"status 1; .*\nno"):
        flood(link, timeout=60)


def test_only_the_end_of_what_a_child_says_is_kept() -> None:
    with child("import sys; sys.stderr.write('y' * 100000 + 'end')") as link:
        with pytest.raises(LinkClosedError):
            link.receive(60)
        assert len(link.last_words) <= 4096
        assert link.last_words.endswith("yend")


def test_what_cannot_be_started_is_a_closed_link(tmp_path: Path) -> None:
    with pytest.raises(LinkClosedError, match="could not be started: No such file"):
        PipeLink([tmp_path / "nothing"])


def test_a_closed_link_stays_closed() -> None:
    link = child(ECHO)
    link.close()
    link.close()
    with pytest.raises(LinkClosedError):
        link.send(1)
    with pytest.raises(LinkClosedError):
        link.receive(60)
