/* 100 ticks a second. A delay of n ticks ends at the n-th tick from now; milliseconds round down to ticks. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_rom_sys.h"
#include "esp_timer.h"

static int64_t after_tick(void) { return esp_timer_get_time() % 10000; }

void app_main(void) {
    assert(configTICK_RATE_HZ == 100 && portTICK_PERIOD_MS == 10);
    assert(pdMS_TO_TICKS(9) == 0 && pdMS_TO_TICKS(10) == 1 && pdMS_TO_TICKS(259) == 25);
    vTaskDelay(1);
    esp_rom_delay_us(6000);
    TickType_t start = xTaskGetTickCount();
    vTaskDelay(3);
    assert(xTaskGetTickCount() - start == 3);
    assert(after_tick() < 1000);

    TickType_t wake = xTaskGetTickCount();
    esp_rom_delay_us(25000);
    assert(xTaskDelayUntil(&wake, 4) == pdTRUE);
    assert(xTaskGetTickCount() == start + 7 && wake == start + 7);
    esp_rom_delay_us(25000);
    assert(xTaskDelayUntil(&wake, 2) == pdFALSE && wake == start + 9);
}
