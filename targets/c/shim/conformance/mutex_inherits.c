/* A holder inherits the priority of the task that blocks on its mutex and gives it back with the mutex. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t mutex;
static volatile int taken;

static void take(void *unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    taken = 1;
    xSemaphoreGive(mutex);
    vTaskDelete(NULL);
}

void app_main(void) {
    mutex = xSemaphoreCreateMutex();
    xSemaphoreTake(mutex, portMAX_DELAY);
    UBaseType_t own = uxTaskPriorityGet(NULL);
    xTaskCreate(take, "take", 4096, NULL, 9, NULL);
    vTaskDelay(1);
    assert(!taken && uxTaskPriorityGet(NULL) == 9);
    assert(xSemaphoreGetMutexHolder(mutex) == xTaskGetCurrentTaskHandle());
    xSemaphoreGive(mutex);
    assert(uxTaskPriorityGet(NULL) == own);
    vTaskDelay(1);
    assert(taken);
}
