/*
 * bms_registers.c: what the scripted TinyBMS holds. 0x0100 to 0x017F answer 1, 2, 3... so that an answer names its
 * request. Telemetry registers answer with the next token of the stream "tinybms" (0: no answer; even ones from 202 on
 * when it has run out), in raw units that only the adapter knows. 0x0086 takes the order to restart; the rest is
 * memory.
 *
 * Its power is not the HMI's: what it holds lives through boots. It refuses to remember more than CELLS addresses.
 */
#include "uart_double.h"

#include "p4v_doubles.h"

bool p4v_bms_telemetry(uint16_t address, uint32_t token, uint16_t *raw) __attribute__((weak));

enum { UNIQUE_FIRST = 0x0100, UNIQUE_LAST = 0x017F, TELEMETRY_LAST = 0x00FF, CONTROL = 0x0086, RESTART = 0xA55A };
enum { FIRST_TOKEN = 202, LAST_TOKEN = 398, CELLS = 64 };

struct registers {
    uint32_t serial, tokens;
    uint16_t unique;
    uint16_t cells;
    struct { uint16_t address, value; } cell[CELLS];
};

static struct registers *registers(void) { return port_retained("bms", sizeof(struct registers)); }

uint32_t bms_next_serial(void) { return ++registers()->serial; }

static bool is_unique(uint16_t address) { return address >= UNIQUE_FIRST && address <= UNIQUE_LAST; }

static bool is_telemetry(uint16_t address) {
    uint16_t raw;
    return address <= TELEMETRY_LAST && p4v_bms_telemetry && p4v_bms_telemetry(address, FIRST_TOKEN, &raw);
}

/* ---- telemetry ---- */

static uint32_t next_token(void) {
    int64_t token = port_environment("tinybms", -1);
    if (token >= 0) return (uint32_t)token;
    return FIRST_TOKEN + 2 * (registers()->tokens++ % ((LAST_TOKEN - FIRST_TOKEN) / 2 + 1));
}

static enum bms_access read_telemetry(uint16_t address, uint16_t *value) {
    uint32_t token = next_token();
    return token && p4v_bms_telemetry(address, token, value) ? BMS_DONE : BMS_MUTE;
}

/* ---- memory ---- */

static uint16_t *cell_of(uint16_t address, bool make) {
    struct registers *all = registers();
    for (unsigned i = 0; i < all->cells; i++)
        if (all->cell[i].address == address) return &all->cell[i].value;
    if (!make || all->cells == CELLS) return NULL;
    all->cell[all->cells].address = address;
    return &all->cell[all->cells++].value;
}

enum bms_access bms_read(uint16_t address, uint16_t *value) {
    if (is_telemetry(address)) return read_telemetry(address, value);
    if (is_unique(address)) {
        struct registers *all = registers();
        if (++all->unique == 0) all->unique = 1;
        *value = all->unique;
        return BMS_DONE;
    }
    const uint16_t *cell = cell_of(address, false);
    *value = cell ? *cell : 0;
    return BMS_DONE;
}

/* The order to restart is obeyed at once, and leaves no trace. */
enum bms_access bms_write(uint16_t address, uint16_t value) {
    if (address == CONTROL) return value == RESTART ? BMS_DONE : BMS_REFUSED;
    if (is_unique(address) || is_telemetry(address)) return BMS_REFUSED;
    uint16_t *cell = cell_of(address, true);
    if (cell == NULL) return BMS_UNKNOWN;
    *cell = value;
    return BMS_DONE;
}
