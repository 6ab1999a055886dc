/*
 * tinybms_model.c: reads registers through tinybms_client, and publishes what they say.
 */
#include "tinybms_model.h"

#include <stdio.h>

#include "event_types.h"
#include "tinybms_client.h"

static event_bus_t *s_bus;

esp_err_t tinybms_model_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    s_bus = bus;
    return ESP_OK;
}

static void publish_value(const tinybms_register_descriptor_t *descriptor, uint16_t raw, float value)
{
    tinybms_register_update_t update = {.address = descriptor->address, .raw_value = raw, .user_value = value};
    snprintf(update.key, sizeof(update.key), "%s", descriptor->key);
    event_t event = {.type = EVENT_TINYBMS_REGISTER_UPDATED, .data = &update, .data_size = sizeof(update)};
    event_bus_publish(s_bus, &event);
}

esp_err_t tinybms_model_read_register(uint16_t address, float *value)
{
    const tinybms_register_descriptor_t *descriptor = tinybms_get_register_by_address(address);
    if (value == NULL || descriptor == NULL) {
        return value == NULL ? ESP_ERR_INVALID_ARG : ESP_ERR_NOT_FOUND;
    }
    uint16_t raw;
    esp_err_t result = tinybms_read_register(address, &raw);
    if (result == ESP_OK) {
        *value = tinybms_register_user_value(descriptor, raw);
        publish_value(descriptor, raw, *value);
    }
    return result;
}
