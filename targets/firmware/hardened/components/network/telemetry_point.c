/*
 * telemetry_point.c: a telemetry point as JSON.
 */
#include "telemetry_point.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static size_t put_number(char *json, size_t used, const char *name, int decimals, float value)
{
    char *at = json + used;
    size_t room = TELEMETRY_POINT_JSON_BYTES - used;
    if (!isfinite(value)) {
        return used + (size_t)snprintf(at, room, ",\"%s\":null", name);
    }
    return used + (size_t)snprintf(at, room, ",\"%s\":%.*f", name, decimals, (double)value);
}

size_t telemetry_point_to_json(const telemetry_point_t *point, char json[TELEMETRY_POINT_JSON_BYTES])
{
    size_t used = (size_t)snprintf(json, TELEMETRY_POINT_JSON_BYTES, "{\"ts_ms\":%" PRIu64, point->ts_ms);
    used = put_number(json, used, "soc", 2, point->soc);
    used = put_number(json, used, "soh", 2, point->soh);
    used = put_number(json, used, "voltage_v", 3, point->voltage);
    used = put_number(json, used, "current_a", 3, point->current);
    used = put_number(json, used, "power_w", 3, point->power);
    used = put_number(json, used, "temperature_c", 2, point->temperature);
    if (point->has_cells) {
        used = put_number(json, used, "cell_min_mv", 1, point->cell_min);
        used = put_number(json, used, "cell_max_mv", 1, point->cell_max);
        used = put_number(json, used, "cell_delta_mv", 1, point->cell_delta);
    }
    json[used] = '}';
    json[used + 1] = '\0';
    return used + 1;
}
