"""Flaws of the gateway's adapter."""

from __future__ import annotations

from p4verify.stateful.flaws.flaw import DELAYS, ONCE, RACES, WORDS, Edit, Flaw, Trial
from p4verify.stateful.gateway_families import AT_MS, CONFIG, FAILS, FRAME_MS, INVERTED, PARTIAL, coded, fine, frame
from p4verify.stateful.strategies import AUTONOMOUS, PLUGGED, UNPLUGGED, assemble

ADAPTER = "remote_event_adapter/remote_event_adapter.c"
CACHE = "remote_event_adapter/event_cache.c"
SCHEDULE = "remote_event_adapter/flush_schedule.c"
FRAME = "remote_event_adapter/telemetry_frame.c"
FLUSH_MS = 10_000


def cut_at(ms: int) -> dict[str, list[int]]:
    """The environment in which the power fails then."""
    return {"power": [coded(AT_MS, ms)]}


FIRST = Trial(assemble([[(frame(), 0), (frame(), FRAME_MS)]], (5,), {}, FRAME_MS, ()), (ONCE,))
SLOW_FLASH = Trial(
    assemble([[(frame(), 0)], [(frame(), 10), (frame(), 10)]], (5, 5), {"nvs": [coded(0, 30_000)] * 8}, FRAME_MS, ()),
    (ONCE,),
)
"""Frames come while one is written."""
LOUD = Trial(assemble([[(frame(), FRAME_MS)] * 24], (5,), {}, FRAME_MS, ()), (ONCE,))
QUIET = Trial(assemble([[(fine(number), 1900) for number in range(8)]], (5,), cut_at(15_500), 2000, ()), (ONCE,))
"""The first frame is written at once, the others differ by little; then the power fails."""
WORN = Trial(assemble([[(frame(), 0)]], (5,), {"nvs": [coded(FAILS, 4000)]}, FLUSH_MS + 1000, ()), (ONCE,))
CROSSING = Trial(
    assemble([[(frame(), 0), (frame(), 2000)], [(frame(), 2000)]], (5, 5), cut_at(2500), FRAME_MS, ()), (DELAYS, WORDS)
)
"""Frames of two websockets arrive in the tick in which the cache is written, and then the power fails."""
JUMP = Trial(assemble([[(fine(1), 0), (frame(), 3000)]], (5,), {}, 5000, ()), (ONCE,))
CONFIGURED = Trial(assemble([[(CONFIG, 0)]], (5,), cut_at(FLUSH_MS + 2000), FLUSH_MS + 3000, ()), (ONCE,))
TWO = Trial(assemble([[(frame(), 0)], [(frame(), 0)]], (5, 5), {}, FRAME_MS, ()), (DELAYS, WORDS))
CLAIMS = Trial(assemble([[(frame(INVERTED), 0)]], (5,), {}, FRAME_MS, ()), (ONCE,))
PARTS = Trial(assemble([[(frame(), 0), (frame(PARTIAL), FRAME_MS)]], (5,), {}, FRAME_MS, ()), (ONCE,))
LINK = Trial(assemble([[(frame(), 0)], [(PLUGGED, 0), (UNPLUGGED, 0)]], (5, 5), {}, FRAME_MS, ()), (RACES,))
SWITCH = Trial(
    assemble([[(frame(), 0), (frame(), FRAME_MS)], [(AUTONOMOUS, FRAME_MS)]], (5, 5), {}, FRAME_MS, ()), (DELAYS, WORDS)
)
"""The mode changes while a frame is taken."""

STORED = "    store(&s_telemetry, frame, urgent, now);\n    unlock();\n"

GATEWAY = (
    Flaw(
        "re.no-nvs-in-callback",
        "The first frame is written by the callback.",
        (
            Edit(
                CACHE,
                "static int64_t next_due(void)\n",
                "static void flush(cache_slot_t *slot);\n\nstatic int64_t next_due(void)\n",
            ),
            Edit(
                CACHE,
                STORED,
                "    bool first = !s_has_flushed;\n"
                + STORED
                + "    if (first) {\n        flush(&s_telemetry);\n    }\n",
            ),
        ),
        FIRST,
    ),
    Flaw(
        "re.callback-time",
        "The lock of the cache is held while NVS is written.",
        (
            Edit(
                CACHE,
                "        s_has_flushed = true;\n    }\n    unlock();\n    cache_blob_seal",
                "        s_has_flushed = true;\n    }\n    cache_blob_seal",
            ),
            Edit(
                CACHE,
                "    int64_t ended = now_ms();\n    lock();\n",
                "    int64_t ended = now_ms();\n",
            ),
        ),
        SLOW_FLASH,
    ),
    Flaw(
        "re.write-reduction",
        "Whatever is urgent is written at once.",
        (
            Edit(
                SCHEDULE,
                "int64_t early = later(schedule->last_flush_ms + GAP_MS, "
                "schedule->early_ms[schedule->next_early] + INTERVAL_MS);",
                "int64_t early = LONG_AGO;",
            ),
        ),
        LOUD,
    ),
    Flaw(
        "re.restore-age",
        "Each frame puts the write off anew.",
        (
            Edit(
                SCHEDULE,
                "schedule->since_ms = schedule->dirty ? schedule->since_ms : now_ms;",
                "schedule->since_ms = now_ms;",
            ),
        ),
        QUIET,
        frozenset({"re.no-lost-dirty"}),
    ),
    Flaw(
        "re.restore-intact",
        "What is written is copied without the lock.",
        (
            Edit(
                CACHE,
                "    lock();\n    memcpy(blob + sizeof(cache_blob_header_t), slot->pending, slot->size);\n",
                "    memcpy(blob + sizeof(cache_blob_header_t), slot->pending, slot->size);\n    lock();\n",
            ),
        ),
        CROSSING,
        frozenset({"re.events-intact", "re.cells-coherent"}),
    ),
    Flaw(
        "re.no-lost-dirty",
        "A write that failed counts as done.",
        (
            Edit(
                CACHE,
                "    bool written = write_blob(",
                "    bool written = true;\n    write_blob(",
            ),
        ),
        WORN,
    ),
    Flaw(
        "re.delta-flush",
        "Nothing but the first frame is urgent.",
        (
            Edit(
                CACHE,
                "bool urgent = !s_has_flushed ||\n"
                "                  telemetry_frame_differs(frame, &s_flushed_telemetry, "
                "CONFIG_REMOTE_EVENT_CACHE_FLUSH_DELTA_MV);",
                "bool urgent = !s_has_flushed;",
            ),
        ),
        JUMP,
    ),
    Flaw(
        "re.config-durable",
        "A configuration is not stored.",
        (
            Edit(
                ADAPTER,
                "        event_cache_store_config(&s_state.config);\n",
                "",
            ),
        ),
        CONFIGURED,
    ),
    Flaw(
        "re.events-intact",
        "All callbacks parse into one record.",
        (
            Edit(
                ADAPTER,
                "    telemetry_frame_t frame;\n    if (!telemetry_frame_parse",
                "    static telemetry_frame_t frame;\n    if (!telemetry_frame_parse",
            ),
        ),
        TWO,
        frozenset({"re.cells-coherent"}),
    ),
    Flaw(
        "re.cells-coherent",
        "What a frame claims of its cells is believed.",
        (
            Edit(
                FRAME,
                "    cJSON_Delete(root);\n    return whole;\n}",
                '    gateway_json_number(from, "min_cell_mv", 0.0f, CELL_MAX_MV, &frame->pack.cell_min);\n'
                "    cJSON_Delete(root);\n"
                "    return whole;\n"
                "}",
            ),
        ),
        CLAIMS,
    ),
    Flaw(
        "re.partial-frame",
        "A battery is taken whatever it lacks.",
        (
            Edit(
                FRAME,
                "    battery->can_ok = true;\n    return whole;\n",
                "    battery->can_ok = true;\n    return whole || true;\n",
            ),
            Edit(
                FRAME,
                "    return cJSON_IsArray(array) && count > 0;\n",
                "    return true;\n",
            ),
        ),
        PARTS,
        frozenset({"re.events-intact"}),
    ),
    Flaw(
        "re.race-free",
        "The link's state is stored without the lock.",
        (
            Edit(
                ADAPTER,
                "    lock_state();\n"
                "    s_state.tinybms_ok = event->type == EVENT_TINYBMS_CONNECTED;\n"
                "    unlock_state();\n",
                "    s_state.tinybms_ok = event->type == EVENT_TINYBMS_CONNECTED;\n",
            ),
        ),
        LINK,
    ),
)

ONE_SOURCE = Flaw(
    "sys.one-source",
    "Whether telemetry is expected is asked before the lock is taken.",
    (
        Edit(
            ADAPTER,
            "    lock_state();\n    event_cache_store_telemetry(&frame);\n    if (s_state.system.telemetry_expected) {",
            "    bool expected = s_state.system.telemetry_expected;\n"
            "    lock_state();\n"
            "    event_cache_store_telemetry(&frame);\n"
            "    if (expected) {",
        ),
    ),
    SWITCH,
)
