"""Flaws of the event bus, and those that show in the whole system."""

from __future__ import annotations

from p4verify.stateful.flaws.flaw import DELAYS, ONCE, RACES, Edit, Flaw, Trial
from p4verify.stateful.flaws.gateway import ONE_SOURCE
from p4verify.stateful.flaws.telemetry import cell
from p4verify.stateful.strategies import (
    AUTONOMOUS,
    BATTERY,
    BUS_METRICS,
    HTTP_OK,
    MQTT_UP,
    OFFLINE,
    ONLINE,
    PACK,
    assemble,
    http_answer,
)

BUS = "event_bus/event_bus.c"
TYPES = "event_types/event_types.h"
PUBLISHER = "network/network_publisher.c"

BURST = Trial(assemble([[(BATTERY, 0)] * 20, [(MQTT_UP, 0)] * 20], (7, 7), {}, 1000, ("bus.metrics",)), (ONCE,))
"""More events than the queue holds, from tasks that the dispatcher waits for."""
FULL = Trial(
    assemble([[(AUTONOMOUS, 0), *[(cell(0), 0)] * 20], [(cell(1), 0)] * 20], (7, 7), {}, 100, ("bus.metrics",)),
    (DELAYS,),
)
"""The dispatcher publishes while the queue is full."""
ORDER = Trial(assemble([[(BATTERY, 0), (PACK, 0), (ONLINE, 0)]], (7,), {}, 1000, ("bus.metrics",)), (ONCE,))
COUNTING = Trial(assemble([[(BATTERY, 0)], [(BUS_METRICS, 0)]], (5, 5), {}, 100, ()), (RACES,))
NUMBERING = Trial(assemble([[(BATTERY, 0)], [(PACK, 0)]], (5, 5), {}, 100, ()), (RACES,))
POSTING = Trial(
    assemble(
        [[(BATTERY, 0), (OFFLINE, 0), (ONLINE, 2500)]], (5,), {"http": (http_answer(HTTP_OK, 15_000),) * 9}, 1000, ()
    ),
    (ONCE,),
)
SETTLING = Trial(assemble([[(BATTERY, 0), (PACK, 0)]], (5,), {}, 2100, ()), (ONCE,))

SYSTEM = (
    Flaw(
        "bus.queue-bounded",
        "What the queue refuses is not counted.",
        (
            Edit(
                BUS,
                "        bus->dropped_events++;\n",
                "",
            ),
        ),
        BURST,
    ),
    Flaw(
        "bus.payload-safe",
        "A payload is freed before it is delivered.",
        (
            Edit(
                BUS,
                "            deliver(bus, &event);\n            free(event.data);\n",
                "            free(event.data);\n            deliver(bus, &event);\n",
            ),
        ),
        ORDER,
        frozenset({"sys.settles"}),
    ),
    Flaw(
        "bus.per-publisher-order",
        "Events go to the front of the queue.",
        (
            Edit(
                BUS,
                "xQueueSend(bus->queue, &copy, 0)",
                "xQueueSendToFront(bus->queue, &copy, 0)",
            ),
        ),
        ORDER,
    ),
    Flaw(
        "bus.dispatcher-bounded",
        "The status handler sends the backlog itself.",
        (
            Edit(
                PUBLISHER,
                "static void on_system_status(",
                "static void flush_buffer_if_online(void);\nstatic void on_system_status(",
            ),
            Edit(
                PUBLISHER,
                "        xTaskNotifyGive(publisher);\n    }\n}\n",
                "        flush_buffer_if_online();\n    }\n}\n",
            ),
        ),
        POSTING,
    ),
    Flaw(
        "bus.race-free",
        "The number of publications is read without the lock.",
        (
            Edit(
                BUS,
                "    metrics.published_total = bus->published_total;\n    portEXIT_CRITICAL(&bus->lock);\n",
                "    portEXIT_CRITICAL(&bus->lock);\n    metrics.published_total = bus->published_total;\n",
            ),
        ),
        COUNTING,
    ),
    ONE_SOURCE,
    Flaw(
        "sys.no-deadlock",
        "Publishing waits until the queue has room.",
        (
            Edit(
                BUS,
                "xQueueSend(bus->queue, &copy, 0)",
                "xQueueSend(bus->queue, &copy, portMAX_DELAY)",
            ),
        ),
        FULL,
        frozenset({"bus.dispatcher-bounded"}),
    ),
    Flaw(
        "sys.settles",
        "The handler of packs waits for three seconds.",
        (
            Edit(
                PUBLISHER,
                "    const pack_stats_t *stats = event->data;\n",
                "    const pack_stats_t *stats = event->data;\n    vTaskDelay(pdMS_TO_TICKS(3000));\n",
            ),
        ),
        SETTLING,
        frozenset({"bus.dispatcher-bounded"}),
    ),
    Flaw(
        "sys.race-free",
        "A header that belongs to no component numbers what is published without a lock.",
        (
            Edit(
                TYPES,
                "#define PACK_MAX_CELLS 32\n",
                "#define PACK_MAX_CELLS 32\n"
                "static inline uint32_t next_number(void)\n{\n    static uint32_t number;\n    return ++number;\n}\n",
            ),
            Edit(BUS, '#include "event_bus.h"\n', '#include "event_bus.h"\n#include "event_types.h"\n'),
            Edit(
                BUS,
                "    bool accepted = copy_event(event, &copy);\n",
                "    bool accepted = next_number() && copy_event(event, &copy);\n",
            ),
        ),
        NUMBERING,
    ),
)
