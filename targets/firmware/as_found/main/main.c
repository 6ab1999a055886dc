/*
 * main.c: brings the components up in the order in which they depend on each other.
 */
#include "esp_err.h"
#include "event_bus.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "network_publisher.h"
#include "nvs_flash.h"
#include "remote_event_adapter.h"
#include "telemetry_model.h"
#include "tinybms_client.h"
#include "tinybms_model.h"

#define DISPATCH_STACK 5120
#define DISPATCH_PRIORITY 6

static _Alignas(16) uint8_t s_bus_storage[EVENT_BUS_STORAGE_BYTES];

static void dispatch(void *bus)
{
    event_bus_dispatch_task(bus);
}

/* A partition that cannot be read is emptied. */
static esp_err_t open_storage(void)
{
    esp_err_t error = nvs_flash_init();
    if (error == ESP_ERR_NVS_NO_FREE_PAGES || error == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        nvs_flash_erase();
        error = nvs_flash_init();
    }
    return error;
}

void app_main(void)
{
    event_bus_t *bus = (event_bus_t *)s_bus_storage;
    event_bus_init(bus);
    ESP_ERROR_CHECK(open_storage());
    ESP_ERROR_CHECK(tinybms_model_init(bus));
    ESP_ERROR_CHECK(tinybms_client_init(bus));
    ESP_ERROR_CHECK(telemetry_model_init(bus));
    ESP_ERROR_CHECK(network_publisher_init(bus));
    ESP_ERROR_CHECK(remote_event_adapter_init(bus));
    BaseType_t created = xTaskCreate(dispatch, "event_dispatch", DISPATCH_STACK, bus, DISPATCH_PRIORITY, NULL);
    configASSERT(created == pdPASS);
    ESP_ERROR_CHECK(tinybms_client_start());
    ESP_ERROR_CHECK(telemetry_model_start());
    ESP_ERROR_CHECK(network_publisher_start());
    ESP_ERROR_CHECK(remote_event_adapter_start());
}
