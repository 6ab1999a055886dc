"""Flaws of the TinyBMS client."""

from __future__ import annotations

from p4verify.stateful.bms_families import LATE, SILENT, STATS, read, write
from p4verify.stateful.flaws.flaw import ONCE, RACES, Edit, Flaw, Trial
from p4verify.stateful.gateway_families import coded
from p4verify.stateful.strategies import AUTONOMOUS, assemble

CLIENT = "tinybms_client/tinybms_client.c"
REQUESTS = "tinybms_client/tinybms_requests.c"
WIRE = "tinybms_client/tinybms_wire.c"
COUNTERS = "tinybms_client/tinybms_counters.c"
QUIET = coded(SILENT, 0)
QUICK = coded(0, 5000)

SILENCE = Trial(
    assemble([[(read(0), 0)], [(read(1), 0)]], (5, 4), {"bms": [QUICK, *[QUIET] * 20]}, 4000, ("tc.stats",)), (ONCE,)
)
AFTER = Trial(
    assemble([[(read(0), 100), (write(0, 1000), 750)]], (5,), {"bms": [QUICK, *[QUIET] * 20]}, 4000, ("tc.stats",)),
    (ONCE,),
)
"""A write is asked for while a read that nobody waits for any more is under way."""
CROWD = Trial(
    assemble(
        [[(AUTONOMOUS, 0), (read(0), 760)], *[[(read(n), 760)] for n in range(7)]],
        (5, 4, 5, 4, 5, 4, 5, 4),
        {"bms": [QUICK, *[QUIET] * 30]},
        4000,
        ("tc.stats",),
    ),
    (ONCE,),
)
PAIR = Trial(assemble([[(read(0), 100)], [(read(1), 100)]], (5, 5), {}, 2000, ("tc.stats",)), (ONCE,))
LATER = Trial(
    assemble(
        [[(read(0), 100), (read(1), 740), (read(2), 0)]],
        (5,),
        {"bms": [QUICK, coded(LATE, 770_000)]},
        4000,
        ("tc.stats",),
    ),
    (ONCE,),
)
"""A reply comes when its request has been given up, and nothing is asked at that time."""
SLOW = Trial(
    assemble([[(read(0), 100), (read(1), 0)]], (5,), {"bms": [QUICK, coded(LATE, 300_000)]}, 4000, ("tc.stats",)),
    (ONCE,),
)
GONE = Trial(assemble([[(read(0), 100)]], (5,), {"bms": [QUICK, QUIET]}, 3000, ("tc.stats",)), (ONCE,))
REFUSED = Trial(
    assemble(
        [[(write(0, 1000), 100)], [(write(1, 1000), 100)]], (5, 5), {"bms": [QUICK, *[QUIET] * 6]}, 4000, ("tc.stats",)
    ),
    (ONCE,),
)
WRITING = Trial(assemble([[(write(0, 1000), 100)]], (5,), {}, 2000, ("tc.stats",)), (ONCE,))
QUEUED = Trial(
    assemble(
        [[(write(0, 1000), 100)], [(write(1, 2000), 110)], [(write(2, 3000), 120)], [(read(3), 130)]],
        (5, 4, 5, 4),
        {"bms": [QUICK, *[coded(0, 30_000)] * 20]},
        2000,
        ("tc.stats",),
    ),
    (ONCE,),
)
"""Three more ask, one after another, while the BMS takes its time over the first."""
COUNTING = Trial(assemble([[(read(0), 100)], [(STATS, 100), (STATS, 0)]], (5, 5), {}, 2000, ("tc.stats",)), (RACES,))

TINYBMS = (
    Flaw(
        "tc.bounded-wait",
        "A caller waits for its answer, however long that takes.",
        (
            Edit(
                CLIENT,
                "tinybms_requests_await(slot, wait_ticks(request->kind), &outcome)",
                "tinybms_requests_await(slot, wait_ticks(request->kind) + portMAX_DELAY / 2, &outcome)",
            ),
        ),
        SILENCE,
    ),
    Flaw(
        "tc.no-overrun",
        "An attempt takes twice its time-out.",
        (
            Edit(
                WIRE,
                "    return passed < pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS) ? "
                "pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS) - passed : 0;\n",
                "    return passed < pdMS_TO_TICKS(2 * TINYBMS_TIMEOUT_MS) ? pdMS_TO_TICKS(2 * "
                "TINYBMS_TIMEOUT_MS) - passed : 0;\n",
            ),
        ),
        AFTER,
    ),
    Flaw(
        "tc.queue-bounded",
        "A request is taken wherever a slot is free.",
        (
            Edit(
                REQUESTS,
                "slot_t *found = count_waiting() < TINYBMS_QUEUE_LENGTH ? find_free() : NULL;",
                "slot_t *found = find_free();",
            ),
        ),
        CROWD,
    ),
    Flaw(
        "tc.progress",
        "A request wakes nobody.",
        (
            Edit(
                REQUESTS,
                "        xSemaphoreGive(s_arrived);\n",
                "",
            ),
        ),
        PAIR,
        frozenset({"tc.stats-coherent"}),
    ),
    Flaw(
        "tc.stats-coherent",
        "Callers whose wait ended are not counted.",
        (
            Edit(
                REQUESTS,
                "    tinybms_count_gave_up(slot->request.kind);\n",
                "",
            ),
        ),
        SILENCE,
    ),
    Flaw(
        "tc.serialised",
        "The next frame is sent although the last may still be answered.",
        (
            Edit(
                WIRE,
                "    return passed < pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS) ? "
                "pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS) - passed : 0;\n",
                "    return passed < pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS / 5) ? "
                "pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS / 5) - passed : 0;\n",
            ),
        ),
        REFUSED,
    ),
    Flaw(
        "tc.own-answer",
        "What arrived before a request is sent is kept.",
        (
            Edit(
                WIRE,
                "    s_parser.length = 0;\n    uart_flush_input(PORT);\n",
                "",
            ),
        ),
        LATER,
        frozenset({"tc.serialised"}),
    ),
    Flaw(
        "tc.no-dead-stack",
        "The worker writes the outcome to where its asker wanted it.",
        (
            Edit(
                REQUESTS,
                "    tinybms_outcome_t outcome;\n",
                "    tinybms_outcome_t outcome;\n    tinybms_outcome_t *place;\n",
            ),
            Edit(
                REQUESTS, "    slot->request = *request;\n", "    slot->request = *request;\n    slot->place = NULL;\n"
            ),
            Edit(
                REQUESTS,
                "    bool woken = xSemaphoreTake(",
                "    slot->place = outcome;\n    bool woken = xSemaphoreTake(",
            ),
            Edit(
                REQUESTS,
                "    if (!slot->gave_up) {\n        tinybms_count_told(",
                "    if (slot->place != NULL) {\n        *slot->place = *outcome;\n    }\n"
                "    if (!slot->gave_up) {\n        tinybms_count_told(",
            ),
        ),
        GONE,
        frozenset({"sys.settles"}),
    ),
    Flaw(
        "tc.no-dead-task",
        "The worker notifies who asked.",
        (
            Edit(
                REQUESTS,
                "    tinybms_outcome_t outcome;\n    SemaphoreHandle_t finished;",
                "    tinybms_outcome_t outcome;\n    TaskHandle_t asker;\n    SemaphoreHandle_t finished;",
            ),
            Edit(
                REQUESTS,
                "    slot->request = *request;\n",
                "    slot->request = *request;\n    slot->asker = xTaskGetCurrentTaskHandle();\n",
            ),
            Edit(
                REQUESTS,
                "    slot_t *slot = &s_slots[work->slot];\n    lock_table();\n",
                "    slot_t *slot = &s_slots[work->slot];\n    xTaskNotifyGive(slot->asker);\n    lock_table();\n",
            ),
        ),
        GONE,
        frozenset({"sys.settles"}),
    ),
    Flaw(
        "tc.no-zombie-write",
        "A request is carried out to its end whoever still waits.",
        (
            Edit(
                REQUESTS,
                "    return !slot->gave_up || (",
                "    return true || (",
            ),
        ),
        REFUSED,
    ),
    Flaw(
        "tc.verify-kept",
        "What was written is not read back.",
        (
            Edit(
                CLIENT,
                "    if (outcome->result == ESP_OK && work->request.kind != TINYBMS_RESTART) {",
                "    if (outcome->result == ESP_OK && work->request.kind > TINYBMS_RESTART) {",
            ),
        ),
        WRITING,
    ),
    Flaw(
        "tc.race-free",
        "The statistics are copied without the lock.",
        (
            Edit(
                COUNTERS,
                "    portENTER_CRITICAL(&s_lock);\n    *stats = s_counters.stats;\n",
                "    *stats = s_counters.stats;\n    portENTER_CRITICAL(&s_lock);\n",
            ),
        ),
        COUNTING,
    ),
)

YOUNGEST_FIRST = Flaw(
    "tc.progress",
    "The request that came last goes first: only the order of the queue tells.",
    (
        Edit(
            REQUESTS,
            "(int32_t)(slot->order - oldest->order) < 0",
            "(int32_t)(slot->order - oldest->order) > 0",
        ),
    ),
    QUEUED,
    frozenset({"tc.queue-bounded"}),
)
