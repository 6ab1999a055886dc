/* A contended take ends at its time-out or at once with 0 ticks; giving a free mutex fails without harm. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t mutex;
static TaskHandle_t main_task;

static void contend(void *unused) {
    (void)unused;
    TickType_t start = xTaskGetTickCount();
    assert(xSemaphoreTake(mutex, 0) == pdFALSE && xTaskGetTickCount() == start);
    assert(xSemaphoreTake(mutex, 2) == pdFALSE && xTaskGetTickCount() - start == 2);
    assert(xSemaphoreTake(mutex, 10) == pdTRUE && xTaskGetTickCount() - start < 12);
    xSemaphoreGive(mutex);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    static StaticSemaphore_t memory;
    main_task = xTaskGetCurrentTaskHandle();
    mutex = xSemaphoreCreateMutexStatic(&memory);
    assert(xSemaphoreGive(mutex) == pdFAIL && uxSemaphoreGetCount(mutex) == 1);
    xSemaphoreTake(mutex, 0);
    assert(uxSemaphoreGetCount(mutex) == 0);
    xTaskCreate(contend, "contend", 4096, NULL, 5, NULL);
    vTaskDelay(4);
    xSemaphoreGive(mutex);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    vSemaphoreDelete(mutex);
}
