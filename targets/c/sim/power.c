/*
 * power.c: how a boot ends before its execution does: the power is cut where the program says, or the firmware restarts.
 *
 * A cut is planned when a boot begins: kind * 1000000 + n, where kind 1 is before the n-th write to flash of this boot,
 * 2 after it, 3 before the n-th frame of telemetry, 4 after it, and 5 at n milliseconds; anything else is no cut. The
 * last boot that an execution may have is never cut, so that every execution has an end.
 */
#include "engine.h"

enum { KINDS = 1000000, AT_A_TIME = PORT_POWER_FRAME_AFTER + 2 };

static bool boots_again;      /* has the program a say in how boots end? */
static unsigned planned;      /* kind, 0 for none */
static uint32_t steps_left;

void power_reset(void) {
    boots_again = false;
    planned = 0;
}

void power_plan(int64_t cut) {
    boots_again = true;
    planned = 0;
    if (cut <= 0 || cut / KINDS > AT_A_TIME || engine.boots == MAX_BOOTS) return;
    planned = (unsigned)(cut / KINDS);
    steps_left = (uint32_t)(cut % KINDS);
    if (planned == AT_A_TIME) engine.cut_us = steps_left * 1000ull;
}

void port_power_step(enum port_power_step step) {
    if (planned != step + 1u || steps_left == 0 || --steps_left) return;
    engine_boot(PORT_BOOT_POWER);
}

void port_restart(void) {
    if (boots_again && engine.boots < MAX_BOOTS) engine_boot(PORT_BOOT_RESTART);
    if (boots_again) port_fail(PORT_RESTART, "esp_restart in boot %d, the last one", MAX_BOOTS);
    port_fail(PORT_RESTART, "esp_restart");
}

enum port_boot port_boot_reason(void) { return (enum port_boot)engine.boot_reason; }
