/*
 * steady_frames.c: for tests of hours: telemetry at 2 Hz whose changes stay below the delta threshold, and how often
 * flash was written meanwhile. One call is one record, however many frames it gives.
 *
 * The simulator hands out freed memory no second time, and an hour of JSON is more than it has: each frame is parsed in
 * the same room. It refuses to serve a firmware that keeps a tree of JSON beyond the frame.
 */
#include "cJSON.h"

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "p4v_adapter.h"
#include "p4v_doubles.h"
#include "remote_event_adapter.h"
#include "telemetry_json.h"

#define FRAME_MS 500
#define FIRST_FINE 400u
#define FINE_TOKENS 8u
#define CELLS 16u

static uint32_t written;
static _Alignas(16) uint8_t room[1u << 16];
static size_t used;

static void *allocate(size_t size)
{
    size_t begin = used;
    used += (size + 15u) & ~(size_t)15u;
    return used <= sizeof(room) ? &room[begin] : NULL;
}

static void forget(void *block)
{
    (void)block;
}

void p4v_nvs_stored(const char *key, size_t length, uint32_t writes)
{
    (void)key;
    (void)length;
    written = writes;
}

static void give_frames(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    uint32_t count = (uint32_t)p4v_get_uint(arguments, 4);
    TickType_t wake = xTaskGetTickCount();
    for (uint32_t i = 0; i < count; i++) {
        char text[TELEMETRY_JSON_BYTES];
        size_t length = telemetry_json(text, FRAME_AT_ROOT, FIRST_FINE + i % FINE_TOKENS, CELLS);
        used = 0;
        vTaskDelayUntil(&wake, pdMS_TO_TICKS(FRAME_MS));
        remote_event_adapter_on_telemetry_json(text, length);
    }
}

static void count_writes(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    p4v_put_uint(results, written, 4);
}

static bool boot(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = forget});
    return true;
}

static const p4v_operation operations[] = {
    {"steady.frames", "count:u32", "", give_frames},
    {"steady.writes", "", "writes:u32", count_writes},
    {0},
};
static p4v_observer *const observers[] = {NULL};

const p4v_adapter p4v_adapter_steady_frames = {
    .name = "steady_frames", .boot = boot, .operations = operations, .observers = observers,
};
