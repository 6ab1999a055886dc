/* vTaskPrioritySet during inheritance sets the base; the inherited priority stays until the mutex is given. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t mutex;

static void take(void *unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    xSemaphoreGive(mutex);
    vTaskDelete(NULL);
}

void app_main(void) {
    mutex = xSemaphoreCreateMutex();
    xSemaphoreTake(mutex, portMAX_DELAY);
    xTaskCreate(take, "take", 4096, NULL, 9, NULL);
    vTaskDelay(1);
    vTaskPrioritySet(NULL, 3);
    assert(uxTaskPriorityGet(NULL) == 9);
    xSemaphoreGive(mutex);
    assert(uxTaskPriorityGet(NULL) == 3);
    vTaskPrioritySet(NULL, 1);
    assert(uxTaskPriorityGet(NULL) == 1);
    vTaskDelay(1);
}
