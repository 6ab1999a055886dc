/*
 * tinybms_model_double.c: stands in for tinybms_model, for trees in which nothing talks to a TinyBMS.
 *
 * Both functions are weak: sources of the user's win. A read answers at once with the next token of the environment
 * stream "tinybms" (0: it fails), by default with even tokens from DEFAULT_FIRST on, and publishes the register update
 * as the real tinybms_model does. It has no operations and no observers.
 */
#include "tinybms_model.h"

#include <stdatomic.h>
#include <string.h>

#include "bus.h"
#include "p4v_adapter.h"
#include "tokens.h"
#if __has_include("tinybms_registers.h")
#include "tinybms_registers.h"
#endif

#define DEFAULT_FIRST 202u
#define DEFAULT_LAST 398u

/* Whatever the firmware calls it: it has at least an address and a key. */
typedef __typeof__(*tinybms_get_register_by_key("")) descriptor_t;

static atomic_uint default_reads;

#define DESCRIPTOR(number_, address_, key_) {.address = address_, .key = key_},
static const descriptor_t descriptors[] = {REGISTER_LIST(DESCRIPTOR)};

__attribute__((weak)) const descriptor_t *tinybms_get_register_by_key(const char *key)
{
    for (size_t i = 0; i < BMS_REGISTERS; i++) {
        if (strcmp(descriptors[i].key, key) == 0) {
            return &descriptors[i];
        }
    }
    return NULL;
}

#include "register_lookup.h"

static uint32_t next_token(void)
{
    int64_t token = p4v_environment("tinybms", -1);
    if (token >= 0) {
        return (uint32_t)token;
    }
    unsigned count = (DEFAULT_LAST - DEFAULT_FIRST) / 2u + 1u;
    return DEFAULT_FIRST + 2u * (atomic_fetch_add(&default_reads, 1u) % count);
}

static void publish_update(tinybms_register_update_t *update)
{
    event_t event = {.type = EVENT_TINYBMS_REGISTER_UPDATED, .data = update, .data_size = sizeof(*update)};
    event_bus_publish(p4v_bus(), &event);
}

__attribute__((weak)) esp_err_t tinybms_model_read_register(uint16_t address, float *value)
{
    const bms_register *from = register_at(address);
    uint32_t token = next_token();
    if (from == NULL || token == 0) {
        return ESP_ERR_TIMEOUT;
    }
    tinybms_register_update_t update = update_from_token(from, token);
    update.address = address;
    *value = update.user_value;
    publish_update(&update);
    return ESP_OK;
}

/* ---- the adapter ---- */

static const p4v_operation operations[] = {{0}};
static p4v_observer *const observers[] = {NULL};

const p4v_adapter p4v_adapter_tinybms_model_double = {
    .name = "tinybms_model_double", .operations = operations, .observers = observers,
};
