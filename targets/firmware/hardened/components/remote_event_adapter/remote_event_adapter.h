/*
 * remote_event_adapter.h: what the S3 gateway sends (JSON over WebSocket and HTTP) as events on the bus, and a cache of
 * the last telemetry and configuration that outlives a reboot.
 *
 * A telemetry frame counts only when it is whole: voltage, current, both states and temperature plausible, and 1 to 32
 * plausible cells. Anything else is ignored and leaves the last good state as it is: a state merged from two frames was
 * never true. Minimum, maximum, difference and average are computed from the frame's cells, whatever it claims.
 *
 * The cache lives in RAM and is written to NVS by a task of its own, never by the caller of a callback. What a power
 * cut can take: the telemetry of the last CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS, and a configuration that arrived
 * within that time (event_cache.h); after a failed write, what arrived since the last successful one.
 *
 * The callbacks may be called by any tasks at the same time, once remote_event_adapter_init has returned. They never
 * wait for the network or for NVS.
 */
#ifndef REMOTE_EVENT_ADAPTER_H
#define REMOTE_EVENT_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>

#include "esp_err.h"
#include "event_bus.h"
#include "event_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Publishes what NVS holds, if it is intact: telemetry with all flags of battery_status_t cleared (nobody measured it
 * since the boot), and the configuration. A failing NVS is no error. ESP_ERR_INVALID_ARG without a bus, ESP_ERR_NO_MEM
 * when something cannot be had. */
esp_err_t remote_event_adapter_init(event_bus_t *bus);
/* Starts writing the cache. ESP_ERR_NO_MEM without memory for the task: the callbacks work, nothing is kept. */
esp_err_t remote_event_adapter_start(void);
/* Writes what is not written yet, and stops writing. Blocks; at most a second. */
void remote_event_adapter_stop(void);

/* Publishes a system status that says so. Telemetry is published only while it is expected from the network; that is
 * also what EVENT_OPERATION_MODE_CHANGED on the bus says. */
void remote_event_adapter_set_operation_mode(hmi_operation_mode_t mode, bool telemetry_expected);

/* Texts of the gateway's sockets: NUL-terminated, `length` bytes before that. */
void remote_event_adapter_on_telemetry_json(const char *json, size_t length);
/* Parts of the system status: wifi_connected, server_reachable, storage_ok, has_error. */
void remote_event_adapter_on_event_json(const char *json, size_t length);
/* {"active": [..]} or {"history": [..]}, at most 32 alerts each. */
void remote_event_adapter_on_alerts_json(const char *json, size_t length);
/* enabled, connected, reason. */
void remote_event_adapter_on_mqtt_status_json(const char *json, size_t length);

/* The answer to a request, in the task that sent it. /api/config, /api/alerts, /api/alerts/history and
 * /api/mqtt/status are read when the status is 2xx; /api/history goes to history_model. */
void remote_event_adapter_on_http_response(const char *path, const char *method, int status, const char *body);
/* The gateway can be reached (again). */
void remote_event_adapter_on_network_online(void);

#ifdef __cplusplus
}
#endif
#endif
