/*
 * remote_event_adapter.c: the gateway's JSON as events, and the last telemetry and configuration in NVS.
 */
#include "remote_event_adapter.h"

#include <stdio.h>
#include <string.h>

#include "cJSON.h"
#include "esp_log.h"
#include "history_model.h"
#include "nvs.h"

#define NVS_NAMESPACE "hmi_cache"
#define NVS_KEY_TELEMETRY "telemetry"
#define NVS_KEY_CONFIG "config"

static const char *TAG = "remote_event";

typedef struct {
    battery_status_t battery;
    pack_stats_t pack;
} cached_telemetry_t;

static struct {
    event_bus_t *bus;
    bool running;
    cached_telemetry_t telemetry;
    hmi_config_t config;
    system_status_t system;
    alert_list_t alerts;
} s_state;

static void publish(event_type_t type, void *payload, size_t size)
{
    event_t event = {.type = type, .data = payload, .data_size = size};
    event_bus_publish(s_state.bus, &event);
}

static void publish_telemetry(void)
{
    publish(EVENT_BATTERY_STATUS_UPDATED, &s_state.telemetry.battery, sizeof(s_state.telemetry.battery));
    if (s_state.telemetry.pack.cell_count > 0) {
        publish(EVENT_PACK_STATS_UPDATED, &s_state.telemetry.pack, sizeof(s_state.telemetry.pack));
    }
}

/* ---- the cache in NVS ---- */

static esp_err_t save_blob(const char *key, const void *value, size_t size)
{
    nvs_handle_t handle;
    esp_err_t error = nvs_open(NVS_NAMESPACE, NVS_READWRITE, &handle);
    if (error != ESP_OK) {
        return error;
    }
    error = nvs_set_blob(handle, key, value, size);
    if (error == ESP_OK) {
        error = nvs_commit(handle);
    }
    nvs_close(handle);
    return error;
}

static bool load_blob(const char *key, void *value, size_t size)
{
    nvs_handle_t handle;
    if (nvs_open(NVS_NAMESPACE, NVS_READONLY, &handle) != ESP_OK) {
        return false;
    }
    size_t length = size;
    esp_err_t error = nvs_get_blob(handle, key, value, &length);
    nvs_close(handle);
    return error == ESP_OK && length == size;
}

static void save_cached_telemetry(void)
{
    esp_err_t error = save_blob(NVS_KEY_TELEMETRY, &s_state.telemetry, sizeof(s_state.telemetry));
    if (error != ESP_OK) {
        ESP_LOGW(TAG, "telemetry is not saved: %s", esp_err_to_name(error));
    }
}

static void save_cached_config(void)
{
    esp_err_t error = save_blob(NVS_KEY_CONFIG, &s_state.config, sizeof(s_state.config));
    if (error != ESP_OK) {
        ESP_LOGW(TAG, "configuration is not saved: %s", esp_err_to_name(error));
    }
}

/* ---- members ---- */

static void read_number(const cJSON *object, const char *name, float *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsNumber(item)) {
        *value = (float)item->valuedouble;
    }
}

static void read_integer(const cJSON *object, const char *name, int *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsNumber(item)) {
        *value = item->valueint;
    }
}

static void read_flag(const cJSON *object, const char *name, bool *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsBool(item)) {
        *value = cJSON_IsTrue(item);
    }
}

static void read_text(const cJSON *object, const char *name, char *value, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (cJSON_IsString(item)) {
        snprintf(value, size, "%s", item->valuestring);
    }
}

/* ---- telemetry ---- */

static void read_battery(const cJSON *object)
{
    battery_status_t *battery = &s_state.telemetry.battery;
    read_number(object, "pack_voltage_v", &battery->voltage);
    read_number(object, "pack_current_a", &battery->current);
    read_number(object, "state_of_charge_pct", &battery->soc);
    read_number(object, "state_of_health_pct", &battery->soh);
    read_number(object, "average_temperature_c", &battery->temperature);
    battery->power = battery->voltage * battery->current;
    battery->bms_ok = true;
    battery->can_ok = true;
}

static void summarize_cells(pack_stats_t *pack)
{
    float sum = 0.0f;
    pack->cell_min = pack->cells[0];
    pack->cell_max = pack->cells[0];
    for (unsigned i = 0; i < pack->cell_count; i++) {
        pack->cell_min = pack->cells[i] < pack->cell_min ? pack->cells[i] : pack->cell_min;
        pack->cell_max = pack->cells[i] > pack->cell_max ? pack->cells[i] : pack->cell_max;
        sum += pack->cells[i];
    }
    pack->cell_avg = pack->cell_count > 0 ? sum / (float)pack->cell_count : 0.0f;
}

static void read_cells(const cJSON *array, pack_stats_t *pack)
{
    int count = cJSON_GetArraySize(array);
    count = count < PACK_MAX_CELLS ? count : PACK_MAX_CELLS;
    pack->cell_count = 0;
    for (int i = 0; i < count; i++) {
        pack->cells[i] = (float)cJSON_GetArrayItem(array, i)->valuedouble;
        pack->cell_count++;
    }
    summarize_cells(pack);
}

static void read_balancing(const cJSON *array, pack_stats_t *pack)
{
    int count = cJSON_GetArraySize(array);
    for (int i = 0; i < count && i < PACK_MAX_CELLS; i++) {
        const cJSON *item = cJSON_GetArrayItem(array, i);
        pack->balancing[i] = cJSON_IsTrue(item) || (cJSON_IsNumber(item) && item->valueint != 0);
    }
}

static void read_pack(const cJSON *object)
{
    pack_stats_t *pack = &s_state.telemetry.pack;
    const cJSON *cells = cJSON_GetObjectItemCaseSensitive(object, "cell_voltage_mv");
    if (cJSON_IsArray(cells)) {
        read_cells(cells, pack);
    }
    read_balancing(cJSON_GetObjectItemCaseSensitive(object, "cell_balancing"), pack);
    read_number(object, "min_cell_mv", &pack->cell_min);
    read_number(object, "max_cell_mv", &pack->cell_max);
    pack->cell_delta = pack->cell_max - pack->cell_min;
}

void remote_event_adapter_on_telemetry_json(const char *json, size_t length)
{
    (void)length;
    cJSON *root = cJSON_Parse(json);
    if (root == NULL || !s_state.running) {
        cJSON_Delete(root);
        return;
    }
    const cJSON *battery = cJSON_GetObjectItemCaseSensitive(root, "battery");
    const cJSON *object = cJSON_IsObject(battery) ? battery : root;
    read_battery(object);
    read_pack(object);
    cJSON_Delete(root);
    publish_telemetry();
    save_cached_telemetry();
}

/* ---- states ---- */

static void publish_system(void)
{
    system_status_t *system = &s_state.system;
    bool online = system->wifi_connected && system->server_reachable;
    system->network_state = online ? NETWORK_STATE_ACTIVE : NETWORK_STATE_ERROR;
    publish(EVENT_SYSTEM_STATUS_UPDATED, system, sizeof(*system));
}

void remote_event_adapter_on_event_json(const char *json, size_t length)
{
    (void)length;
    cJSON *root = cJSON_Parse(json);
    if (root == NULL) {
        return;
    }
    read_flag(root, "wifi_connected", &s_state.system.wifi_connected);
    read_flag(root, "server_reachable", &s_state.system.server_reachable);
    read_flag(root, "storage_ok", &s_state.system.storage_ok);
    read_flag(root, "has_error", &s_state.system.has_error);
    cJSON_Delete(root);
    publish_system();
}

void remote_event_adapter_on_mqtt_status_json(const char *json, size_t length)
{
    (void)length;
    cJSON *root = cJSON_Parse(json);
    if (root == NULL) {
        return;
    }
    mqtt_status_event_t status = {0};
    read_flag(root, "enabled", &status.enabled);
    read_flag(root, "connected", &status.connected);
    read_text(root, "reason", status.reason, sizeof(status.reason));
    cJSON_Delete(root);
    s_state.telemetry.battery.mqtt_ok = status.enabled && status.connected;
    publish(EVENT_MQTT_STATUS_UPDATED, &status, sizeof(status));
}

void remote_event_adapter_on_network_online(void)
{
    s_state.system.wifi_connected = true;
    s_state.system.server_reachable = true;
    s_state.system.has_error = false;
    publish_system();
}

void remote_event_adapter_set_operation_mode(hmi_operation_mode_t mode, bool telemetry_expected)
{
    s_state.system.operation_mode = mode;
    s_state.system.telemetry_expected = telemetry_expected;
    publish_system();
}

/* ---- alerts ---- */

static void read_alert(const cJSON *object, alert_entry_t *alert)
{
    int id = 0, code = 0, severity = 0;
    float stamp = 0.0f;
    memset(alert, 0, sizeof(*alert));
    read_integer(object, "id", &id);
    read_integer(object, "code", &code);
    read_integer(object, "severity", &severity);
    read_number(object, "timestamp_ms", &stamp);
    read_flag(object, "acknowledged", &alert->acknowledged);
    read_text(object, "source", alert->source, sizeof(alert->source));
    read_text(object, "message", alert->message, sizeof(alert->message));
    alert->id = (uint32_t)id;
    alert->code = (uint16_t)code;
    alert->severity = (uint8_t)severity;
    alert->timestamp_ms = stamp > 0.0f && stamp < 1e15f ? (uint64_t)stamp : 0;
}

static void publish_alerts(event_type_t type, const cJSON *array)
{
    if (!cJSON_IsArray(array)) {
        return;
    }
    s_state.alerts.count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (s_state.alerts.count == ALERT_LIST_MAX) {
            break;
        }
        read_alert(item, &s_state.alerts.entries[s_state.alerts.count]);
        s_state.alerts.count++;
    }
    publish(type, &s_state.alerts, sizeof(s_state.alerts));
}

void remote_event_adapter_on_alerts_json(const char *json, size_t length)
{
    (void)length;
    cJSON *root = cJSON_Parse(json);
    publish_alerts(EVENT_ALERTS_ACTIVE_UPDATED, cJSON_GetObjectItemCaseSensitive(root, "active"));
    publish_alerts(EVENT_ALERTS_HISTORY_UPDATED, cJSON_GetObjectItemCaseSensitive(root, "history"));
    cJSON_Delete(root);
}

/* ---- answers ---- */

static void take_config(const char *body)
{
    cJSON *root = cJSON_Parse(body);
    if (root == NULL) {
        return;
    }
    hmi_config_t *config = &s_state.config;
    read_text(root, "wifi_ssid", config->wifi_ssid, sizeof(config->wifi_ssid));
    read_text(root, "wifi_password", config->wifi_password, sizeof(config->wifi_password));
    read_text(root, "static_ip", config->static_ip, sizeof(config->static_ip));
    read_text(root, "mqtt_broker", config->mqtt_broker, sizeof(config->mqtt_broker));
    read_text(root, "mqtt_topic_pub", config->mqtt_topic_pub, sizeof(config->mqtt_topic_pub));
    read_text(root, "mqtt_topic_sub", config->mqtt_topic_sub, sizeof(config->mqtt_topic_sub));
    read_text(root, "uart_parity", config->uart_parity, sizeof(config->uart_parity));
    read_integer(root, "can_bitrate", &config->can_bitrate);
    read_integer(root, "uart_baudrate", &config->uart_baudrate);
    cJSON_Delete(root);
    publish(EVENT_CONFIG_UPDATED, config, sizeof(*config));
    save_cached_config();
}

void remote_event_adapter_on_http_response(const char *path, const char *method, int status, const char *body)
{
    (void)method;
    if (strcmp(path, "/api/history") == 0) {
        history_model_on_remote_history(status, body);
    } else if (status != 200 || body == NULL) {
        ESP_LOGW(TAG, "%s: status %d", path, status);
    } else if (strcmp(path, "/api/config") == 0) {
        take_config(body);
    } else if (strcmp(path, "/api/alerts") == 0 || strcmp(path, "/api/alerts/history") == 0) {
        remote_event_adapter_on_alerts_json(body, strlen(body));
    } else if (strcmp(path, "/api/mqtt/status") == 0) {
        remote_event_adapter_on_mqtt_status_json(body, strlen(body));
    }
}

/* ---- the component's interface ---- */

esp_err_t remote_event_adapter_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    s_state.bus = bus;
    s_state.system.storage_ok = true;
    s_state.system.telemetry_expected = true;
    if (load_blob(NVS_KEY_CONFIG, &s_state.config, sizeof(s_state.config))) {
        publish(EVENT_CONFIG_UPDATED, &s_state.config, sizeof(s_state.config));
    }
    if (load_blob(NVS_KEY_TELEMETRY, &s_state.telemetry, sizeof(s_state.telemetry))) {
        publish_telemetry();
    }
    return ESP_OK;
}

esp_err_t remote_event_adapter_start(void)
{
    s_state.running = true;
    return ESP_OK;
}

void remote_event_adapter_stop(void)
{
    s_state.running = false;
}
