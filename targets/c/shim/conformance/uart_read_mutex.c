/* One task reads at a time; the other's time applies to its wait for that, too: -1 when it was not enough. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tinybms_request.h"

static TaskHandle_t main_task;

static void read_long(void *unused) {
    uint8_t byte;
    (void)unused;
    assert(uart_read_bytes(PORT, &byte, 1, 20) == 0);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    uint8_t byte;
    main_task = xTaskGetCurrentTaskHandle();
    assert(tinybms_install(512, 0, NULL) == ESP_OK);
    xTaskCreate(read_long, "read", 4096, NULL, 5, NULL);
    vTaskDelay(1);
    TickType_t start = xTaskGetTickCount();
    assert(uart_read_bytes(PORT, &byte, 1, 0) == -1 && xTaskGetTickCount() == start);
    assert(uart_read_bytes(PORT, &byte, 1, 5) == -1 && xTaskGetTickCount() - start == 5);
    assert(uart_read_bytes(PORT, &byte, 1, 50) == 0 && xTaskGetTickCount() - start >= 69);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
