/*
 * tokens.h: payloads made from tokens, so that whoever sees a record can tell which event wrote each of its fields.
 *
 * Every field is an injective function of the token, exact in float32 and after the decimals of the JSON. Tokens are
 * 2..398; odd ones belong to the S3 gateway, even ones to the TinyBMS. Nothing here is checked: a token out of range
 * makes values out of range.
 */
#ifndef P4V_TOKENS_H
#define P4V_TOKENS_H

#include <stdint.h>
#include <stdio.h>

#include "event_types.h"
#include "registers.h"

static inline battery_status_t battery_from_token(uint32_t token)
{
    float t = (float)token;
    return (battery_status_t){
        .soc = 0.25f * t, .soh = 100.0f - 0.25f * t, .voltage = 40.0f + 0.25f * t, .current = 0.25f * t - 50.0f,
        .power = 0.5f * t, .temperature = 0.25f * t - 20.0f, .bms_ok = true, .can_ok = true,
    };
}

/* `cells` is even, 2..PACK_MAX_CELLS: half of them are at the minimum, half at the maximum. */
static inline pack_stats_t pack_from_token(uint32_t token, unsigned cells)
{
    float t = (float)token;
    pack_stats_t pack = {
        .cell_count = (uint8_t)cells, .cell_min = 3000.0f + t, .cell_max = 3000.0f + 3.0f * t, .cell_delta = 2.0f * t,
        .cell_avg = 3000.0f + 2.0f * t, .bal_start_mv = 3000.0f + t, .bal_stop_mv = 2900.0f + t,
    };
    for (unsigned i = 0; i < cells; i++) {
        pack.cells[i] = i % 2 == 0 ? pack.cell_min : pack.cell_max;
    }
    return pack;
}

/* In the unit that the register's key names. */
static inline float register_value(unsigned number, uint32_t token)
{
    float t = (float)token;
    switch (number) {
    case 0: return 40000.0f + 250.0f * t;
    case 1: return 250.0f * t - 50000.0f;
    case 2: return 2.5f * t;
    case 3: return 1000.0f - 2.5f * t;
    case 4: return 0.25f * t - 20.0f;
    default: return 3000.0f + t;
    }
}

static inline tinybms_register_update_t update_from_token(const bms_register *from, uint32_t token)
{
    float value = register_value(from->number, token);
    tinybms_register_update_t update = {
        .address = from->address, .raw_value = (uint16_t)(int32_t)value, .user_value = value,
    };
    snprintf(update.key, sizeof(update.key), "%s", from->key);
    return update;
}

#endif
