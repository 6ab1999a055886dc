/*
 * event_cache.h: the last telemetry and configuration in RAM, and in NVS a little later.
 *
 * Storing copies into RAM and never touches NVS. A task of low priority writes: within
 * CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS of the oldest change that NVS lacks; early when the pack's voltage or a
 * cell's is CONFIG_REMOTE_EVENT_CACHE_FLUSH_DELTA_MV away from what was written, and for any change of the configuration
 * (flush_schedule.h limits how often). A power cut loses what was stored since the last write, hence no more than the
 * interval; after a failed write, which is repeated every second, no more than what came since the last successful one.
 *
 * Namespace hmi_cache, keys telemetry and config, each a cache_blob.h. Without NVS, and without the task, everything
 * works but nothing is kept.
 */
#ifndef EVENT_CACHE_H
#define EVENT_CACHE_H

#include <stdbool.h>

#include "esp_err.h"
#include "event_types.h"
#include "telemetry_frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Before everything else, once. ESP_ERR_NO_MEM when a lock cannot be had. */
esp_err_t event_cache_init(void);
/* What NVS holds; false when it holds nothing intact. Blocks; before event_cache_start. */
bool event_cache_restore_telemetry(telemetry_frame_t *frame);
bool event_cache_restore_config(hmi_config_t *config);

/* Starts the task that writes. ESP_ERR_NO_MEM. */
esp_err_t event_cache_start(void);
/* Has the task write what is not written, and ends it. Waits for that, at most a second. */
void event_cache_stop(void);

/* From any task, in the order in which the values became known. Takes a lock that is held for a copy only. */
void event_cache_store_telemetry(const telemetry_frame_t *frame);
void event_cache_store_config(const hmi_config_t *config);

#ifdef __cplusplus
}
#endif
#endif
