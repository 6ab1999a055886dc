"""Programs for the remote event adapter: frames from the S3 gateway, what flash does meanwhile, and power that fails.

Frames come at 2 Hz, as the gateway sends them. Steps named "re.fine" carry a token whose values stay below the delta
threshold, so that nothing but time makes them worth a write. These families refuse to know what is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from p4verify.stateful.strategies import AUTONOMOUS, CONNECTED, Programs, Step, assemble, steps
from p4verify.verify.limits import DEFAULTS
from p4verify.verify.program import Program, Value

FRAME_MS = 500
STEADY_FRAMES = 20
"""Fewer tell nothing of how often flash is written."""
ROOT, NESTED, WITHOUT_CELLS, INVERTED, PARTIAL, STRANGER, CUT, MANY_CELLS, ABSURD, EMPTY, ENERGY_ONLY = range(11)
"""What a frame looks like, by the `variant` argument of re.telemetry."""
WHOLE = (ROOT, NESTED)
BROKEN = (INVERTED, PARTIAL, STRANGER, CUT, MANY_CELLS, ABSURD, EMPTY, ENERGY_ONLY, WITHOUT_CELLS)
OK, FAILS, FULL = 0, 1, 2
"""What the flash does, in stream "nvs"."""
BY_COMMIT, BY_SET = 0, 1
"""When a value is in flash, in stream "nvs.durability"."""
BEFORE_STEP, AFTER_STEP, BEFORE_FRAME, AFTER_FRAME, AT_MS = 1, 2, 3, 4, 5
"""Where the power fails, in stream "power"."""
HOSTILE = (
    "", "{", "[]", "null", "nan", '{"battery":', '{"battery":{}}', '{"battery":null}', '{"cell_voltage_mv":7}',
    '{"battery":{"pack_voltage_v":"x","cell_voltage_mv":[1,"2",null,{}]}}', '{"a":' * 12 + "1" + "}" * 12,
    '{"pack_voltage_v":1e400,"state_of_charge_pct":-1e400}', '{"cell_voltage_mv":[' + "3300," * 99 + "3300]}",
    '{"alerts":[{"id":1},{"id":"x"},7]}', '{"type":"event","data":5}', '{"enabled":true,"connected":"yes"}', "\\u0000",
)  # fmt: skip

CONFIG: Step = ("re.config", ())
ONLINE: Step = ("re.online", ())


def coded(code: int, rest: int) -> int:
    """One value of a stream whose millions say what happens."""
    return code * 1_000_000 + rest


def frame(variant: int = ROOT, cells: int = 4) -> Step:
    """A frame with a token of its own."""
    return ("re.telemetry", (cells, variant))


def fine(k: int) -> Step:
    """A frame that differs from the other fine ones by less than the delta threshold."""
    return ("re.fine", (k % 8, 4, ROOT))


def _stream(count: int, kinds: st.SearchStrategy[Step]) -> st.SearchStrategy[list[tuple[Step, int]]]:
    """So many frames, one every FRAME_MS."""
    return st.lists(kinds, min_size=count, max_size=count).map(lambda made: [(step, FRAME_MS) for step in made])


WHOLE_FRAMES = st.builds(frame, st.sampled_from(WHOLE), st.sampled_from((4, 8)))
FINE_FRAMES = st.builds(fine, st.integers(0, 7))
BROKEN_FRAMES = st.builds(frame, st.sampled_from(BROKEN))


@st.composite
def frames(draw: st.DrawFn, flush_ms: int) -> Program:
    """Good frames while others switch modes and read: nothing of them may be torn, lost or written in the callback."""
    stream = draw(_stream(draw(st.integers(2, 6)), WHOLE_FRAMES | FINE_FRAMES))
    kinds = (AUTONOMOUS, CONNECTED, ("re.mode", (True,)), ("re.mode", (False,)), ONLINE, ("np.metrics", ()))
    others = draw(st.lists(steps(kinds, (FRAME_MS, 0, 10), 3), max_size=2))
    priorities = (5, 5, draw(st.sampled_from((4, 6))))
    settle = draw(st.sampled_from((flush_ms + FRAME_MS, FRAME_MS)))
    return assemble([stream, *others], priorities, {}, settle, ())


@st.composite
def crossing(draw: st.DrawFn, flush_ms: int) -> Program:
    """Frames of two websockets and a configuration over HTTP arrive in the very tick in which the cache is flushed."""
    at = draw(st.sampled_from((flush_ms, flush_ms + 10, FRAME_MS)))
    first = [(frame(), 0), (frame(NESTED), at), *draw(steps((frame(), fine(1)), (0, FRAME_MS), 2))]
    second = [(frame(cells=8), at), *draw(steps((frame(), CONFIG, ONLINE), (0, FRAME_MS), 2))]
    return assemble([first, second], (5, draw(st.sampled_from((5, 4)))), {}, flush_ms + FRAME_MS, ())


@st.composite
def steady(draw: st.DrawFn, flush_ms: int) -> Program:
    """A quiet time at 2 Hz, longer than the cache waits: changes below the threshold, or all of them above it."""
    loud, count = draw(st.booleans()), max(STEADY_FRAMES, flush_ms // FRAME_MS) + draw(st.integers(1, 3))
    stream = [(frame() if loud else fine(number), FRAME_MS) for number in range(count)]
    return assemble([stream], (5,), {}, FRAME_MS, ())


@st.composite
def power_cuts(draw: st.DrawFn, flush_ms: int) -> Program:
    """The power fails around a write or a frame, once or twice, and what comes back is looked at.

    Mostly when the first frames are older than the flush interval, so that they must be in flash.
    """
    early = [(frame(), FRAME_MS), *draw(_stream(draw(st.integers(0, 3)), WHOLE_FRAMES | FINE_FRAMES))]
    late = [(frame(), flush_ms + 4 * FRAME_MS), *draw(_stream(draw(st.integers(0, 2)), WHOLE_FRAMES | FINE_FRAMES))]
    between = st.integers(flush_ms + 2 * FRAME_MS, flush_ms + 4 * FRAME_MS)
    old = st.builds(coded, st.just(AT_MS), between | st.integers(flush_ms, 2 * flush_ms))
    around = st.sampled_from((AFTER_FRAME, BEFORE_FRAME))
    then = st.builds(coded, around, st.integers(len(early) + 1, len(early) + len(late)))
    soon = st.builds(coded, st.sampled_from((AFTER_STEP, BEFORE_STEP)), st.integers(1, 8))
    again = st.builds(coded, st.just(AT_MS), st.integers(1, flush_ms))
    environment = {
        "power": [draw(old | then | soon | st.builds(coded, around, st.integers(1, len(early)))),
                  *draw(st.lists(again, max_size=1))],
        "nvs.durability": [draw(st.integers(0, 1))],
        "nvs": draw(st.just([]) | _failing(2) | _flash(3)),
    }  # fmt: skip
    return assemble([[*early, *late]], (5,), environment, flush_ms + FRAME_MS, ())


def _failing(most: int) -> st.SearchStrategy[list[int]]:
    """The first steps fail, and nothing else."""
    return st.integers(1, most).map(lambda count: [coded(FAILS, 4000)] * count)


def _flash(most: int) -> st.SearchStrategy[list[int]]:
    """Mostly it works."""
    return st.lists(st.builds(coded, st.sampled_from((OK, OK, FAILS, FULL)), st.just(4000)), max_size=most)


@st.composite
def worn_flash(draw: st.DrawFn, flush_ms: int) -> Program:
    """Writes fail now and then: what failed is tried again, and nothing newer is taken for stored, as a cut tells."""
    stream = [(frame(), FRAME_MS), *draw(_stream(draw(st.integers(0, 4)), WHOLE_FRAMES))]
    configs = draw(st.lists(st.just((CONFIG, FRAME_MS)), max_size=2))
    environment = {
        "nvs": [*draw(_failing(4)), *draw(_flash(4))],
        "power": draw(st.sampled_from(([coded(AT_MS, 2 * flush_ms)], []))),
    }
    return assemble([[*stream, *configs]], (5,), environment, 2 * flush_ms, ())


@st.composite
def configurations(draw: st.DrawFn, flush_ms: int) -> Program:
    """A configuration arrives, and the power fails some time later."""
    kinds = (frame(), CONFIG, ONLINE)
    stream = [(CONFIG, FRAME_MS), *draw(steps(kinds, (FRAME_MS, 0), 3))]
    wait = [(frame(), draw(st.sampled_from((FRAME_MS, flush_ms, 2 * flush_ms))))]
    cut = coded(*draw(st.sampled_from(((AFTER_FRAME, 1), (AFTER_FRAME, 2), (AFTER_STEP, 1), (AFTER_STEP, 2)))))
    environment = {"power": [cut], "nvs": draw(_flash(2)), "nvs.durability": [draw(st.integers(0, 1))]}
    return assemble([[*stream, *wait]], (5,), environment, flush_ms + FRAME_MS, ())


@st.composite
def hostile_frames(draw: st.DrawFn, flush_ms: int) -> Program:
    """Whatever may come over the network, between good frames: the last good state stays."""
    texts = st.sampled_from(HOSTILE) | st.text(max_size=40)
    garbage = st.tuples(st.just("re.json"), st.tuples(st.integers(0, 3), texts))
    stream = [(frame(), 0), *draw(_stream(draw(st.integers(1, 5)), garbage | BROKEN_FRAMES)), (frame(), FRAME_MS)]
    return assemble([stream], (5,), {}, flush_ms + FRAME_MS, ())


@st.composite
def broken_frames(draw: st.DrawFn) -> Program:
    """Frames that lack something, or lie, between good ones."""
    lacking = st.builds(frame, st.sampled_from((PARTIAL, STRANGER, CUT, ABSURD, EMPTY, ENERGY_ONLY, WITHOUT_CELLS)))
    broken = [(draw(lacking), FRAME_MS), *draw(_stream(draw(st.integers(0, 2)), BROKEN_FRAMES))]
    stream = [(frame(), 0), *broken, (frame(NESTED), FRAME_MS)]
    return assemble([stream], (5,), {}, FRAME_MS, ())


def gateway_families(config: Mapping[str, Value]) -> Mapping[str, Programs]:
    """The families for a firmware with these CONFIG values."""
    flush = int(config.get("CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS", DEFAULTS["flush_interval_ms"]))
    made: Sequence[tuple[str, Programs]] = (
        ("frames", frames(flush)), ("cuts", power_cuts(flush)), ("crossing", crossing(flush)),
        ("flash", worn_flash(flush)), ("broken", broken_frames()), ("configs", configurations(flush)),
        ("steady", steady(flush)), ("hostile", hostile_frames(flush)),
    )  # fmt: skip
    return dict(made)
