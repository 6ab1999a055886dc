/*
 * remote_event_adapter.h: what the S3 gateway sends (JSON over WebSocket and HTTP) as events on the bus, and the last
 * telemetry and configuration in NVS, so that they are there after a reboot.
 *
 * The callbacks run in the tasks of the sockets and of whoever sent a request.
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

/* Publishes what NVS holds. ESP_ERR_INVALID_ARG without a bus. */
esp_err_t remote_event_adapter_init(event_bus_t *bus);
/* From then on the callbacks publish, until stop. */
esp_err_t remote_event_adapter_start(void);
void remote_event_adapter_stop(void);

/* Publishes a system status that says so. */
void remote_event_adapter_set_operation_mode(hmi_operation_mode_t mode, bool telemetry_expected);

/* Texts of the gateway's sockets: NUL-terminated, `length` bytes before that. */
void remote_event_adapter_on_telemetry_json(const char *json, size_t length);
/* Parts of the system status: wifi_connected, server_reachable, storage_ok, has_error. */
void remote_event_adapter_on_event_json(const char *json, size_t length);
/* {"active": [..]} or {"history": [..]}. */
void remote_event_adapter_on_alerts_json(const char *json, size_t length);
/* enabled, connected, reason. */
void remote_event_adapter_on_mqtt_status_json(const char *json, size_t length);

/* The answer to a request, in the task that sent it. */
void remote_event_adapter_on_http_response(const char *path, const char *method, int status, const char *body);
/* The gateway can be reached (again). */
void remote_event_adapter_on_network_online(void);

#ifdef __cplusplus
}
#endif
#endif
