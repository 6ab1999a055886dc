"""Programs for the TinyBMS client: callers that read and write at once, and a BMS that answers as it likes.

Registers 0x0100 on answer every read with a value of its own, so that an answer names its request. These families
refuse to know what is right.
"""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from p4verify.stateful.gateway_families import coded
from p4verify.stateful.strategies import AUTONOMOUS, CONNECTED, PRIORITIES, Programs, Step, assemble, steps
from p4verify.verify.program import Program, Value

OK, SILENT, WRONG_CRC, NACK, LATE, UNSOLICITED, TRUNCATED, NOISE, OTHER_ADDRESS = range(9)
"""What the BMS does, in stream "bms"."""
QUICK_US = 5000
LATENCIES_US = (QUICK_US, 20_000, 60_000, 800_000)
AT_BOOT = coded(OK, QUICK_US)
"""To the request by which a client looks whether somebody is there."""
STATS: Step = ("tc.stats", ())
RESTART: Step = ("tc.restart", ())


def read(number: int) -> Step:
    """Of a register that never answers the same twice."""
    return ("tc.read", (0x0100 + number,))


def write(number: int, value: int) -> Step:
    """To a register that keeps what it is given."""
    return ("tc.write", (0x0200 + number, value))


READS = st.builds(read, st.integers(0, 3))
WRITES = st.builds(write, st.integers(0, 2), st.integers(1, 4).map(lambda n: 1000 * n))


def _answers(most: int) -> st.SearchStrategy[list[int]]:
    kinds = st.sampled_from((OK, LATE, SILENT, WRONG_CRC, NACK, UNSOLICITED, TRUNCATED, NOISE, OTHER_ADDRESS))
    return st.lists(st.builds(coded, kinds, st.sampled_from(LATENCIES_US)), max_size=most)


def _calls(kinds: st.SearchStrategy[Step], most: int) -> st.SearchStrategy[list[tuple[Step, int]]]:
    return st.lists(st.tuples(kinds, st.sampled_from((0, 10, 500, 100))), min_size=1, max_size=most)


@st.composite
def conversations(draw: st.DrawFn) -> Program:
    """Two or three callers; the BMS answers, errs, and comes too late."""
    tasks = [draw(_calls(READS | WRITES, 3)) for _ in range(draw(st.integers(2, 3)))]
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=3, max_size=3))
    environment = {"bms": draw(_answers(6)), "bms.dialect": [draw(st.integers(0, 1))]}
    return assemble(tasks, priorities, environment, 3000, ("tc.stats",))


@st.composite
def late_answers(draw: st.DrawFn) -> Program:
    """The first answer comes when its caller has given up: it must not answer the next request."""
    tasks = [[(read(0), 0), (read(1), draw(st.sampled_from((0, 10, 700, 750)))), (read(2), 0)], draw(_calls(READS, 2))]
    late = coded(LATE, draw(st.sampled_from((60_000, 755_000, 800_000, 2_000_000))))
    answers = [AT_BOOT, late, *draw(_answers(3))]
    return assemble(tasks, (5, draw(st.sampled_from((4, 5)))), {"bms": answers}, 4000, ("tc.stats",))


@st.composite
def halves(draw: st.DrawFn) -> Program:
    """Half a reply comes late, and then nothing: what came must not give the attempt more time."""
    late = st.builds(coded, st.just(TRUNCATED), st.sampled_from((400_000, 100_000, 700_000)))
    answers = [AT_BOOT, draw(late), *draw(st.lists(late, max_size=1)), *draw(_answers(2))]
    tasks = [[(read(0), 0), *draw(_calls(READS, 1))], draw(_calls(READS | WRITES, 2))]
    environment = {"bms": answers, "bms.dialect": [draw(st.integers(0, 1))]}
    return assemble(tasks, (5, draw(st.sampled_from((4, 5)))), environment, 4000, ("tc.stats",))


@st.composite
def silence(draw: st.DrawFn) -> Program:
    """Nobody answers while the model polls and two callers read: nobody waits beyond the configured time."""
    tasks = [[(AUTONOMOUS, 0), *draw(_calls(READS, 2))], draw(_calls(READS, 2)), draw(_calls(WRITES, 1))]
    environment = {"bms": [coded(SILENT, 0)] * 40, "tinybms": [0] * 10}
    return assemble(tasks, (4, 5, 4), environment, 3000, ("tc.stats",))


@st.composite
def writes(draw: st.DrawFn) -> Program:
    """Writes that are verified, beside reads: refused, garbled, slow; none begins after its caller was told."""
    tasks = [draw(_calls(WRITES, 2)), draw(_calls(WRITES | READS, 2))]
    kinds = st.sampled_from((NACK, OK, WRONG_CRC, OK, SILENT, TRUNCATED))
    answers = draw(st.lists(st.builds(coded, kinds, st.sampled_from(LATENCIES_US)), max_size=4))
    return assemble(tasks, (5, 4), {"bms": [AT_BOOT, *answers]}, 4000, ("tc.stats",))


@st.composite
def floods(draw: st.DrawFn) -> Program:
    """More requests at once than the queue holds, from more tasks than it has room for."""
    tasks = [[(read(number % 4), 0), *draw(_calls(READS, 2))] for number in range(draw(st.integers(3, 8)))]
    environment = {"bms": draw(st.just([coded(SILENT, 0)] * 12) | _answers(6))}
    return assemble(tasks, (5, 4, 5, 4, 5, 4, 5, 4), environment, 4000, ("tc.stats",))


@st.composite
def polling(draw: st.DrawFn) -> Program:
    """The model polls, modes change, a GUI reads and looks at the figures."""
    modes = [(AUTONOMOUS, 0), *draw(steps((CONNECTED, AUTONOMOUS, STATS), (500, 20, 0), 2))]
    gui = draw(_calls(READS | st.sampled_from((STATS, RESTART)) | WRITES, 3))
    environment = {"bms": draw(_answers(4)), "tinybms": draw(st.lists(st.sampled_from((300, 302, 0)), max_size=3))}
    return assemble([modes, gui], (5, 4), environment, 1500, ("tc.stats",))


@st.composite
def queued(draw: st.DrawFn) -> Program:
    """Requests come one after another while the BMS takes its time: they go out in the order in which they came."""
    count, apart_ms = draw(st.integers(3, 4)), draw(st.sampled_from((10, 6, 20)))
    kinds = draw(st.lists(st.booleans(), min_size=count, max_size=count))
    asked = [read(number) if reads else write(number, 1000) for number, reads in enumerate(kinds)]
    tasks = [[(step, 100 + apart_ms * number)] for number, step in enumerate(asked)]
    slow = st.builds(coded, st.just(OK), st.sampled_from((30_000, 15_000, 60_000)))
    answers = [AT_BOOT, *draw(st.lists(slow, min_size=2 * count, max_size=2 * count))]
    return assemble(tasks, (5, 4, 5, 4), {"bms": answers}, 2000, ("tc.stats",))


def bms_families(_config: Mapping[str, Value]) -> Mapping[str, Programs]:
    """The families."""
    return {
        "conversations": conversations(), "late": late_answers(), "halves": halves(), "silence": silence(),
        "writes": writes(), "floods": floods(), "polling": polling(),
        "queued": queued(),
    }  # fmt: skip
