/*
 * telemetry_point.h: one sample of the telemetry and its JSON form.
 */
#ifndef TELEMETRY_POINT_H
#define TELEMETRY_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint64_t ts_ms;  /* since boot */
    float soc, soh;  /* % */
    float voltage, current, power, temperature;  /* V, A, W, C */
    float cell_min, cell_max, cell_delta;  /* mV; meaningless without has_cells */
    bool has_cells;
} telemetry_point_t;

/* Holds any point: nine floats of at most 44 characters, their names and the stamp. */
#define TELEMETRY_POINT_JSON_BYTES 640

/* Writes the JSON object, NUL-terminated, and returns its length. Unknown cells are left out; a value that JSON cannot
 * express is null. */
size_t telemetry_point_to_json(const telemetry_point_t *point, char json[TELEMETRY_POINT_JSON_BYTES]);

#ifdef __cplusplus
}
#endif
#endif
