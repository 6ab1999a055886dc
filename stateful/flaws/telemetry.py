"""Flaws of the telemetry model."""

from __future__ import annotations

from p4verify.stateful.flaws.flaw import ONCE, RACES, Edit, Flaw, Trial
from p4verify.stateful.strategies import AUTONOMOUS, CONNECTED, MQTT_UP, Step, assemble

MODEL = "telemetry_model/telemetry_model.c"
FIELDS = "telemetry_model/battery_fields.c"
CELLS = "telemetry_model/pack_cells.c"


def cell(number: int) -> Step:
    """A cell's voltage."""
    return ("bus.register", (8 + number,))


def register(number: int) -> Step:
    """One of the battery's five registers."""
    return ("bus.register", (number,))


SILENT = [0] * 20
"""The BMS says nothing when it is polled."""
BATTERY: list[tuple[Step, int]] = [(register(number), 0) for number in range(5)]
GAPS = Trial(assemble([[(AUTONOMOUS, 0), (cell(1), 0)]], (5,), {}, 300, ()), (ONCE,))
PARTIAL = Trial(
    assemble(
        [[(AUTONOMOUS, 0), (register(0), 0), *[(step, 10) for step, _ in BATTERY]]], (5,), {"tinybms": SILENT}, 300, ()
    ),
    (ONCE,),
)
MEAN = Trial(
    assemble([[(AUTONOMOUS, 0), (cell(0), 0), (register(0), 300), (cell(0), 0)]], (5,), {"tinybms": SILENT}, 300, ()),
    (ONCE,),
)
SWITCHED = Trial(
    assemble([[(AUTONOMOUS, 0), *BATTERY, (CONNECTED, 300), (MQTT_UP, 0)]], (5,), {"tinybms": SILENT}, 300, ()), (ONCE,)
)
UPDATING = Trial(
    assemble([[(AUTONOMOUS, 0), (cell(0), 0), (cell(0), 100), (cell(0), 200)]], (5,), {"tinybms": SILENT}, 300, ()),
    (ONCE,),
)
FLAGS = Trial(
    assemble(
        [[(MQTT_UP, 0), (AUTONOMOUS, 0), *BATTERY, (CONNECTED, 300), (AUTONOMOUS, 0), *BATTERY]], (5,), {}, 500, ()
    ),
    (ONCE,),
)
RETURN = Trial(
    assemble(
        [[(AUTONOMOUS, 0), (cell(0), 0), (cell(1), 300), (CONNECTED, 300), (AUTONOMOUS, 0), (cell(0), 300)]],
        (5,),
        {},
        500,
        (),
    ),
    (ONCE,),
)
REPEATED = Trial(
    assemble([[(AUTONOMOUS, 0), *BATTERY, (MQTT_UP, 600), (MQTT_UP, 600)]], (5,), {"tinybms": SILENT}, 500, ()), (ONCE,)
)
MERGED = Trial(
    assemble([[(AUTONOMOUS, 0), *BATTERY, (register(0), 100)]], (5,), {"tinybms": SILENT}, 1500, ()), (ONCE,)
)
POLLING = Trial(assemble([[(AUTONOMOUS, 0), (CONNECTED, 20), (AUTONOMOUS, 20)]], (5,), {}, 100, ()), (RACES,))

TELEMETRY = (
    Flaw(
        "tm.cells-coherent",
        "A cell that is not known counts as 0 mV.",
        (
            Edit(
                CELLS,
                "        if (cell > 0.0f) {",
                "        if (cell >= 0.0f) {",
            ),
        ),
        GAPS,
    ),
    Flaw(
        "tm.snapshot-intact",
        "A cell's voltage is the mean of the last two.",
        (
            Edit(
                CELLS,
                "= isfinite(millivolts) && millivolts > 0.0f ? millivolts : 0.0f;",
                "= (pack->cells[index] + millivolts) / (pack->cells[index] > 0.0f ? 2.0f : 1.0f);",
            ),
        ),
        MEAN,
        frozenset({"tm.no-flash"}),
    ),
    Flaw(
        "tm.no-stale-source",
        "Measurements are kept, and shown, while others are expected to publish.",
        (
            Edit(
                MODEL,
                "        s_state.telemetry_expected = change->telemetry_expected;\n        forget_measurements();\n",
                "        s_state.telemetry_expected = change->telemetry_expected;\n",
            ),
            Edit(
                MODEL,
                "    if (s_state.telemetry_expected) {\n        return;\n    }\n",
                "",
            ),
        ),
        SWITCHED,
        frozenset({"sys.one-source"}),
    ),
    Flaw(
        "tm.no-time-travel",
        "The timer publishes the pack of when it was started, and late.",
        (
            Edit(
                MODEL,
                "static void lock_state(void)\n",
                "static pack_stats_t s_merged;\n\nstatic void lock_state(void)\n",
            ),
            Edit(
                MODEL,
                "esp_timer_start_once(s_state.publish_timer, wait_us) == ESP_OK;",
                "esp_timer_start_once(s_state.publish_timer, wait_us + 200000) == ESP_OK;\n"
                "        s_merged = s_state.pack;",
            ),
            Edit(
                MODEL,
                "    s_state.timer_armed = false;\n    publish_updates();\n",
                "    s_state.timer_armed = false;\n    offer(EVENT_PACK_STATS_UPDATED, &s_merged, sizeof(s_merged));\n",
            ),
        ),
        UPDATING,
    ),
    Flaw(
        "tm.no-flash",
        "A battery is shown before all its fields are known.",
        (
            Edit(
                MODEL,
                "bool complete = s_state.battery_known == BATTERY_ALL_KNOWN;",
                "bool complete = s_state.battery_known != 0;",
            ),
        ),
        PARTIAL,
    ),
    Flaw(
        "tm.flags-kept",
        "A mode change clears the flag of MQTT.",
        (
            Edit(
                MODEL,
                ".mqtt_ok = flags.mqtt_ok, ",
                "",
            ),
        ),
        FLAGS,
    ),
    Flaw(
        "tm.delta-publish",
        "A battery is published whatever has changed.",
        (
            Edit(
                MODEL,
                "if (complete && (!s_state.battery_shown || battery_differs(&s_state.battery, "
                "&s_state.shown_battery))) {",
                "if (complete) {",
            ),
        ),
        REPEATED,
    ),
    Flaw(
        "tm.reactive",
        "Changes are merged for four times as long.",
        (
            Edit(
                MODEL,
                "SCHEDULING_MARGIN_MS) * 1000LL)",
                "SCHEDULING_MARGIN_MS) * 4000LL)",
            ),
        ),
        MERGED,
    ),
    Flaw(
        "tm.atomic-mode-reset",
        "A mode change leaves the pack as it was.",
        (
            Edit(
                MODEL,
                "    s_state.pack = (pack_stats_t){0};\n",
                "",
            ),
        ),
        RETURN,
        frozenset({"tm.snapshot-intact"}),
    ),
    Flaw(
        "tm.no-lost-update",
        "Merged changes wait for the next event.",
        (
            Edit(
                MODEL,
                "s_state.timer_armed = esp_timer_start_once(s_state.publish_timer, wait_us) == ESP_OK;",
                "(void)wait_us;",
            ),
        ),
        MERGED,
        frozenset({"tm.reactive"}),
    ),
    Flaw(
        "tm.race-free",
        "The poller asks for the mode without the lock.",
        (
            Edit(
                MODEL,
                "    lock_state();\n    bool autonomous = !s_state.telemetry_expected;\n    unlock_state();\n",
                "    bool autonomous = !s_state.telemetry_expected;\n",
            ),
        ),
        POLLING,
    ),
)
