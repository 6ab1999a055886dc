/*
 * network_publisher.c: the publisher's task, its ring of unsent points and its subscriptions.
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

#define TASK_STACK 4096
#define TASK_PRIORITY 4

#if CONFIG_NETWORK_TELEMETRY_OFFLINE_BUFFER
#define BUFFER_DEPTH CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH
#else
#define BUFFER_DEPTH 1
#endif

static struct {
    battery_status_t last_batt;
    pack_stats_t last_pack;
    bool has_batt;
    bool has_pack;
    bool wifi_connected;
    bool server_reachable;
    telemetry_point_t buffer[BUFFER_DEPTH];
    uint32_t head;   /* next free slot */
    uint32_t tail;   /* oldest point */
    uint32_t count;
    uint64_t last_sync_ms;
    uint32_t publish_errors;
    uint32_t published_points;
    uint32_t last_duration_ms;
} s_state;

static bool is_online(void)
{
    return s_state.wifi_connected && s_state.server_reachable;
}

/* The oldest point gives way when the ring is full. */
static void buffer_push(const telemetry_point_t *point)
{
    if (s_state.count == BUFFER_DEPTH) {
        s_state.tail = (s_state.tail + 1) % BUFFER_DEPTH;
        s_state.count--;
    }
    s_state.buffer[s_state.head] = *point;
    s_state.head = (s_state.head + 1) % BUFFER_DEPTH;
    s_state.count++;
}

static bool buffer_peek(telemetry_point_t *point)
{
    if (s_state.count == 0) {
        return false;
    }
    *point = s_state.buffer[s_state.tail];
    return true;
}

static void buffer_pop(void)
{
    if (s_state.count == 0) {
        return;
    }
    s_state.tail = (s_state.tail + 1) % BUFFER_DEPTH;
    s_state.count--;
}

static void build_point(telemetry_point_t *point)
{
    point->ts_ms = (uint64_t)(esp_timer_get_time() / 1000);
    point->soc = s_state.last_batt.soc;
    point->soh = s_state.last_batt.soh;
    point->voltage = s_state.last_batt.voltage;
    point->current = s_state.last_batt.current;
    point->power = s_state.last_batt.power;
    point->temperature = s_state.last_batt.temperature;
    point->has_cells = s_state.has_pack;
    point->cell_min = s_state.last_pack.cell_min;
    point->cell_max = s_state.last_pack.cell_max;
    point->cell_delta = s_state.last_pack.cell_delta;
}

static bool publish_point(const telemetry_point_t *point)
{
    char body[TELEMETRY_POINT_JSON_BYTES];
    size_t length = telemetry_point_to_json(point, body);
    int64_t start_us = esp_timer_get_time();
    bool sent = net_client_send_http_request(CONFIG_NETWORK_TELEMETRY_HTTP_PATH, "POST", body, length);
    int64_t end_us = esp_timer_get_time();
    s_state.last_duration_ms = (uint32_t)((end_us - start_us) / 1000);
    if (sent) {
        s_state.published_points++;
        s_state.last_sync_ms = (uint64_t)(end_us / 1000);
    } else {
        s_state.publish_errors++;
    }
    return sent;
}

static void flush_buffer_if_online(void)
{
    telemetry_point_t point;
    while (is_online() && buffer_peek(&point)) {
        if (!publish_point(&point)) {
            ESP_LOGD(TAG, "gateway did not take the point of %llu ms", (unsigned long long)point.ts_ms);
            break;
        }
        buffer_pop();
    }
}

static void publish_or_keep(void)
{
    telemetry_point_t point;
    build_point(&point);
    flush_buffer_if_online();
    if (!is_online() || s_state.count > 0 || !publish_point(&point)) {
        buffer_push(&point);
    }
}

static void publisher_task(void *argument)
{
    (void)argument;
    for (;;) {
        vTaskDelay(pdMS_TO_TICKS(CONFIG_NETWORK_TELEMETRY_PERIOD_MS));
        if (s_state.has_batt) {
            publish_or_keep();
        }
    }
}

static void on_battery_status(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    s_state.last_batt = *(const battery_status_t *)event->data;
    s_state.has_batt = true;
}

static void on_pack_stats(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    s_state.last_pack = *(const pack_stats_t *)event->data;
    s_state.has_pack = s_state.last_pack.cell_count > 0;
}

static void on_system_status(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus;
    (void)ctx;
    const system_status_t *status = event->data;
    s_state.wifi_connected = status->wifi_connected;
    s_state.server_reachable = status->server_reachable;
    flush_buffer_if_online();
}

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
    if (xTaskCreate(publisher_task, "net_pub", TASK_STACK, NULL, TASK_PRIORITY, NULL) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    ESP_LOGI(TAG, "every %d ms to %s (MQTT %s)", CONFIG_NETWORK_TELEMETRY_PERIOD_MS,
             CONFIG_NETWORK_TELEMETRY_HTTP_PATH, CONFIG_NETWORK_TELEMETRY_MQTT_TOPIC);
    return ESP_OK;
}

network_publisher_metrics_t network_publisher_get_metrics(void)
{
    network_publisher_metrics_t metrics = {.buffer_capacity = BUFFER_DEPTH};
    metrics.last_sync_ms = s_state.last_sync_ms;
    metrics.buffered_points = s_state.count;
    metrics.publish_errors = s_state.publish_errors;
    metrics.published_points = s_state.published_points;
    metrics.last_duration_ms = s_state.last_duration_ms;
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
