/*
 * remote_event_adapter.c: the gateway's callbacks, the state they share, and the events they publish.
 *
 * Who does what:
 * - A callback parses without the lock, then changes the state, stores into the cache and publishes under s_state_lock:
 *   cache and bus see values in one order, battery and pack of a frame are published side by side, and nothing that was
 *   the network's to tell is published after a mode change was taken note of. Neither storing nor publishing blocks.
 * - The dispatch task brings mode changes and the TinyBMS's link, and changes the state only.
 * - NVS is event_cache.c's business, in a task of its own.
 *
 * Frames that arrive while telemetry is not expected are kept for the next boot and published by nobody. The
 * configuration holds a password: no member of it is ever logged.
 */
#include "remote_event_adapter.h"

#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "event_cache.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "gateway_json.h"
#include "gateway_records.h"
#include "history_model.h"
#include "telemetry_frame.h"

static const char *TAG = "remote_event";

static SemaphoreHandle_t s_state_lock;
static struct {
    event_bus_t *bus;
    system_status_t system;
    bool mqtt_ok;
    bool tinybms_ok;
    hmi_config_t config;
} s_state;

static void lock_state(void)
{
    xSemaphoreTake(s_state_lock, portMAX_DELAY);
}

static void unlock_state(void)
{
    xSemaphoreGive(s_state_lock);
}

/* ---- publishing: the lock is held ---- */

static void offer(event_type_t type, void *payload, size_t size)
{
    event_t event = {.type = type, .data = payload, .data_size = size};
    if (!event_bus_publish(s_state.bus, &event)) {
        ESP_LOGW(TAG, "the bus is full: event %d is lost", (int)type);
    }
}

static void publish_system(void)
{
    system_status_t *system = &s_state.system;
    bool online = system->wifi_connected && system->server_reachable;
    system->network_state = online                   ? NETWORK_STATE_ACTIVE
                            : system->wifi_connected ? NETWORK_STATE_CONNECTING
                                                     : NETWORK_STATE_ERROR;
    offer(EVENT_SYSTEM_STATUS_UPDATED, system, sizeof(*system));
}

static void publish_frame(const telemetry_frame_t *frame)
{
    battery_status_t battery = frame->battery;
    pack_stats_t pack = frame->pack;
    battery.mqtt_ok = s_state.mqtt_ok;
    battery.tinybms_ok = s_state.tinybms_ok;
    offer(EVENT_BATTERY_STATUS_UPDATED, &battery, sizeof(battery));
    offer(EVENT_PACK_STATS_UPDATED, &pack, sizeof(pack));
}

/* ---- telemetry ---- */

void remote_event_adapter_on_telemetry_json(const char *json, size_t length)
{
    telemetry_frame_t frame;
    if (!telemetry_frame_parse(json, length, &frame)) {
        ESP_LOGD(TAG, "%u bytes are no whole frame: ignored", (unsigned)length);
        return;
    }
    lock_state();
    event_cache_store_telemetry(&frame);
    if (s_state.system.telemetry_expected) {
        publish_frame(&frame);
    }
    unlock_state();
}

/* ---- states ---- */

void remote_event_adapter_on_event_json(const char *json, size_t length)
{
    cJSON *root = gateway_json_parse(json, length);
    lock_state();
    if (gateway_read_system_status(root, &s_state.system)) {
        publish_system();
    }
    unlock_state();
    cJSON_Delete(root);
}

void remote_event_adapter_on_mqtt_status_json(const char *json, size_t length)
{
    mqtt_status_event_t status;
    cJSON *root = gateway_json_parse(json, length);
    bool valid = gateway_read_mqtt_status(root, &status);
    cJSON_Delete(root);
    if (!valid) {
        return;
    }
    lock_state();
    s_state.mqtt_ok = status.enabled && status.connected;
    offer(EVENT_MQTT_STATUS_UPDATED, &status, sizeof(status));
    unlock_state();
}

void remote_event_adapter_on_network_online(void)
{
    lock_state();
    s_state.system.wifi_connected = true;
    s_state.system.server_reachable = true;
    s_state.system.has_error = false;
    publish_system();
    unlock_state();
}

static void set_mode(hmi_operation_mode_t mode, bool telemetry_expected)
{
    s_state.system.operation_mode = mode;
    s_state.system.telemetry_expected = telemetry_expected;
}

void remote_event_adapter_set_operation_mode(hmi_operation_mode_t mode, bool telemetry_expected)
{
    lock_state();
    set_mode(mode, telemetry_expected);
    publish_system();
    unlock_state();
}

/* ---- alerts: a list is too large for the stack of a websocket task ---- */

static void publish_alerts(event_type_t type, const cJSON *array)
{
    alert_list_t *alerts = malloc(sizeof(*alerts));
    if (alerts == NULL) {
        ESP_LOGW(TAG, "no memory for alerts");
        return;
    }
    if (gateway_read_alerts(array, alerts)) {
        lock_state();
        offer(type, alerts, sizeof(*alerts));
        unlock_state();
    }
    free(alerts);
}

void remote_event_adapter_on_alerts_json(const char *json, size_t length)
{
    cJSON *root = gateway_json_parse(json, length);
    publish_alerts(EVENT_ALERTS_ACTIVE_UPDATED, cJSON_GetObjectItemCaseSensitive(root, "active"));
    publish_alerts(EVENT_ALERTS_HISTORY_UPDATED, cJSON_GetObjectItemCaseSensitive(root, "history"));
    cJSON_Delete(root);
}

/* ---- answers ---- */

static void take_config(const char *body)
{
    cJSON *root = gateway_json_parse(body, strlen(body));
    lock_state();
    if (gateway_read_config(gateway_json_inner(root, "config"), &s_state.config)) {
        event_cache_store_config(&s_state.config);
        offer(EVENT_CONFIG_UPDATED, &s_state.config, sizeof(s_state.config));
    } else {
        ESP_LOGW(TAG, "a configuration that cannot be used is ignored");
    }
    unlock_state();
    cJSON_Delete(root);
}

static void take_alerts(event_type_t type, const char *name, const char *body)
{
    cJSON *root = gateway_json_parse(body, strlen(body));
    publish_alerts(type, cJSON_GetObjectItemCaseSensitive(root, name));
    cJSON_Delete(root);
}

/* A path may carry a query. */
static bool is_path(const char *path, const char *wanted)
{
    size_t length = strlen(wanted);
    return strncmp(path, wanted, length) == 0 && (path[length] == '\0' || path[length] == '?');
}

static void take_answer(const char *path, const char *body)
{
    if (is_path(path, "/api/config")) {
        take_config(body);
    } else if (is_path(path, "/api/alerts")) {
        take_alerts(EVENT_ALERTS_ACTIVE_UPDATED, "active", body);
    } else if (is_path(path, "/api/alerts/history")) {
        take_alerts(EVENT_ALERTS_HISTORY_UPDATED, "history", body);
    } else if (is_path(path, "/api/mqtt/status")) {
        remote_event_adapter_on_mqtt_status_json(body, strlen(body));
    }
}

void remote_event_adapter_on_http_response(const char *path, const char *method, int status, const char *body)
{
    (void)method;
    if (path == NULL) {
        return;
    }
    if (is_path(path, "/api/history")) {
        history_model_on_remote_history(status, body);
    } else if (body != NULL && status >= 200 && status < 300) {
        take_answer(path, body);
    }
}

/* ---- subscriptions: the dispatch task ---- */

static void on_operation_mode(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const operation_mode_event_t *change = event->data;
    lock_state();
    set_mode(change->mode, change->telemetry_expected);
    unlock_state();
}

static void on_tinybms_link(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    lock_state();
    s_state.tinybms_ok = event->type == EVENT_TINYBMS_CONNECTED;
    unlock_state();
}

/* ---- the component's interface ---- */

static bool subscribe_all(event_bus_t *bus)
{
    return event_bus_subscribe(bus, EVENT_OPERATION_MODE_CHANGED, on_operation_mode, NULL) &&
           event_bus_subscribe(bus, EVENT_TINYBMS_CONNECTED, on_tinybms_link, NULL) &&
           event_bus_subscribe(bus, EVENT_TINYBMS_DISCONNECTED, on_tinybms_link, NULL);
}

/* Nobody has measured it since the boot: its flags say so. */
static void restore_telemetry(void)
{
    telemetry_frame_t frame;
    if (!event_cache_restore_telemetry(&frame)) {
        return;
    }
    frame.battery.bms_ok = false;
    frame.battery.can_ok = false;
    lock_state();
    publish_frame(&frame);
    unlock_state();
}

static void restore_config(void)
{
    hmi_config_t config;
    if (!event_cache_restore_config(&config)) {
        return;
    }
    lock_state();
    s_state.config = config;
    offer(EVENT_CONFIG_UPDATED, &config, sizeof(config));
    unlock_state();
}

esp_err_t remote_event_adapter_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    s_state.bus = bus;
    s_state.system = (system_status_t){.storage_ok = true, .operation_mode = HMI_MODE_CONNECTED_S3,
                                       .telemetry_expected = true};
    s_state_lock = xSemaphoreCreateMutex();
    if (s_state_lock == NULL || event_cache_init() != ESP_OK || !subscribe_all(bus)) {
        return ESP_ERR_NO_MEM;
    }
    restore_config();
    restore_telemetry();
    return ESP_OK;
}

esp_err_t remote_event_adapter_start(void)
{
    return event_cache_start();
}

void remote_event_adapter_stop(void)
{
    event_cache_stop();
}
