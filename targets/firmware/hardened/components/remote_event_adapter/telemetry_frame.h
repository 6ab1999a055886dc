/*
 * telemetry_frame.h: one telemetry frame of the gateway as a battery status and a pack.
 *
 * Pure functions on values; the caller does the locking. The energy counters that a frame may carry have no event and
 * are not read.
 */
#ifndef TELEMETRY_FRAME_H
#define TELEMETRY_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "event_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Padding is zero, so that equal frames are equal bytes. */
typedef struct {
    battery_status_t battery;
    pack_stats_t pack;
} telemetry_frame_t;

/* False, and `frame` is not to be used, when the text is no whole frame. */
bool telemetry_frame_parse(const char *json, size_t length, telemetry_frame_t *frame);
/* Whether a frame that comes from elsewhere (NVS) could have been parsed. */
bool telemetry_frame_is_plausible(const telemetry_frame_t *frame);
/* Whether the pack's voltage or a cell's is at least so many mV away, or the number of cells is another. */
bool telemetry_frame_differs(const telemetry_frame_t *frame, const telemetry_frame_t *other, float millivolts);

#ifdef __cplusplus
}
#endif
#endif
