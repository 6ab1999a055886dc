/* xTaskCreate makes a task without affinity, xTaskCreatePinnedToCore one that stays on its core. */
#include <assert.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static TaskHandle_t main_task, pinned;

static void run_pinned(void *argument) {
    assert(*(const int *)argument == 42);
    for (int i = 0; i < 3; i++) {
        assert(xPortGetCoreID() == 1);
        vTaskDelay(1);
    }
    xTaskNotifyGive(main_task);
    vTaskSuspend(NULL);
}

static void run_free(void *unused) {
    (void)unused;
    vTaskSuspend(NULL);
}

void app_main(void) {
    static const int forty_two = 42;
    TaskHandle_t unpinned;
    main_task = xTaskGetCurrentTaskHandle();
    assert(xTaskCreate(run_free, "free", 4096, NULL, 5, &unpinned) == pdPASS);
    assert(xTaskCreatePinnedToCore(run_pinned, "pinned", 4096, (void *)&forty_two, 5, &pinned, 1) == pdPASS);
    assert(xTaskGetCoreID(unpinned) == tskNO_AFFINITY && xTaskGetCoreID(pinned) == 1);
    assert(strcmp(pcTaskGetName(pinned), "pinned") == 0 && xTaskGetHandle("pinned") == pinned);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    vTaskDelay(1);
    assert(eTaskGetState(pinned) == eSuspended && eTaskGetState(unpinned) == eSuspended);
    vTaskDelete(pinned);
    vTaskDelete(unpinned);
}
