/*
 * tinybms_client.c: the interface, and tinybms_io, the only task that uses the UART.
 *
 * What a caller waits for, and what happens to a request that nobody waits for any more, is tinybms_requests.c's; how
 * bytes travel is tinybms_wire.c's. Here are attempts, verification, the state of the link, and the statistics' event.
 */
#include "tinybms_client.h"

#include <stdatomic.h>
#include <string.h>

#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "tinybms_counters.h"
#include "tinybms_requests.h"
#include "tinybms_wire.h"

#define WORKER_STACK 4096
#define WORKER_PRIORITY 6
#define TEST_REGISTER 0x012C
#define RESTART_REGISTER 0x0086
#define RESTART_VALUE 0xA55A
/* Exchanges without an answer, one after the other, after which the link counts as lost. */
#define LINK_LOST_AFTER 3

static const char *TAG = "tinybms_client";

static event_bus_t *s_bus;
static atomic_bool s_started;
static atomic_int s_state;
static TaskHandle_t s_worker;
/* The worker's own. */
static unsigned s_silent;
static tinybms_stats_t s_stats_shown;
static TickType_t s_stats_due_at;

static bool publish(event_type_t type, void *payload, size_t size)
{
    event_t event = {.type = type, .data = payload, .data_size = size};
    return event_bus_publish(s_bus, &event);
}

/* ---- attempts: false when nobody wants one any more; else `outcome` is this attempt's ---- */

static esp_err_t read_back(uint16_t address, uint16_t expected, uint16_t *value)
{
    vTaskDelay(pdMS_TO_TICKS(TINYBMS_VERIFY_PAUSE_MS));
    tinybms_frame_t frame;
    tinybms_wire_read_frame(&frame, address);
    tinybms_wire_send(&frame);
    esp_err_t result = tinybms_wire_receive_value(address, value);
    return result == ESP_OK && *value != expected ? ESP_FAIL : result;
}

static bool attempt_read(const tinybms_work_t *work, tinybms_outcome_t *outcome)
{
    tinybms_frame_t frame;
    tinybms_wire_read_frame(&frame, outcome->address);
    if (!tinybms_requests_send(work, tinybms_wire_send, &frame)) {
        return false;
    }
    outcome->result = tinybms_wire_receive_value(outcome->address, &outcome->value);
    return true;
}

static bool attempt_write(const tinybms_work_t *work, tinybms_outcome_t *outcome)
{
    tinybms_frame_t frame;
    tinybms_write_frame(&frame, outcome->address, work->request.value);
    if (!tinybms_requests_send(work, tinybms_wire_send, &frame)) {
        return false;
    }
    outcome->result = tinybms_wire_receive_ack();
    if (outcome->result == ESP_OK && work->request.kind != TINYBMS_RESTART) {
        outcome->result = read_back(outcome->address, work->request.value, &outcome->value);
    }
    return true;
}

/* ---- the state of the link ---- */

static void change_state(tinybms_state_t state, event_type_t event)
{
    if (atomic_exchange(&s_state, (int)state) != (int)state) {
        ESP_LOGI(TAG, "the BMS %s", state == TINYBMS_STATE_CONNECTED ? "answers" : "is silent");
        publish(event, NULL, 0);
    }
}

/* Whatever is answered, and be it a refusal, shows that somebody is there. */
static void note_link(esp_err_t result)
{
    s_silent = result == ESP_ERR_TIMEOUT ? s_silent + 1 : 0;
    if (s_silent == 0) {
        change_state(TINYBMS_STATE_CONNECTED, EVENT_TINYBMS_CONNECTED);
    } else if (s_silent >= LINK_LOST_AFTER) {
        change_state(TINYBMS_STATE_DISCONNECTED, EVENT_TINYBMS_DISCONNECTED);
    }
}

/* ---- tinybms_io ---- */

/* Returns how many attempts there were. */
static unsigned carry_out(const tinybms_work_t *work, tinybms_outcome_t *outcome)
{
    bool reads = work->request.kind == TINYBMS_READ;
    unsigned attempts = 0;
    while (attempts < TINYBMS_RETRY_COUNT && outcome->result != ESP_OK) {
        if (attempts > 0 && !tinybms_requests_pause(work, pdMS_TO_TICKS(TINYBMS_RETRY_PAUSE_MS))) {
            break;
        }
        if (!(reads ? attempt_read(work, outcome) : attempt_write(work, outcome))) {
            break;
        }
        if (attempts++ > 0) {
            tinybms_count_retry();
        }
        note_link(outcome->result);
    }
    return attempts;
}

static void serve(const tinybms_work_t *work)
{
    tinybms_outcome_t outcome = {.result = ESP_ERR_TIMEOUT, .address = work->request.address};
    if (carry_out(work, &outcome) > 0) {
        tinybms_count_latency((uint64_t)(esp_timer_get_time() - work->accepted_us));
    }
    if (work->request.done != NULL) {
        work->request.done(&outcome, work->request.context);
    }
    tinybms_requests_finish(work, &outcome);
}

/* 0: now; portMAX_DELAY: they say what was published last. */
static TickType_t ticks_until_stats(const tinybms_stats_t *stats)
{
    if (memcmp(stats, &s_stats_shown, sizeof(*stats)) == 0) {
        return portMAX_DELAY;
    }
    TickType_t now = xTaskGetTickCount();
    return (int32_t)(s_stats_due_at - now) > 0 ? s_stats_due_at - now : 0;
}

/* What the bus refuses is published an interval later. */
static void publish_due_stats(void)
{
    tinybms_stats_event_t event;
    tinybms_counters(&event.stats);
    if (ticks_until_stats(&event.stats) > 0) {
        return;
    }
    event.timestamp_ms = (uint64_t)(esp_timer_get_time() / 1000);
    if (publish(EVENT_TINYBMS_STATS_UPDATED, &event, sizeof(event))) {
        s_stats_shown = event.stats;
    }
    s_stats_due_at = xTaskGetTickCount() + pdMS_TO_TICKS(CONFIG_TINYBMS_STATS_INTERVAL_MS);
}

static void tinybms_client_worker_task(void *argument)
{
    (void)argument;
    for (;;) {
        tinybms_stats_t stats;
        tinybms_counters(&stats);
        tinybms_work_t work;
        if (tinybms_requests_take(&work, ticks_until_stats(&stats))) {
            serve(&work);
        }
        publish_due_stats();
    }
}

/* ---- asking ---- */

static esp_err_t check(const tinybms_request_t *request)
{
    if (request == NULL || (unsigned)request->kind > TINYBMS_RESTART) {
        return ESP_ERR_INVALID_ARG;
    }
    return atomic_load(&s_started) ? ESP_OK : ESP_ERR_INVALID_STATE;
}

static esp_err_t put(const tinybms_request_t *request, bool waits, tinybms_slot_t *slot)
{
    tinybms_request_t asked = *request;
    if (asked.kind == TINYBMS_RESTART) {
        asked.address = RESTART_REGISTER;
        asked.value = RESTART_VALUE;
    }
    return tinybms_requests_put(&asked, waits, slot);
}

/* The configured time is a promise of at most, and being scheduled again takes a moment. */
static TickType_t wait_ticks(tinybms_request_kind_t kind)
{
    TickType_t ticks = pdMS_TO_TICKS(kind == TINYBMS_READ ? CONFIG_TINYBMS_READ_WAIT_MS : CONFIG_TINYBMS_WRITE_WAIT_MS);
    return ticks > 1 ? ticks - 1 : 1;
}

esp_err_t tinybms_submit(const tinybms_request_t *request)
{
    tinybms_slot_t slot;
    esp_err_t result = check(request);
    return result == ESP_OK ? put(request, false, &slot) : result;
}

esp_err_t tinybms_perform(const tinybms_request_t *request, uint16_t *value)
{
    esp_err_t result = check(request);
    if (result == ESP_OK && xTaskGetCurrentTaskHandle() == s_worker) {
        result = ESP_ERR_INVALID_STATE;
    }
    tinybms_slot_t slot;
    if (result == ESP_OK) {
        result = put(request, true, &slot);
    }
    if (result != ESP_OK) {
        return result;
    }
    tinybms_outcome_t outcome;
    if (!tinybms_requests_await(slot, wait_ticks(request->kind), &outcome)) {
        return ESP_ERR_TIMEOUT;
    }
    if (value != NULL) {
        *value = outcome.value;
    }
    return outcome.result;
}

esp_err_t tinybms_read_register(uint16_t address, uint16_t *value)
{
    const tinybms_request_t request = {.kind = TINYBMS_READ, .address = address};
    return value != NULL ? tinybms_perform(&request, value) : ESP_ERR_INVALID_ARG;
}

esp_err_t tinybms_write_register(uint16_t address, uint16_t value, uint16_t *verified)
{
    const tinybms_request_t request = {.kind = TINYBMS_WRITE, .address = address, .value = value};
    return tinybms_perform(&request, verified);
}

esp_err_t tinybms_restart(void)
{
    const tinybms_request_t request = {.kind = TINYBMS_RESTART};
    return tinybms_perform(&request, NULL);
}

/* ---- the component ---- */

esp_err_t tinybms_client_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (s_bus != NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    esp_err_t result = tinybms_requests_init() ? tinybms_wire_init() : ESP_ERR_NO_MEM;
    s_bus = result == ESP_OK ? bus : NULL;
    return result;
}

esp_err_t tinybms_client_start(void)
{
    if (s_bus == NULL || atomic_load(&s_started)) {
        return ESP_ERR_INVALID_STATE;
    }
    atomic_store(&s_state, TINYBMS_STATE_CONNECTING);
    if (xTaskCreate(tinybms_client_worker_task, "tinybms_io", WORKER_STACK, NULL, WORKER_PRIORITY, &s_worker) != pdPASS) {
        return ESP_ERR_NO_MEM;
    }
    atomic_store(&s_started, true);
    const tinybms_request_t test = {.kind = TINYBMS_READ, .address = TEST_REGISTER};
    return tinybms_submit(&test);
}

tinybms_state_t tinybms_get_state(void)
{
    return (tinybms_state_t)atomic_load(&s_state);
}

esp_err_t tinybms_get_stats(tinybms_stats_t *stats)
{
    if (stats == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    tinybms_counters(stats);
    return ESP_OK;
}

void tinybms_reset_stats(void)
{
    tinybms_counters_reset();
}
