/*
 * event_cache.c: the pending values, the task that writes them, and NVS.
 *
 * s_lock guards everything below. It is held while values are copied, never while NVS is called: a store waits for a
 * memcpy at most. Only the task re_cache (and, before it exists, event_cache_restore_*) calls NVS.
 */
#include "event_cache.h"

#include <string.h>

#include "cache_blob.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "flush_schedule.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "nvs.h"
#include "sdkconfig.h"

#define NAMESPACE "hmi_cache"
#define TASK_STACK 4096
#define TASK_PRIORITY 2
#define STOP_WAIT_MS 1000
/* Raised when what is stored under a key changes its meaning. */
#define TELEMETRY_VERSION 1
#define CONFIG_VERSION 1

static const char *TAG = "event_cache";

typedef struct {
    const char *key;
    void *pending;
    uint16_t size;
    uint16_t version;
    flush_schedule_t schedule;
} cache_slot_t;

static telemetry_frame_t pending_telemetry_cache;
static hmi_config_t pending_config_cache;

static SemaphoreHandle_t s_lock;
static SemaphoreHandle_t s_stopped;
static TaskHandle_t s_task;
static bool s_stopping;
static telemetry_frame_t s_flushed_telemetry;  /* the last one that was handed to NVS, or came from it */
static bool s_has_flushed;
static cache_slot_t s_telemetry = {
    .key = "telemetry", .pending = &pending_telemetry_cache, .size = sizeof(pending_telemetry_cache),
    .version = TELEMETRY_VERSION,
};
static cache_slot_t s_config = {
    .key = "config", .pending = &pending_config_cache, .size = sizeof(pending_config_cache), .version = CONFIG_VERSION,
};

/* Holds the blob of either slot. */
#define BLOB_BYTES \
    CACHE_BLOB_BYTES(sizeof(telemetry_frame_t) > sizeof(hmi_config_t) ? sizeof(telemetry_frame_t) : sizeof(hmi_config_t))

static void lock(void)
{
    xSemaphoreTake(s_lock, portMAX_DELAY);
}

static void unlock(void)
{
    xSemaphoreGive(s_lock);
}

static int64_t now_ms(void)
{
    return esp_timer_get_time() / 1000;
}

/* ---- storing: the lock is held ---- */

static int64_t next_due(void)
{
    int64_t telemetry = flush_schedule_due(&s_telemetry.schedule);
    int64_t config = flush_schedule_due(&s_config.schedule);
    return telemetry < config ? telemetry : config;
}

/* Equal bytes need no write. The task is woken only when it would sleep too long. */
static void store(cache_slot_t *slot, const void *value, bool urgent, int64_t now)
{
    if (memcmp(slot->pending, value, slot->size) == 0) {
        return;
    }
    memcpy(slot->pending, value, slot->size);
    int64_t due = next_due();
    flush_schedule_mark(&slot->schedule, now, urgent);
    if (s_task != NULL && next_due() < due) {
        xTaskNotifyGive(s_task);
    }
}

void event_cache_store_telemetry(const telemetry_frame_t *frame)
{
    int64_t now = now_ms();
    lock();
    bool urgent = !s_has_flushed ||
                  telemetry_frame_differs(frame, &s_flushed_telemetry, CONFIG_REMOTE_EVENT_CACHE_FLUSH_DELTA_MV);
    store(&s_telemetry, frame, urgent, now);
    unlock();
}

void event_cache_store_config(const hmi_config_t *config)
{
    int64_t now = now_ms();
    lock();
    store(&s_config, config, true, now);
    unlock();
}

/* ---- NVS: the lock is not held ---- */

static bool write_blob(const char *key, const void *blob, size_t length)
{
    nvs_handle_t handle;
    esp_err_t error = nvs_open(NAMESPACE, NVS_READWRITE, &handle);
    if (error == ESP_OK) {
        error = nvs_set_blob(handle, key, blob, length);
        if (error == ESP_OK) {
            error = nvs_commit(handle);
        }
        nvs_close(handle);
    }
    if (error != ESP_OK) {
        ESP_LOGW(TAG, "%s is not written: %s", key, esp_err_to_name(error));
    }
    return error == ESP_OK;
}

static bool read_blob(const cache_slot_t *slot, uint8_t *blob)
{
    nvs_handle_t handle;
    size_t length = CACHE_BLOB_BYTES(slot->size);
    esp_err_t error = nvs_open(NAMESPACE, NVS_READONLY, &handle);
    if (error == ESP_OK) {
        error = nvs_get_blob(handle, slot->key, blob, &length);
        nvs_close(handle);
    }
    if (error != ESP_OK) {
        ESP_LOGI(TAG, "no %s in NVS: %s", slot->key, esp_err_to_name(error));
        return false;
    }
    if (!cache_blob_is_intact(blob, length, slot->version, slot->size)) {
        ESP_LOGW(TAG, "%s in NVS is damaged or of another version: ignored", slot->key);
        return false;
    }
    return true;
}

/* ---- re_cache ---- */

/* What was there when the write began is written; what comes meanwhile stays dirty. */
static void flush(cache_slot_t *slot)
{
    uint8_t blob[BLOB_BYTES];
    int64_t begun = now_ms();
    lock();
    memcpy(blob + sizeof(cache_blob_header_t), slot->pending, slot->size);
    flush_schedule_begin(&slot->schedule, begun);
    if (slot == &s_telemetry) {
        s_flushed_telemetry = pending_telemetry_cache;
        s_has_flushed = true;
    }
    unlock();
    cache_blob_seal(blob, slot->version, slot->size);
    bool written = write_blob(slot->key, blob, CACHE_BLOB_BYTES(slot->size));
    int64_t ended = now_ms();
    lock();
    flush_schedule_end(&slot->schedule, ended, written);
    unlock();
}

static bool is_due(const cache_slot_t *slot, int64_t now, bool all)
{
    lock();
    int64_t due = flush_schedule_due(&slot->schedule);
    unlock();
    return due != FLUSH_NEVER && (all || due <= now);
}

static void flush_due(bool all)
{
    if (is_due(&s_config, now_ms(), all)) {
        flush(&s_config);
    }
    if (is_due(&s_telemetry, now_ms(), all)) {
        flush(&s_telemetry);
    }
}

/* At least one tick, and none too few. */
static TickType_t ticks_until(int64_t due)
{
    int64_t now = now_ms();
    if (due == FLUSH_NEVER) {
        return portMAX_DELAY;
    }
    int64_t wait = due > now ? due - now : 0;
    return (TickType_t)(wait / portTICK_PERIOD_MS + 1);
}

/* False when the task is to end. */
static bool wait_until_due(void)
{
    lock();
    int64_t due = next_due();
    bool stopping = s_stopping;
    unlock();
    if (!stopping) {
        ulTaskNotifyTake(pdTRUE, ticks_until(due));
    }
    return !stopping;
}

static void flush_task(void *argument)
{
    (void)argument;
    while (wait_until_due()) {
        flush_due(false);
    }
    flush_due(true);
    lock();
    s_task = NULL;
    s_stopping = false;
    unlock();
    xSemaphoreGive(s_stopped);
    vTaskDelete(NULL);
}

/* ---- the module's interface ---- */

esp_err_t event_cache_init(void)
{
    flush_schedule_init(&s_telemetry.schedule);
    flush_schedule_init(&s_config.schedule);
    s_lock = xSemaphoreCreateMutex();
    s_stopped = xSemaphoreCreateBinary();
    return s_lock != NULL && s_stopped != NULL ? ESP_OK : ESP_ERR_NO_MEM;
}

bool event_cache_restore_telemetry(telemetry_frame_t *frame)
{
    uint8_t blob[BLOB_BYTES];
    if (!read_blob(&s_telemetry, blob)) {
        return false;
    }
    memcpy(frame, blob + sizeof(cache_blob_header_t), sizeof(*frame));
    if (!telemetry_frame_is_plausible(frame)) {
        return false;
    }
    lock();
    memcpy(&pending_telemetry_cache, frame, sizeof(*frame));
    s_flushed_telemetry = *frame;
    s_has_flushed = true;
    unlock();
    return true;
}

bool event_cache_restore_config(hmi_config_t *config)
{
    uint8_t blob[BLOB_BYTES];
    if (!read_blob(&s_config, blob)) {
        return false;
    }
    memcpy(config, blob + sizeof(cache_blob_header_t), sizeof(*config));
    lock();
    memcpy(&pending_config_cache, config, sizeof(*config));
    unlock();
    return true;
}

static BaseType_t create_task(void)
{
    return xTaskCreate(flush_task, "re_cache", TASK_STACK, NULL, TASK_PRIORITY, &s_task);
}

esp_err_t event_cache_start(void)
{
    lock();
    xSemaphoreTake(s_stopped, 0);  /* of a stop that did not wait for the end */
    bool running = s_task != NULL || create_task() == pdPASS;
    unlock();
    return running ? ESP_OK : ESP_ERR_NO_MEM;
}

void event_cache_stop(void)
{
    lock();
    bool running = s_task != NULL;
    if (running) {
        s_stopping = true;
        xTaskNotifyGive(s_task);
    }
    unlock();
    if (running) {
        xSemaphoreTake(s_stopped, pdMS_TO_TICKS(STOP_WAIT_MS));
    }
}
