/* On a time-out xTaskNotifyWait still copies the value and returns pdFALSE; a late notification stays pending and
 * answers the next wait. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static TaskHandle_t main_task;

static void notify_late(void *unused) {
    (void)unused;
    vTaskDelay(5);
    xTaskNotify(main_task, 77, eSetValueWithOverwrite);
    vTaskDelete(NULL);
}

void app_main(void) {
    uint32_t value = 0;
    main_task = xTaskGetCurrentTaskHandle();
    xTaskNotify(main_task, 9, eSetValueWithOverwrite);
    xTaskNotifyStateClear(main_task);
    xTaskCreate(notify_late, "late", 4096, NULL, 5, NULL);
    TickType_t start = xTaskGetTickCount();
    assert(xTaskNotifyWait(0, UINT32_MAX, &value, 3) == pdFALSE && value == 9);
    assert(xTaskGetTickCount() - start == 3);
    vTaskDelay(4);
    assert(xTaskNotifyWait(0, UINT32_MAX, &value, 3) == pdTRUE && value == 77);
    assert(xTaskGetTickCount() - start == 7);
}
