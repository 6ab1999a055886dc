/* After a waiter times out the holder drops to the highest remaining waiter, and to its own with the last. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t mutex;

static void give_up(void *ticks) {
    assert(xSemaphoreTake(mutex, *(const TickType_t *)ticks) == pdFALSE);
    vTaskDelete(NULL);
}

void app_main(void) {
    static const TickType_t three = 3, six = 6;
    mutex = xSemaphoreCreateMutex();
    UBaseType_t own = uxTaskPriorityGet(NULL);
    xSemaphoreTake(mutex, portMAX_DELAY);
    xTaskCreate(give_up, "nine", 4096, (void *)&three, 9, NULL);
    xTaskCreate(give_up, "seven", 4096, (void *)&six, 7, NULL);
    vTaskDelay(1);
    assert(uxTaskPriorityGet(NULL) == 9);
    vTaskDelay(3);
    assert(uxTaskPriorityGet(NULL) == 7);
    vTaskDelay(3);
    assert(uxTaskPriorityGet(NULL) == own);
    xSemaphoreGive(mutex);
}
