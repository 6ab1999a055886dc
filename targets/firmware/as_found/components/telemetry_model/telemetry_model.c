/*
 * telemetry_model.c: merges TinyBMS registers into one battery status and one pack, and publishes them.
 */
#include "telemetry_model.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "event_types.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tinybms_model.h"

#define TASK_STACK 4096
#define TASK_PRIORITY 5
#define POLL_PERIOD_MS 500
#define POLL_GAP_MS 20

static const char *TAG = "telemetry_model";

static const char *const POLL_KEYS[] = {
    "pack_voltage_mv",           "pack_current_ma",       "state_of_charge_permille",
    "state_of_health_permille",  "average_temperature_c",
};
#define POLL_KEY_COUNT (sizeof(POLL_KEYS) / sizeof(POLL_KEYS[0]))

static struct {
    event_bus_t *bus;
    battery_status_t battery;
    pack_stats_t pack;
    bool telemetry_expected;
} s_state;

static void publish_updates(void)
{
    event_t battery = {.type = EVENT_BATTERY_STATUS_UPDATED, .data = &s_state.battery,
                       .data_size = sizeof(s_state.battery)};
    event_bus_publish(s_state.bus, &battery);
    if (s_state.pack.cell_count > 0) {
        event_t pack = {.type = EVENT_PACK_STATS_UPDATED, .data = &s_state.pack, .data_size = sizeof(s_state.pack)};
        event_bus_publish(s_state.bus, &pack);
    }
}

/* Cells at 0 mV have not been reported yet. */
static void recalculate_cells(void)
{
    pack_stats_t *pack = &s_state.pack;
    float sum = 0.0f;
    unsigned known = 0;
    pack->cell_min = 0.0f;
    pack->cell_max = 0.0f;
    for (unsigned i = 0; i < pack->cell_count; i++) {
        float cell = pack->cells[i];
        if (cell <= 0.0f) {
            continue;
        }
        pack->cell_min = known == 0 || cell < pack->cell_min ? cell : pack->cell_min;
        pack->cell_max = cell > pack->cell_max ? cell : pack->cell_max;
        sum += cell;
        known++;
    }
    pack->cell_delta = pack->cell_max - pack->cell_min;
    pack->cell_avg = known > 0 ? sum / (float)known : 0.0f;
}

/* The cell's index for "cell<N>_voltage_mv", N from 1; -1 for any other key. */
static int cell_index(const char *key)
{
    if (strncmp(key, "cell", 4) != 0) {
        return -1;
    }
    char *rest;
    long number = strtol(key + 4, &rest, 10);
    bool is_cell = strcmp(rest, "_voltage_mv") == 0 && number >= 1 && number <= PACK_MAX_CELLS;
    return is_cell ? (int)number - 1 : -1;
}

static void apply_cell(unsigned index, float millivolts)
{
    s_state.pack.cells[index] = millivolts;
    if (index >= s_state.pack.cell_count) {
        s_state.pack.cell_count = (uint8_t)(index + 1);
    }
}

static bool apply_battery(const char *key, float value)
{
    battery_status_t *battery = &s_state.battery;
    if (strcmp(key, "pack_voltage_mv") == 0) {
        battery->voltage = value / 1000.0f;
    } else if (strcmp(key, "pack_current_ma") == 0) {
        battery->current = value / 1000.0f;
    } else if (strcmp(key, "state_of_charge_permille") == 0) {
        battery->soc = value / 10.0f;
    } else if (strcmp(key, "state_of_health_permille") == 0) {
        battery->soh = value / 10.0f;
    } else if (strcmp(key, "average_temperature_c") == 0) {
        battery->temperature = value;
    } else {
        return false;
    }
    battery->power = battery->voltage * battery->current;
    battery->bms_ok = true;
    return true;
}

static void apply_register_update(const char *key, float value)
{
    int cell = cell_index(key);
    if (cell >= 0) {
        apply_cell((unsigned)cell, value);
    } else if (!apply_battery(key, value)) {
        return;
    }
    recalculate_cells();
    publish_updates();
}

static void poll_register(const char *key)
{
    const tinybms_register_descriptor_t *descriptor = tinybms_get_register_by_key(key);
    if (descriptor == NULL) {
        ESP_LOGW(TAG, "no register %s", key);
        return;
    }
    float value;
    if (tinybms_model_read_register(descriptor->address, &value) == ESP_OK) {
        apply_register_update(key, value);
    }
}

static void poll_tinybms_task(void *argument)
{
    (void)argument;
    for (;;) {
        if (!s_state.telemetry_expected) {
            for (size_t i = 0; i < POLL_KEY_COUNT; i++) {
                poll_register(POLL_KEYS[i]);
                vTaskDelay(pdMS_TO_TICKS(POLL_GAP_MS));
            }
        }
        vTaskDelay(pdMS_TO_TICKS(POLL_PERIOD_MS));
    }
}

static void on_register_updated(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const tinybms_register_update_t *update = event->data;
    if (!s_state.telemetry_expected) {
        apply_register_update(update->key, update->user_value);
    }
}

static void on_operation_mode(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const operation_mode_event_t *change = event->data;
    s_state.telemetry_expected = change->telemetry_expected;
}

static void publish_flags(void)
{
    if (!s_state.telemetry_expected) {
        publish_updates();
    }
}

static void on_mqtt_status(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const mqtt_status_event_t *status = event->data;
    s_state.battery.mqtt_ok = status->enabled && status->connected;
    publish_flags();
}

static void on_tinybms_link(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    s_state.battery.tinybms_ok = event->type == EVENT_TINYBMS_CONNECTED;
    if (!s_state.battery.tinybms_ok) {
        s_state.battery.bms_ok = false;
    }
    publish_flags();
}

esp_err_t telemetry_model_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    s_state.bus = bus;
    s_state.telemetry_expected = true;
    bool subscribed = event_bus_subscribe(bus, EVENT_TINYBMS_REGISTER_UPDATED, on_register_updated, NULL) &&
                      event_bus_subscribe(bus, EVENT_OPERATION_MODE_CHANGED, on_operation_mode, NULL) &&
                      event_bus_subscribe(bus, EVENT_MQTT_STATUS_UPDATED, on_mqtt_status, NULL) &&
                      event_bus_subscribe(bus, EVENT_TINYBMS_CONNECTED, on_tinybms_link, NULL) &&
                      event_bus_subscribe(bus, EVENT_TINYBMS_DISCONNECTED, on_tinybms_link, NULL);
    return subscribed ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t telemetry_model_start(void)
{
    if (xTaskCreate(poll_tinybms_task, "telemetry_poll", TASK_STACK, NULL, TASK_PRIORITY, NULL) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    return ESP_OK;
}
