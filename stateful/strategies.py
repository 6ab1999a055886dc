"""Programs, as Hypothesis strategies. One family per component, and one for the whole system.

A program's events carry tokens that nobody else in it carries: S3's are odd, TinyBMS' even, given in order of
appearance, so that shrinking an operation away never changes what the others mean. Delays are drawn from the moments
at which the firmware itself acts (its periods), because two things that never happen at the same virtual time can
never interleave.

These families refuse to know what is right: they only make things meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from hypothesis import strategies as st

from p4verify.verify.program import Invocation, Program, Task, Value

Programs = st.SearchStrategy[Program]
Step = tuple[str, tuple[Value, ...]]
"""An operation, and its arguments but for the token."""

PRIORITIES = (5, 4, 6, 1)
"""Of the tasks that call in: GUI, MQTT and main have these."""
POLL_MS, POLL_STEP_MS = 500, 20
TICK_MS = 10
HTTP_OK, HTTP_FAILS, HTTP_LATE = 0, 1, 2
"""What the HTTP double does: answers, fails, or delivers and then reports failure."""
FINE = 400
"""The first of the tokens whose values differ by less than the delta threshold (verify/tokens.py)."""
NAMES = {"re.fine": "re.telemetry"}
"""Steps that are another operation with tokens of another kind."""


def http_answer(kind: int, cost_us: int) -> int:
    """One value of the environment stream "http"."""
    return kind * 1_000_000 + cost_us


class _Tokens:
    """Gives out tokens in order; a program has at most 99 events of each source."""

    def __init__(self) -> None:
        self._next = {"s3": count(3, 2), "tinybms": count(202, 2)}

    def complete(self, step: Step) -> tuple[Value, ...]:
        operation, rest = step
        if operation == "bus.register":
            return (*rest, next(self._next["tinybms"]))
        if operation in ("bus.battery", "bus.pack", "re.telemetry", "re.config"):
            return (next(self._next["s3"]), *rest)
        if operation == "re.fine":
            return (FINE + int(rest[0]), *rest[1:])
        return rest


def assemble(
    tasks: Sequence[Sequence[tuple[Step, int]]],
    priorities: Sequence[int],
    environment: Mapping[str, Sequence[int]],
    settle_ms: int,
    final: Sequence[str],
) -> Program:
    """The program of these steps, each with the delay before it; one list and one priority per task."""
    tokens = _Tokens()
    made = tuple(
        Task(
            f"task_{'abcdefgh'[number]}",
            tuple(Invocation(NAMES.get(step[0], step[0]), tokens.complete(step), delay) for step, delay in calls),
            priorities[number],
        )
        for number, calls in enumerate(tasks)
    )
    streams = {name: tuple(values) for name, values in environment.items() if values}
    return Program(made, streams, settle_ms, tuple(Invocation(name) for name in final))


def steps(kinds: Sequence[Step], delays: Sequence[int], most: int) -> st.SearchStrategy[list[tuple[Step, int]]]:
    """One to `most` steps, each with the delay before it."""
    return st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(delays)), min_size=1, max_size=most)


def _http(most: int) -> st.SearchStrategy[list[int]]:
    """Answers of all kinds; or a server so quick that posts end in the tick in which they began, where things meet."""
    kinds = st.sampled_from((HTTP_OK, HTTP_FAILS, HTTP_LATE, HTTP_FAILS))
    costs = st.sampled_from((2000, 0, 20_000, 400_000))
    mixed = st.lists(st.builds(http_answer, kinds, costs), max_size=most)
    return mixed | st.just([http_answer(HTTP_OK, 0)] * 3 * most)


BATTERY: Step = ("bus.battery", ())
PACK: Step = ("bus.pack", (4,))
WIDE_PACK: Step = ("bus.pack", (8,))
ONLINE: Step = ("bus.system", (True,))
OFFLINE: Step = ("bus.system", (False,))
NP_METRICS: Step = ("np.metrics", ())
BUS_METRICS: Step = ("bus.metrics", ())
AUTONOMOUS: Step = ("bus.mode", (True,))
CONNECTED: Step = ("bus.mode", (False,))
PLUGGED: Step = ("bus.tinybms", (True,))
UNPLUGGED: Step = ("bus.tinybms", (False,))
MQTT_UP: Step = ("bus.mqtt", (True,))
MQTT_DOWN: Step = ("bus.mqtt", (False,))


def _cell(number: int) -> Step:
    return ("bus.register", (8 + number,))


def _register(number: int) -> Step:
    return ("bus.register", (number,))


@st.composite
def publisher_programs(draw: st.DrawFn, period_ms: int = 1000) -> Program:
    """Events, metrics reads and reconnections that meet the publisher's period. Connected mode: nothing polls."""
    delays = (0, period_ms, TICK_MS, 2 * period_ms)
    source = [(BATTERY, 0), (PACK, 0), *draw(steps((BATTERY, PACK, BATTERY, WIDE_PACK), delays, 4))]
    kinds = (NP_METRICS, ONLINE, OFFLINE, BATTERY)
    others = draw(st.lists(steps(kinds, (period_ms, 0, 2 * period_ms), 4), max_size=2))
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=3, max_size=3))
    environment = {"http": draw(_http(6))}
    settle = draw(st.sampled_from((period_ms, 3 * period_ms)))
    return assemble([source, *others], priorities, environment, settle, ("np.metrics", "bus.metrics"))


@st.composite
def backlog_programs(draw: st.DrawFn, period_ms: int = 1000, capacity: int = 8) -> Program:
    """Points pile up while the server is away, and drain when it comes back: the ring and its counters under stress."""
    away = draw(st.integers(1, 3) | st.integers(capacity, capacity + 2))
    source = [(BATTERY, 0), (PACK, 0), (OFFLINE, 0), *draw(steps((BATTERY, PACK), (period_ms, 0), 3))]
    back = [(ONLINE, away * period_ms), *draw(steps((ONLINE, OFFLINE, ONLINE), (0, TICK_MS, period_ms), 2))]
    reader = [(NP_METRICS, away * period_ms), *draw(steps((NP_METRICS,), (0, TICK_MS, period_ms), 3))]
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=3, max_size=3))
    environment = {"http": draw(_http(6))}
    return assemble([source, back, reader], priorities, environment, 2 * period_ms, ("np.metrics", "bus.metrics"))


@st.composite
def reconnects(draw: st.DrawFn, period_ms: int = 1000) -> Program:
    """The server comes back in the very tick in which the publisher wakes: two tasks drain one ring."""
    away = draw(st.integers(1, 3))
    source = [(BATTERY, 0), (PACK, 0), (OFFLINE, 0)]
    back = [(ONLINE, (away + 1) * period_ms), *draw(steps((NP_METRICS, ONLINE), (0, TICK_MS), 2))]
    environment = {"http": [http_answer(HTTP_OK, draw(st.sampled_from((0, 0, 2000))))] * 9}
    priorities = (5, draw(st.sampled_from((4, 6))))
    return assemble([source, back], priorities, environment, period_ms // 2, ("np.metrics",))


@st.composite
def failing_posts(draw: st.DrawFn, period_ms: int = 1000) -> Program:
    """Posts fail although the network is reported reachable: each must be tried again by itself."""
    source = [(BATTERY, 0), (PACK, 0), (ONLINE, 0), *draw(steps((BATTERY, PACK), (period_ms, 0), 2))]
    kinds = st.sampled_from((HTTP_FAILS, HTTP_LATE, HTTP_OK))
    answers = draw(st.lists(st.builds(http_answer, kinds, st.sampled_from((2000, 0, 20_000))), max_size=3))
    reader = draw(steps((NP_METRICS, BATTERY), (period_ms, 0, 2 * period_ms), 2))
    environment = {"http": [http_answer(HTTP_FAILS, 20_000), *answers]}
    return assemble([source, reader], (5, 4), environment, 2 * period_ms, ("np.metrics", "bus.metrics"))


@st.composite
def arrivals(draw: st.DrawFn, record: Step, period_ms: int = 1000) -> Program:
    """One record arrives in the very tick in which a point is made; alone, since one torn beside it would hide it."""
    arrivals = [(record, period_ms)] * draw(st.sampled_from((4, 3, 5)))
    source = [(BATTERY, 0), (PACK, 0), (ONLINE, 0), *arrivals]
    priorities = (5, draw(st.sampled_from((5, 4, 6))))
    return assemble([source, arrivals], priorities, {"http": draw(_http(4))}, period_ms // 2, ("np.metrics",))


@st.composite
def cell_updates(draw: st.DrawFn) -> Program:
    """Cells change in the very tick in which the model polls: two tasks work out one pack."""
    source = [(AUTONOMOUS, 0), (_cell(0), 0), *draw(steps((_cell(0), _cell(1)), (POLL_MS, 0), 2))]
    other = draw(steps((_cell(1), _cell(2), _register(0)), (POLL_MS, 0, POLL_STEP_MS), 2))
    return assemble([source, other], (5, 5), {}, 5 * POLL_STEP_MS, ())


@st.composite
def overflows(draw: st.DrawFn, period_ms: int = 1000, capacity: int = 8) -> Program:
    """More points than the ring holds while the server is away, read at rest."""
    full = (capacity + draw(st.integers(1, 2))) * period_ms
    source = [(BATTERY, 0), (PACK, 0), (OFFLINE, 0), (NP_METRICS, full + period_ms // 2)]
    others = draw(steps((BATTERY, NP_METRICS, OFFLINE), (period_ms, 2 * period_ms), 3))
    return assemble([source, others], (5, 4), {}, draw(st.sampled_from((0, period_ms))), ("np.metrics", "bus.metrics"))


@st.composite
def flag_keepers(draw: st.DrawFn) -> Program:
    """Connection flags, then mode changes, then a whole round of polling that shows them."""
    flags = [(draw(st.sampled_from((MQTT_UP, PLUGGED, MQTT_DOWN))), 0) for _ in range(draw(st.integers(1, 3)))]
    modes = [(AUTONOMOUS, 0), *draw(steps((CONNECTED, AUTONOMOUS), (0, POLL_MS, POLL_STEP_MS), 2)), (AUTONOMOUS, 0)]
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=2, max_size=2))
    tasks = [[*flags, *modes], draw(steps((MQTT_UP, _register(0), _cell(0)), (0, POLL_MS, 2 * POLL_MS), 2))]
    return assemble(tasks, priorities, {}, 2 * POLL_MS, ("bus.metrics",))


@st.composite
def telemetry_programs(draw: st.DrawFn) -> Program:
    """Register updates, connection flags and mode switches around the moments at which the model polls."""
    delays = (0, POLL_MS, POLL_STEP_MS, TICK_MS, 5 * POLL_STEP_MS)
    registers = tuple(_register(number) for number in range(5))
    cells = (_cell(0), _cell(1), _cell(2))
    first = [(AUTONOMOUS, 0), *draw(steps((*cells, *registers, CONNECTED, AUTONOMOUS), delays, 5))]
    second = draw(steps((*cells, AUTONOMOUS, CONNECTED, PLUGGED, UNPLUGGED, MQTT_UP, MQTT_DOWN), delays, 4))
    third = draw(st.lists(steps((*cells, CONNECTED, AUTONOMOUS), delays, 3), max_size=1))
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=3, max_size=3))
    environment = {"tinybms": draw(st.lists(st.sampled_from((0, 300, 302, 304)), max_size=4))}
    settle = draw(st.sampled_from((POLL_MS, 2 * POLL_MS)))
    return assemble([first, second, *third], priorities, environment, settle, ("bus.metrics",))


@st.composite
def mode_storms(draw: st.DrawFn) -> Program:
    """S3 and TinyBMS alternate as fast as the bus allows, while the model polls."""
    flips = draw(st.integers(1, 4))
    storm = [(AUTONOMOUS, 0), (_cell(0), 0), (_cell(1), 0)]
    for _ in range(flips):
        storm += [(CONNECTED, draw(st.sampled_from((POLL_MS, POLL_MS + POLL_STEP_MS, 0, POLL_STEP_MS)))),
                  (AUTONOMOUS, draw(st.sampled_from((POLL_STEP_MS, 0, POLL_MS))))]  # fmt: skip
    feeder = draw(steps((_cell(0), _cell(1), _register(0), _register(2)), (0, POLL_MS, POLL_STEP_MS), 4))
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=2, max_size=2))
    return assemble([storm, feeder], priorities, {}, POLL_MS, ("bus.metrics",))


@st.composite
def resets(draw: st.DrawFn) -> Program:
    """A pack is known, the source changes and comes back, new cells make a new pack: nothing of the old may show."""
    storm = [(AUTONOMOUS, 0), (_cell(0), 0), (_cell(1), 0), (CONNECTED, POLL_MS), (AUTONOMOUS, 0), (_cell(2), 0)]
    feeder = [(_cell(1), POLL_MS), *draw(steps((_cell(0), _cell(2)), (0, POLL_STEP_MS, POLL_MS), 2))]
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=2, max_size=2))
    return assemble([storm, feeder], priorities, {}, POLL_MS, ())


@st.composite
def system_programs(draw: st.DrawFn, period_ms: int = 1000) -> Program:
    """Everything at once: events of both sources, mode switches, network flaps, readers."""
    delays = (0, POLL_MS, period_ms, POLL_STEP_MS)
    source = [(BATTERY, 0), (PACK, 0), *draw(steps((BATTERY, PACK, ONLINE, OFFLINE), delays, 3))]
    modes = draw(steps((AUTONOMOUS, CONNECTED, _cell(0), _cell(1), _register(0), MQTT_UP, PLUGGED), delays, 4))
    reader = draw(steps((NP_METRICS, BUS_METRICS, ONLINE), delays, 3))
    priorities = draw(st.lists(st.sampled_from(PRIORITIES), min_size=3, max_size=3))
    environment = {"http": draw(_http(4))}
    return assemble([source, modes, reader], priorities, environment, period_ms, ("np.metrics", "bus.metrics"))


@st.composite
def bursts(draw: st.DrawFn) -> Program:
    """More events at once than the bus' queue holds: drops must be counted, order kept, nothing lost silently."""
    size = draw(st.integers(10, 24))
    kinds = st.sampled_from((BATTERY, PACK, MQTT_UP, ONLINE))
    tasks = [[(draw(kinds), 0) for _ in range(size)] for _ in range(draw(st.integers(2, 3)))]
    return assemble(tasks, (6, 6, 5), {}, 1000, ("np.metrics", "bus.metrics"))
