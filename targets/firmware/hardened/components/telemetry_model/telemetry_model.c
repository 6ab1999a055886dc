/*
 * telemetry_model.c: merges TinyBMS registers into one battery status and one pack, and publishes what changed.
 *
 * Who does what:
 * - The callbacks run in the dispatch task and are the only writers of measurements: registers reach the model in the
 *   order in which the bus carries them. telemetry_poll only asks for reads; tinybms_model publishes what it read.
 * - What is published is decided, copied and handed to the bus under one lock, so that the bus sees states in the
 *   order in which they existed, and nothing of an old mode after the mode's callback has returned. Publishing never
 *   blocks, hence neither does the lock for long.
 * - The first significant change is published at once. Those that follow within PUBLISH_INTERVAL_US are merged, and an
 *   esp_timer publishes them even when nothing else happens.
 *
 * A measurement that no register has delivered is never shown: the battery waits until all its fields are known, the
 * pack until a cell is.
 */
#include "telemetry_model.h"

#include <stdbool.h>

#include "battery_fields.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "event_types.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "pack_cells.h"
#include "sdkconfig.h"
#include "tinybms_model.h"

#define TASK_STACK 4096
#define TASK_PRIORITY 5
#define POLL_PERIOD_MS 500
#define POLL_GAP_MS 20
/* The configured time is a promise of at most; the timer's task needs a moment to be scheduled. */
#define SCHEDULING_MARGIN_MS 10
#define PUBLISH_INTERVAL_US ((CONFIG_TELEMETRY_MODEL_MIN_PUBLISH_MS - SCHEDULING_MARGIN_MS) * 1000LL)

#define DIRTY_BATTERY 0x01u
#define DIRTY_PACK 0x02u

static const char *TAG = "telemetry_model";

static SemaphoreHandle_t s_state_lock;
static struct {
    event_bus_t *bus;
    esp_timer_handle_t publish_timer;
    bool timer_armed;
    int64_t next_publish_us;  /* merge until then */
    bool telemetry_expected;
    battery_status_t battery;
    uint8_t battery_known;  /* a bit for each field that a register has delivered since the mode began */
    pack_stats_t pack;
    uint8_t dirty_mask;  /* what differs significantly from what was published last */
    battery_status_t shown_battery;
    bool battery_shown;
    pack_stats_t shown_pack;
} s_state;

static void lock_state(void)
{
    xSemaphoreTake(s_state_lock, portMAX_DELAY);
}

static void unlock_state(void)
{
    xSemaphoreGive(s_state_lock);
}

/* ---- deciding and publishing: the lock is held ---- */

static void update_dirty_mask(void)
{
    s_state.dirty_mask = 0;
    if (s_state.telemetry_expected) {
        return;
    }
    bool complete = s_state.battery_known == BATTERY_ALL_KNOWN;
    if (complete && (!s_state.battery_shown || battery_differs(&s_state.battery, &s_state.shown_battery))) {
        s_state.dirty_mask |= DIRTY_BATTERY;
    }
    if (pack_differs(&s_state.pack, &s_state.shown_pack)) {
        s_state.dirty_mask |= DIRTY_PACK;
    }
}

static bool offer(event_type_t type, void *payload, size_t size)
{
    event_t event = {.type = type, .data = payload, .data_size = size};
    return event_bus_publish(s_state.bus, &event);
}

/* What the bus refuses stays dirty. */
static void publish_battery(void)
{
    battery_status_t battery = s_state.battery;
    if (offer(EVENT_BATTERY_STATUS_UPDATED, &battery, sizeof(battery))) {
        s_state.shown_battery = battery;
        s_state.battery_shown = true;
        s_state.dirty_mask &= (uint8_t)~DIRTY_BATTERY;
    }
}

static void publish_pack(void)
{
    pack_stats_t pack = s_state.pack;
    if (offer(EVENT_PACK_STATS_UPDATED, &pack, sizeof(pack))) {
        s_state.shown_pack = pack;
        s_state.dirty_mask &= (uint8_t)~DIRTY_PACK;
    }
}

static void publish_dirty(void)
{
    if (s_state.dirty_mask & DIRTY_BATTERY) {
        publish_battery();
    }
    if (s_state.dirty_mask & DIRTY_PACK) {
        publish_pack();
    }
}

/* Publishes now what is due, and has the timer publish the rest. */
static void publish_updates(void)
{
    update_dirty_mask();
    if (s_state.dirty_mask == 0) {
        return;
    }
    int64_t now_us = esp_timer_get_time();
    if (now_us >= s_state.next_publish_us) {
        publish_dirty();
        s_state.next_publish_us = now_us + PUBLISH_INTERVAL_US;
    }
    if (s_state.dirty_mask != 0 && !s_state.timer_armed) {
        uint64_t wait_us = (uint64_t)(s_state.next_publish_us - now_us);
        s_state.timer_armed = esp_timer_start_once(s_state.publish_timer, wait_us) == ESP_OK;
    }
}

static void on_publish_timer(void *argument)
{
    (void)argument;
    lock_state();
    s_state.timer_armed = false;
    publish_updates();
    unlock_state();
}

/* ---- applying: the lock is held ---- */

static void apply_register_update(const tinybms_register_update_t *update)
{
    int cell = pack_cell_index(update->key);
    if (cell >= 0) {
        pack_set_cell(&s_state.pack, (unsigned)cell, update->user_value);
    } else if (battery_apply_register(&s_state.battery, &s_state.battery_known, update->key, update->user_value)) {
        s_state.battery.bms_ok = true;
    }
}

/* The flags describe connections, not the source of the telemetry: they outlive its change. */
static void forget_measurements(void)
{
    battery_status_t flags = s_state.battery;
    s_state.battery = (battery_status_t){
        .bms_ok = flags.bms_ok, .can_ok = flags.can_ok, .mqtt_ok = flags.mqtt_ok, .tinybms_ok = flags.tinybms_ok,
    };
    s_state.battery_known = 0;
    s_state.battery_shown = false;
    s_state.pack = (pack_stats_t){0};
    s_state.shown_pack = (pack_stats_t){0};
    s_state.dirty_mask = 0;
}

/* ---- telemetry_poll ---- */

static bool is_autonomous(void)
{
    lock_state();
    bool autonomous = !s_state.telemetry_expected;
    unlock_state();
    return autonomous;
}

/* The value itself arrives as a register update. A failed read is tried again in the next cycle. */
static void poll_register(const char *key)
{
    const tinybms_register_descriptor_t *descriptor = tinybms_get_register_by_key(key);
    if (descriptor == NULL) {
        ESP_LOGW(TAG, "no register %s", key);
        return;
    }
    float value;
    if (tinybms_model_read_register(descriptor->address, &value) != ESP_OK) {
        ESP_LOGD(TAG, "no answer for %s", key);
    }
}

static void poll_tinybms_task(void *argument)
{
    (void)argument;
    for (;;) {
        for (size_t i = 0; i < BATTERY_FIELD_COUNT && is_autonomous(); i++) {
            poll_register(battery_field_key(i));
            vTaskDelay(pdMS_TO_TICKS(POLL_GAP_MS));
        }
        vTaskDelay(pdMS_TO_TICKS(POLL_PERIOD_MS));
    }
}

/* ---- subscriptions: the dispatch task ---- */

static void on_register_updated(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    lock_state();
    if (!s_state.telemetry_expected) {
        apply_register_update(event->data);
        publish_updates();
    }
    unlock_state();
}

static void on_operation_mode(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const operation_mode_event_t *change = event->data;
    lock_state();
    if (change->telemetry_expected != s_state.telemetry_expected) {
        s_state.telemetry_expected = change->telemetry_expected;
        forget_measurements();
    }
    unlock_state();
}

static void on_mqtt_status(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const mqtt_status_event_t *status = event->data;
    lock_state();
    s_state.battery.mqtt_ok = status->enabled && status->connected;
    publish_updates();
    unlock_state();
}

static void on_tinybms_link(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    lock_state();
    s_state.battery.tinybms_ok = event->type == EVENT_TINYBMS_CONNECTED;
    s_state.battery.bms_ok = s_state.battery.bms_ok && s_state.battery.tinybms_ok;
    publish_updates();
    unlock_state();
}

/* ---- the component's interface ---- */

static bool subscribe_all(event_bus_t *bus)
{
    return event_bus_subscribe(bus, EVENT_TINYBMS_REGISTER_UPDATED, on_register_updated, NULL) &&
           event_bus_subscribe(bus, EVENT_OPERATION_MODE_CHANGED, on_operation_mode, NULL) &&
           event_bus_subscribe(bus, EVENT_MQTT_STATUS_UPDATED, on_mqtt_status, NULL) &&
           event_bus_subscribe(bus, EVENT_TINYBMS_CONNECTED, on_tinybms_link, NULL) &&
           event_bus_subscribe(bus, EVENT_TINYBMS_DISCONNECTED, on_tinybms_link, NULL);
}

esp_err_t telemetry_model_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    s_state.bus = bus;
    s_state.telemetry_expected = true;
    s_state_lock = xSemaphoreCreateMutex();
    const esp_timer_create_args_t timer = {.callback = on_publish_timer, .name = "telemetry_pub"};
    if (s_state_lock == NULL || esp_timer_create(&timer, &s_state.publish_timer) != ESP_OK) {
        return ESP_ERR_NO_MEM;
    }
    return subscribe_all(bus) ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t telemetry_model_start(void)
{
    if (xTaskCreate(poll_tinybms_task, "telemetry_poll", TASK_STACK, NULL, TASK_PRIORITY, NULL) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    return ESP_OK;
}
