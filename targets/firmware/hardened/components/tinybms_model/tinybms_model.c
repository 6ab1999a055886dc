/*
 * tinybms_model.c: asks tinybms_client for registers, and publishes what they say.
 *
 * Of each register at most one request is under way, so that a BMS that answers slowly, or not at all, finds no more
 * than a few of ours in the client's queue.
 */
#include "tinybms_model.h"

#include <stdatomic.h>
#include <stdio.h>

#include "event_types.h"
#include "tinybms_client.h"

static event_bus_t *s_bus;
static atomic_bool s_under_way[TINYBMS_REGISTER_COUNT];

esp_err_t tinybms_model_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    s_bus = bus;
    return ESP_OK;
}

static void publish_value(const tinybms_register_descriptor_t *descriptor, uint16_t raw)
{
    tinybms_register_update_t update = {
        .address = descriptor->address, .raw_value = raw, .user_value = tinybms_register_user_value(descriptor, raw),
    };
    snprintf(update.key, sizeof(update.key), "%s", descriptor->key);
    event_t event = {.type = EVENT_TINYBMS_REGISTER_UPDATED, .data = &update, .data_size = sizeof(update)};
    event_bus_publish(s_bus, &event);
}

/* In tinybms_io, once for each request that was accepted. */
static void on_read(const tinybms_outcome_t *outcome, void *context)
{
    const tinybms_register_descriptor_t *descriptor = context;
    if (outcome->result == ESP_OK) {
        publish_value(descriptor, outcome->value);
    }
    atomic_store(&s_under_way[tinybms_register_index(descriptor)], false);
}

static bool was_refused(esp_err_t result)
{
    return result == ESP_ERR_NO_MEM || result == ESP_ERR_INVALID_STATE || result == ESP_ERR_INVALID_ARG;
}

static esp_err_t read_now(const tinybms_register_descriptor_t *descriptor, atomic_bool *under_way, uint16_t *raw)
{
    const tinybms_request_t request = {
        .kind = TINYBMS_READ, .address = descriptor->address, .done = on_read, .context = (void *)descriptor,
    };
    esp_err_t result = tinybms_perform(&request, raw);
    if (was_refused(result)) {
        atomic_store(under_way, false);
    }
    return result;
}

esp_err_t tinybms_model_read_register(uint16_t address, float *value)
{
    if (value == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    const tinybms_register_descriptor_t *descriptor = tinybms_get_register_by_address(address);
    if (descriptor == NULL) {
        return ESP_ERR_NOT_FOUND;
    }
    atomic_bool *under_way = &s_under_way[tinybms_register_index(descriptor)];
    if (atomic_exchange(under_way, true)) {
        return ESP_ERR_NOT_FINISHED;
    }
    uint16_t raw;
    esp_err_t result = read_now(descriptor, under_way, &raw);
    if (result == ESP_OK) {
        *value = tinybms_register_user_value(descriptor, raw);
    }
    return result;
}
