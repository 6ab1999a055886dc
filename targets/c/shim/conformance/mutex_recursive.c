/* A recursive mutex is given back with the last give; others fail to give it. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t mutex;
static volatile int taken;
static TaskHandle_t main_task;

static void contend(void *unused) {
    (void)unused;
    assert(xSemaphoreGiveRecursive(mutex) == pdFAIL);
    assert(xSemaphoreTakeRecursive(mutex, 0) == pdFALSE);
    assert(xSemaphoreTakeRecursive(mutex, portMAX_DELAY) == pdTRUE);
    taken = 1;
    xSemaphoreGiveRecursive(mutex);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    mutex = xSemaphoreCreateRecursiveMutex();
    for (int i = 0; i < 3; i++) assert(xSemaphoreTakeRecursive(mutex, portMAX_DELAY) == pdTRUE);
    xTaskCreate(contend, "contend", 4096, NULL, 5, NULL);
    for (int i = 0; i < 3; i++) {
        vTaskDelay(1);
        assert(!taken);
        assert(xSemaphoreGiveRecursive(mutex) == pdTRUE);
    }
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(taken && xSemaphoreGiveRecursive(mutex) == pdFAIL);
}
