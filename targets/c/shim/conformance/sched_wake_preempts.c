/* A woken task of higher priority takes the core before the call that woke it returns. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static volatile int step;
static TaskHandle_t main_task, high;

static void run_high(void *unused) {
    (void)unused;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    step = 1;
    vTaskDelete(NULL);
}

static void run_low(void *unused) {
    (void)unused;
    assert(step == 0);
    xTaskNotifyGive(high);
    assert(step == 1);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(run_high, "high", 4096, NULL, 6, &high, 0);
    vTaskDelay(1);
    xTaskCreatePinnedToCore(run_low, "low", 4096, NULL, 5, NULL, 0);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
