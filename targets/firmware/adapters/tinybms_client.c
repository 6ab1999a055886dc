/*
 * tinybms_client.c: boots client and model of the TinyBMS, and offers what the GUI, MQTT and main call.
 *
 * What happens on the wire is seen by the adapter `uart`. The statistics have latency and depth where the manifest
 * defines P4V_TC_LATENCY_FIELDS; other fields of the firmware's struct are not shown.
 */
#include "tinybms_client.h"

#include "bus.h"
#include "fields.h"
#include "p4v_adapter.h"
#include "tinybms_model.h"

/* Trees whose model needs no bus of its own do not have it. */
__attribute__((weak)) esp_err_t tinybms_model_init(event_bus_t *bus);

static void put_result(p4v_writer *results, esp_err_t result)
{
    p4v_put_uint(results, (uint64_t)(uint32_t)result, 4);
}

static void read_register(p4v_reader *arguments, p4v_writer *results)
{
    uint16_t value = 0;
    put_result(results, tinybms_read_register((uint16_t)p4v_get_uint(arguments, 2), &value));
    p4v_put_uint(results, value, 2);
}

static void write_register(p4v_reader *arguments, p4v_writer *results)
{
    uint16_t address = (uint16_t)p4v_get_uint(arguments, 2);
    uint16_t value = (uint16_t)p4v_get_uint(arguments, 2);
    uint16_t verified = 0;
    put_result(results, tinybms_write_register(address, value, &verified));
    p4v_put_uint(results, verified, 2);
}

static void restart(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    put_result(results, tinybms_restart());
}

static void read_stats(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    tinybms_stats_t stats = {0};
    tinybms_get_stats(&stats);
    put_stats(results, &stats);
}

static void read_state(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    p4v_put_uint(results, (uint64_t)tinybms_get_state(), 1);
}

static bool boot(void)
{
    if (tinybms_model_init != NULL && tinybms_model_init(p4v_bus()) != ESP_OK) {
        return false;
    }
    return tinybms_client_init(p4v_bus()) == ESP_OK && tinybms_client_start() == ESP_OK;
}

static const p4v_operation operations[] = {
    {"tc.read", "address:u16", "result:i32,value:u16", read_register},
    {"tc.write", "address:u16,value:u16", "result:i32,verified:u16", write_register},
    {"tc.restart", "", "result:i32", restart},
    {"tc.stats", "", STATS_FIELDS, read_stats},
    {"tc.state", "", "state:u8", read_state},
    {0},
};
static p4v_observer *const observers[] = {NULL};

const p4v_adapter p4v_adapter_tinybms_client = {
    .name = "tinybms_client", .boot = boot, .operations = operations, .observers = observers,
};
