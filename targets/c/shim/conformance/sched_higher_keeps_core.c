/* On one core a ready task of lower priority does not run while one of higher priority can. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_rom_sys.h"

static volatile int low_ran;
static TaskHandle_t main_task;

static void run_low(void *unused) {
    (void)unused;
    low_ran = 1;
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

static void run_high(void *unused) {
    (void)unused;
    xTaskCreatePinnedToCore(run_low, "low", 4096, NULL, 5, NULL, 0);
    for (int i = 0; i < 5; i++) {
        assert(!low_ran);
        esp_rom_delay_us(7000);
        taskYIELD();
    }
    assert(!low_ran);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(run_high, "high", 4096, NULL, 6, NULL, 0);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(low_ran);
}
