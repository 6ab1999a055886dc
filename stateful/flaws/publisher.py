"""Flaws of the network publisher."""

from __future__ import annotations

from p4verify.stateful.flaws.flaw import DELAYS, ONCE, RACES, WORDS, Edit, Flaw, Trial
from p4verify.stateful.strategies import (
    BATTERY,
    HTTP_FAILS,
    HTTP_OK,
    NP_METRICS,
    OFFLINE,
    ONLINE,
    PACK,
    Step,
    assemble,
    http_answer,
)

FILE = "network/network_publisher.c"
PERIOD_MS = 1000
FAILS, OK = http_answer(HTTP_FAILS, 20_000), http_answer(HTTP_OK, 2000)
AT_ONCE = http_answer(HTTP_OK, 0)
START: list[tuple[Step, int]] = [(BATTERY, 0), (PACK, 0)]

TOGETHER = Trial(
    assemble([[*START, (ONLINE, 0), *[(BATTERY, PERIOD_MS)] * 4]], (5,), {"http": (AT_ONCE,) * 9}, PERIOD_MS // 2, ()),
    (DELAYS, WORDS),
)
"""An event arrives in the tick in which a point is made."""
BACKLOG = Trial(
    assemble(
        [[*START, (OFFLINE, 0), (BATTERY, 1500)], [(ONLINE, 3500)], [(NP_METRICS, 3600), (NP_METRICS, 1000)]],
        (5, 4, 4), {"http": (FAILS, *[OK] * 9)}, PERIOD_MS, (),
    ),
    (ONCE,),
)  # fmt: skip
"""Points wait; when the network is back, the first post fails."""
OVERFLOW = Trial(
    assemble([[*START, (OFFLINE, 0), (NP_METRICS, 6500)]], (5,), {}, PERIOD_MS // 2, ("np.metrics",)), (ONCE,)
)
READING = assemble(
    [[*START, (OFFLINE, 0)], [(ONLINE, 2000)], [(NP_METRICS, 2000), (NP_METRICS, 0)]],
    (5, 4, 4), {"http": (AT_ONCE,) * 9}, PERIOD_MS // 2, ("np.metrics",),
)  # fmt: skip
"""The figures are read in the tick in which points are sent."""
LATE_FAILURE = Trial(
    assemble(
        [[*START, (ONLINE, 0), (OFFLINE, PERIOD_MS + 100), (ONLINE, 0)]], (5,),
        {"http": (http_answer(HTTP_FAILS, 400_000), *[OK] * 9)}, 4 * PERIOD_MS, (),
    ),
    (ONCE,),
)  # fmt: skip
"""A reconnection is reported while a post is under way that will fail."""
STEADY = Trial(assemble([[*START, (ONLINE, 0)]], (5,), {}, 3 * PERIOD_MS, ()), (ONCE,))
FAILURE = Trial(
    assemble([[*START, (ONLINE, 0)]], (5,), {"http": (FAILS, *[OK] * 9)}, 5 * PERIOD_MS, ("np.metrics",)), (ONCE,)
)

PUT_BACK = "            buffer_put_back(point);\n"

PUBLISHER = (
    Flaw(
        "np.point-intact",
        "A battery event is stored without the lock.",
        (
            Edit(
                FILE,
                "    with_state_lock() {\n        s_state.last_batt = ",
                "    {\n        s_state.last_batt = ",
            ),
        ),
        TOGETHER,
    ),
    Flaw(
        "np.fifo",
        "A point that could not be sent goes to the end of the ring.",
        (Edit(FILE, PUT_BACK, "            buffer_push(point);\n"),),
        BACKLOG,
    ),
    Flaw(
        "np.conservation",
        "A point that could not be sent is forgotten.",
        (Edit(FILE, PUT_BACK, ""),),
        BACKLOG,
        frozenset({"np.collisions-counted"}),
    ),
    Flaw(
        "np.collisions-counted",
        "The ring drops its oldest point without counting it.",
        (
            Edit(
                FILE,
                "    s_state.count--;\n    s_state.metrics.overwritten_points++;\n",
                "    s_state.count--;\n",
            ),
        ),
        OVERFLOW,
        frozenset({"np.conservation"}),
    ),
    Flaw(
        "np.monotone",
        "A failed post counts as published.",
        (
            Edit(
                FILE,
                "publish_errors++;\n",
                "publish_errors++;\n            s_state.metrics.published_points++;\n",
            ),
        ),
        BACKLOG,
        frozenset({"np.metrics-coherent", "np.conservation"}),
    ),
    Flaw(
        "np.metrics-coherent",
        "The figures are copied without the lock.",
        (
            Edit(
                FILE,
                "    with_state_lock() {\n        metrics = ",
                "    {\n        metrics = ",
            ),
        ),
        Trial(READING, (DELAYS, WORDS)),
    ),
    Flaw(
        "np.cadence",
        "The sampler sleeps an eighth longer than a period.",
        (
            Edit(
                FILE,
                "vTaskDelayUntil(wake, PERIOD_TICKS);",
                "vTaskDelay(PERIOD_TICKS + PERIOD_TICKS / 8);",
            ),
        ),
        STEADY,
    ),
    Flaw(
        "np.reconnect",
        "A failed post means offline, whatever was reported since.",
        (
            Edit(
                FILE,
                "publish_errors++;\n",
                "publish_errors++;\n            s_state.online = false;\n",
            ),
        ),
        LATE_FAILURE,
    ),
    Flaw(
        "np.retry",
        "After a failure the publisher waits three periods.",
        (
            Edit(
                FILE,
                "            return;\n        }\n    }\n}",
                "            vTaskDelay(3 * PERIOD_TICKS);\n            return;\n        }\n    }\n}",
            ),
        ),
        FAILURE,
    ),
    Flaw(
        "np.freshness",
        "A point is stamped when it is sent.",
        (
            Edit(
                FILE,
                "    while (buffer_locked_pop(&point)) {\n",
                "    while (buffer_locked_pop(&point)) {\n"
                "        point.ts_ms = (uint64_t)(esp_timer_get_time() / 1000);\n",
            ),
        ),
        BACKLOG,
    ),
    Flaw(
        "np.race-free",
        "How many points wait is read without the lock.",
        (
            Edit(
                FILE,
                "        metrics.buffered_points = s_state.count;\n    }\n",
                "    }\n    metrics.buffered_points = s_state.count;\n",
            ),
        ),
        Trial(READING, (RACES,)),
    ),
)
