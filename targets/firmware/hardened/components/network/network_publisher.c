/*
 * network_publisher.c: sampling, the ring of unsent points, sending and the subscriptions.
 *
 * Who does what:
 * - The callbacks run in the dispatch task. They store what they were told and never send.
 * - net_sample builds one point a period and pushes it. It never blocks on the network, so that slow posts cannot
 *   disturb the cadence.
 * - net_pub alone takes points out and sends them, so that they leave in the order in which they were built. It is
 *   woken once a period (which is also the retry) and by a status that reports a connection.
 * - s_state is touched inside with_state_lock() only. What takes time (JSON, HTTP) works on a copy outside.
 *
 * Online is what the last system status said, nothing else: a failed request changes no flag, so that no late failure
 * can undo a newer reconnection.
 */
#include "network_publisher.h"

#include <stdbool.h>

#include "esp_log.h"
#include "esp_timer.h"
#include "event_types.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "net_client.h"
#include "sdkconfig.h"
#include "telemetry_point.h"

static const char *TAG = "net_pub";

#if CONFIG_NETWORK_TELEMETRY_PUBLISHER_ENABLED

#define PUBLISHER_STACK 4096
#define PUBLISHER_PRIORITY 4
#define SAMPLER_STACK 2048
#define SAMPLER_PRIORITY 5
#define PERIOD_TICKS pdMS_TO_TICKS(CONFIG_NETWORK_TELEMETRY_PERIOD_MS)

#if CONFIG_NETWORK_TELEMETRY_OFFLINE_BUFFER
#define BUFFER_DEPTH CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH
#else
#define BUFFER_DEPTH 1
#endif

static portMUX_TYPE s_state_lock = portMUX_INITIALIZER_UNLOCKED;
static struct {
    battery_status_t last_batt;
    pack_stats_t last_pack;
    bool has_batt;
    bool has_pack;
    bool online;
    TaskHandle_t publisher;
    telemetry_point_t buffer[BUFFER_DEPTH];
    uint32_t oldest;
    uint32_t count;
    network_publisher_metrics_t metrics;  /* all but those that describe the ring */
} s_state;

static bool enter_state_lock(void)
{
    portENTER_CRITICAL(&s_state_lock);
    return true;
}

static bool leave_state_lock(void)
{
    portEXIT_CRITICAL(&s_state_lock);
    return false;
}

/* Runs the block that follows as one critical section. Leave the block by its end only; call nothing in it that
 * blocks. */
#define with_state_lock() for (bool held = enter_state_lock(); held; held = leave_state_lock())

/* ---- the ring and the point: the lock is held ---- */

/* A point that will never be sent: the ring is full and it is the oldest. */
static void buffer_drop_oldest(void)
{
    s_state.oldest = (s_state.oldest + 1) % BUFFER_DEPTH;
    s_state.count--;
    s_state.metrics.overwritten_points++;
}

static void buffer_push(const telemetry_point_t *point)
{
    if (s_state.count == BUFFER_DEPTH) {
        buffer_drop_oldest();
    }
    s_state.buffer[(s_state.oldest + s_state.count) % BUFFER_DEPTH] = *point;
    s_state.count++;
}

static void buffer_pop(telemetry_point_t *point)
{
    *point = s_state.buffer[s_state.oldest];
    s_state.oldest = (s_state.oldest + 1) % BUFFER_DEPTH;
    s_state.count--;
}

/* Back to where it was taken from. When newer points have filled the ring meanwhile, it is the one to give way. */
static void buffer_put_back(const telemetry_point_t *point)
{
    if (s_state.count == BUFFER_DEPTH) {
        s_state.metrics.overwritten_points++;
        return;
    }
    s_state.oldest = (s_state.oldest + BUFFER_DEPTH - 1) % BUFFER_DEPTH;
    s_state.buffer[s_state.oldest] = *point;
    s_state.count++;
}

/* Stamp and values of one instant: those of the latest events whose callbacks have returned. */
static void build_point(telemetry_point_t *point)
{
    const battery_status_t *batt = &s_state.last_batt;
    const pack_stats_t *pack = &s_state.last_pack;
    *point = (telemetry_point_t){
        .ts_ms = (uint64_t)(esp_timer_get_time() / 1000),
        .soc = batt->soc, .soh = batt->soh, .voltage = batt->voltage, .current = batt->current,
        .power = batt->power, .temperature = batt->temperature,
        .cell_min = pack->cell_min, .cell_max = pack->cell_max, .cell_delta = pack->cell_delta,
        .has_cells = s_state.has_pack,
    };
}

/* ---- net_sample ---- */

/* Nothing is sampled until a battery status is known. */
static void buffer_locked_push_sample(void)
{
    telemetry_point_t point;
    with_state_lock() {
        if (s_state.has_batt) {
            build_point(&point);
            buffer_push(&point);
        }
    }
}

/* Keeps to the grid. Periods that were missed altogether are not made up for: the points would all be the same. */
static void wait_for_next_period(TickType_t *wake)
{
    TickType_t late = xTaskGetTickCount() - *wake;
    *wake += late - late % PERIOD_TICKS;
    vTaskDelayUntil(wake, PERIOD_TICKS);
}

static void sampler_task(void *publisher)
{
    TickType_t wake = xTaskGetTickCount();
    for (;;) {
        wait_for_next_period(&wake);
        buffer_locked_push_sample();
        xTaskNotifyGive((TaskHandle_t)publisher);
    }
}

/* ---- net_pub ---- */

/* The point to send next; false when there is none or the gateway cannot be reached. */
static bool buffer_locked_pop(telemetry_point_t *point)
{
    bool taken = false;
    with_state_lock() {
        taken = s_state.online && s_state.count > 0;
        if (taken) {
            buffer_pop(point);
        }
    }
    return taken;
}

/* The outcome, the counters and the ring change in one step. */
static void buffer_locked_settle(const telemetry_point_t *point, bool sent, int64_t begun_us, int64_t ended_us)
{
    with_state_lock() {
        s_state.metrics.last_duration_ms = (uint32_t)((ended_us - begun_us) / 1000);
        if (sent) {
            s_state.metrics.published_points++;
            s_state.metrics.last_sync_ms = (uint64_t)(ended_us / 1000);
        } else {
            s_state.metrics.publish_errors++;
            buffer_put_back(point);
        }
    }
}

static bool send_point(const telemetry_point_t *point)
{
    char body[TELEMETRY_POINT_JSON_BYTES];
    size_t length = telemetry_point_to_json(point, body);
    int64_t begun_us = esp_timer_get_time();
    bool sent = net_client_send_http_request(CONFIG_NETWORK_TELEMETRY_HTTP_PATH, "POST", body, length);
    buffer_locked_settle(point, sent, begun_us, esp_timer_get_time());
    return sent;
}

/* Sends until the ring is empty or the gateway is away: as many points a period as the link carries. */
static void flush_buffer_if_online(void)
{
    telemetry_point_t point;
    while (buffer_locked_pop(&point)) {
        if (!send_point(&point)) {
            ESP_LOGD(TAG, "gateway did not take the point of %llu ms", (unsigned long long)point.ts_ms);
            return;
        }
    }
}

static void publisher_task(void *argument)
{
    (void)argument;
    for (;;) {
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        flush_buffer_if_online();
    }
}

/* ---- subscriptions: the dispatch task ---- */

static void on_battery_status(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const battery_status_t *status = event->data;
    with_state_lock() {
        s_state.last_batt = *status;
        s_state.has_batt = true;
    }
}

static void on_pack_stats(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const pack_stats_t *stats = event->data;
    with_state_lock() {
        s_state.last_pack = *stats;
        s_state.has_pack = stats->cell_count > 0;
    }
}

static void on_system_status(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const system_status_t *status = event->data;
    bool online = status->wifi_connected && status->server_reachable;
    TaskHandle_t publisher = NULL;
    with_state_lock() {
        s_state.online = online;
        publisher = s_state.publisher;
    }
    if (online && publisher != NULL) {
        xTaskNotifyGive(publisher);
    }
}

/* ---- the component's interface ---- */

esp_err_t network_publisher_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    bool subscribed = event_bus_subscribe(bus, EVENT_BATTERY_STATUS_UPDATED, on_battery_status, NULL) &&
                      event_bus_subscribe(bus, EVENT_PACK_STATS_UPDATED, on_pack_stats, NULL) &&
                      event_bus_subscribe(bus, EVENT_SYSTEM_STATUS_UPDATED, on_system_status, NULL);
    return subscribed ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t network_publisher_start(void)
{
    TaskHandle_t publisher = NULL;
    if (xTaskCreate(publisher_task, "net_pub", PUBLISHER_STACK, NULL, PUBLISHER_PRIORITY, &publisher) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    with_state_lock() {
        s_state.publisher = publisher;
    }
    if (xTaskCreate(sampler_task, "net_sample", SAMPLER_STACK, publisher, SAMPLER_PRIORITY, NULL) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    ESP_LOGI(TAG, "every %d ms to %s (MQTT %s)", CONFIG_NETWORK_TELEMETRY_PERIOD_MS,
             CONFIG_NETWORK_TELEMETRY_HTTP_PATH, CONFIG_NETWORK_TELEMETRY_MQTT_TOPIC);
    return ESP_OK;
}

network_publisher_metrics_t network_publisher_get_metrics(void)
{
    network_publisher_metrics_t metrics = {0};
    with_state_lock() {
        metrics = s_state.metrics;
        metrics.buffered_points = s_state.count;
    }
    metrics.buffer_capacity = BUFFER_DEPTH;
    return metrics;
}

#else

esp_err_t network_publisher_init(event_bus_t *bus)
{
    ESP_LOGI(TAG, "disabled by configuration");
    return bus == NULL ? ESP_ERR_INVALID_ARG : ESP_OK;
}

esp_err_t network_publisher_start(void)
{
    return ESP_OK;
}

network_publisher_metrics_t network_publisher_get_metrics(void)
{
    return (network_publisher_metrics_t){0};
}

#endif
