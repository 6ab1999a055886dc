/*
 * telemetry_json.h: telemetry frames as the S3 gateway sends them, made from tokens, whole and in every other way.
 *
 * A whole frame has all fields of its token and 1 to PACK_MAX_CELLS cells. The numbers have as many digits as it takes
 * to read the same float32 again.
 */
#ifndef P4V_TELEMETRY_JSON_H
#define P4V_TELEMETRY_JSON_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tokens.h"

#define TELEMETRY_JSON_BYTES 1536
#define TOO_MANY_CELLS 64u

enum telemetry_variant {
    FRAME_AT_ROOT, FRAME_UNDER_BATTERY, FRAME_WITHOUT_CELLS, FRAME_CLAIMS_INVERTED, FRAME_PARTIAL, FRAME_FOREIGN,
    FRAME_CUT, FRAME_OVERSIZED, FRAME_ABSURD, FRAME_EMPTY, FRAME_ENERGY_ONLY
};

/* Whether a firmware should take it: as a whole, or not at all. */
static inline bool telemetry_json_is_whole(unsigned variant, unsigned cells)
{
    bool whole = variant == FRAME_AT_ROOT || variant == FRAME_UNDER_BATTERY || variant == FRAME_CLAIMS_INVERTED;
    return whole && cells > 0 && cells <= PACK_MAX_CELLS;
}

typedef struct { char *text; size_t used; } json_text;

__attribute__((format(printf, 2, 3))) static inline void put_json(json_text *json, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = TELEMETRY_JSON_BYTES - json->used;
    int length = vsnprintf(json->text + json->used, room, format, arguments);
    va_end(arguments);
    json->used += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

static inline void put_json_number(json_text *json, const char *name, float value)
{
    put_json(json, "\"%s\":%.9g,", name, (double)value);
}

static inline void put_json_battery(json_text *json, uint32_t token)
{
    battery_status_t battery = battery_from_token(token);
    put_json_number(json, "pack_voltage_v", battery.voltage);
    put_json_number(json, "pack_current_a", battery.current);
    put_json_number(json, "state_of_charge_pct", battery.soc);
    put_json_number(json, "state_of_health_pct", battery.soh);
    put_json_number(json, "average_temperature_c", battery.temperature);
}

static inline void put_json_cells(json_text *json, uint32_t token, unsigned cells)
{
    put_json(json, "\"cell_voltage_mv\":[");
    for (unsigned i = 0; i < cells; i++) {
        put_json(json, "%s%.9g", i > 0 ? "," : "", (double)cell_from_token(token, i));
    }
    put_json(json, "],\"cell_balancing\":[");
    for (unsigned i = 0; i < cells; i++) {
        put_json(json, "%sfalse", i > 0 ? "," : "");
    }
    put_json(json, "],");
}

static inline void put_json_claims(json_text *json, float min, float max)
{
    put_json_number(json, "min_cell_mv", min);
    put_json_number(json, "max_cell_mv", max);
}

static inline void put_json_energy(json_text *json)
{
    put_json(json, "\"energy_charged_wh\":1500.5,\"energy_discharged_wh\":1200.25");
}

static inline void put_json_whole(json_text *json, uint32_t token, unsigned cells)
{
    float low = cell_from_token(token, 0), high = cell_from_token(token, 1);
    put_json_battery(json, token);
    put_json_cells(json, token, cells);
    put_json_claims(json, low, high);
    put_json_energy(json);
}

static inline void put_json_inverted(json_text *json, uint32_t token, unsigned cells)
{
    float low = cell_from_token(token, 0), high = cell_from_token(token, 1);
    put_json_battery(json, token);
    put_json_cells(json, token, cells);
    put_json_claims(json, high, low);
    put_json_energy(json);
}

static inline void put_json_absurd(json_text *json)
{
    put_json(json, "\"pack_voltage_v\":1e39,\"pack_current_a\":-1e300,\"state_of_charge_pct\":null,"
                   "\"state_of_health_pct\":\"98\",\"average_temperature_c\":true,"
                   "\"cell_voltage_mv\":[1e39,-1e300,null,\"3300\"],\"cell_balancing\":{},"
                   "\"min_cell_mv\":1e300,\"max_cell_mv\":-1");
}

/* The members of the object, without a comma at the end. */
static inline void put_json_members(json_text *json, unsigned variant, uint32_t token, unsigned cells)
{
    switch (variant) {
    case FRAME_CLAIMS_INVERTED:
        put_json_inverted(json, token, cells);
        break;
    case FRAME_WITHOUT_CELLS:
        put_json_battery(json, token);
        put_json_energy(json);
        break;
    case FRAME_PARTIAL:
        put_json_number(json, "pack_voltage_v", battery_from_token(token).voltage);
        put_json(json, "\"state_of_charge_pct\":%.9g", (double)battery_from_token(token).soc);
        break;
    case FRAME_FOREIGN:
        put_json(json, "\"type\":\"heartbeat\",\"uptime_s\":%u", (unsigned)token);
        break;
    case FRAME_OVERSIZED:
        put_json_whole(json, token, TOO_MANY_CELLS);
        break;
    case FRAME_ABSURD:
        put_json_absurd(json);
        break;
    case FRAME_ENERGY_ONLY:
        put_json_energy(json);
        break;
    default:
        put_json_whole(json, token, cells);
        break;
    }
}

/* Writes the text, NUL-terminated, and returns its length. */
static inline size_t telemetry_json(char text[TELEMETRY_JSON_BYTES], unsigned variant, uint32_t token, unsigned cells)
{
    json_text json = {.text = text};
    text[0] = '\0';
    if (variant == FRAME_EMPTY) {
        return 0;
    }
    put_json(&json, variant == FRAME_UNDER_BATTERY ? "{\"battery\":{" : "{");
    put_json_members(&json, variant, token, cells);
    put_json(&json, variant == FRAME_UNDER_BATTERY ? "}}" : "}");
    if (variant == FRAME_CUT) {
        json.used /= 2;
        text[json.used] = '\0';
    }
    return json.used;
}

#endif
