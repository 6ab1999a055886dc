/*
 * tokens.h: payloads made from tokens, so that whoever sees a record can tell which event wrote each of its fields.
 *
 * Every field is an injective function of the token, exact in float32 and after the decimals of the JSON. Tokens are
 * 2..398; odd ones belong to the S3 gateway, even ones to the TinyBMS. Fine tokens, 400..407, are the gateway's too:
 * they are so close together that no change between them is worth an early write to flash. Nothing here is checked: a
 * token out of range makes values out of range.
 */
#ifndef P4V_TOKENS_H
#define P4V_TOKENS_H

#include <stdint.h>
#include <stdio.h>

#include "event_types.h"
#include "registers.h"

#define FIRST_FINE_TOKEN 400u

static inline battery_status_t battery_from_fine_token(uint32_t token)
{
    float k = (float)(token - FIRST_FINE_TOKEN);
    return (battery_status_t){
        .soc = 50.0f + k / 8.0f, .soh = 90.0f - k / 8.0f, .voltage = 52.0f + k / 512.0f, .current = 10.0f + k / 8.0f,
        .power = 520.0f + k / 4.0f, .temperature = 25.0f + k / 8.0f, .bms_ok = true, .can_ok = true,
    };
}

static inline battery_status_t battery_from_token(uint32_t token)
{
    if (token >= FIRST_FINE_TOKEN) {
        return battery_from_fine_token(token);
    }
    float t = (float)token;
    return (battery_status_t){
        .soc = 0.25f * t, .soh = 100.0f - 0.25f * t, .voltage = 40.0f + 0.25f * t, .current = 0.25f * t - 50.0f,
        .power = 0.5f * t, .temperature = 0.25f * t - 20.0f, .bms_ok = true, .can_ok = true,
    };
}

/* Cells with an even index are at the minimum, the others at the maximum, mV. */
static inline float cell_from_token(uint32_t token, unsigned index)
{
    if (token >= FIRST_FINE_TOKEN) {
        return (index % 2 == 0 ? 3500.0f : 3510.0f) + (float)(token - FIRST_FINE_TOKEN);
    }
    return 3000.0f + (index % 2 == 0 ? 1.0f : 3.0f) * (float)token;
}

/* `cells` is even, 2..PACK_MAX_CELLS. */
static inline pack_stats_t pack_from_token(uint32_t token, unsigned cells)
{
    float min = cell_from_token(token, 0), max = cell_from_token(token, 1);
    pack_stats_t pack = {
        .cell_count = (uint8_t)cells, .cell_min = min, .cell_max = max, .cell_delta = max - min,
        .cell_avg = (min + max) / 2.0f, .bal_start_mv = min, .bal_stop_mv = min - 100.0f,
    };
    for (unsigned i = 0; i < cells; i++) {
        pack.cells[i] = cell_from_token(token, i);
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
