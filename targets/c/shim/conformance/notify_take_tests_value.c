/* ulTaskNotifyTake looks at the value, not at the state: a value without a pending notification is taken at once, a
 * pending notification without a value is waited past. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static TaskHandle_t main_task;

static void give(void *unused) {
    (void)unused;
    vTaskDelay(2);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskNotify(main_task, 2, eSetValueWithOverwrite);
    xTaskNotifyStateClear(main_task);
    assert(ulTaskNotifyTake(pdFALSE, 0) == 2 && ulTaskNotifyTake(pdTRUE, 0) == 1);
    assert(ulTaskNotifyTake(pdTRUE, 0) == 0);

    xTaskNotify(main_task, 0, eNoAction);
    xTaskCreate(give, "give", 4096, NULL, 5, NULL);
    TickType_t start = xTaskGetTickCount();
    assert(ulTaskNotifyTake(pdTRUE, portMAX_DELAY) == 1);
    assert(xTaskGetTickCount() - start == 2);
}
