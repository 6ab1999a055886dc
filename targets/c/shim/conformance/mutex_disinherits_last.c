/* The inherited priority goes only when the task holds no mutex any more. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t contended, other;

static void take(void *unused) {
    (void)unused;
    xSemaphoreTake(contended, portMAX_DELAY);
    xSemaphoreGive(contended);
    vTaskDelete(NULL);
}

void app_main(void) {
    contended = xSemaphoreCreateMutex();
    other = xSemaphoreCreateMutex();
    UBaseType_t own = uxTaskPriorityGet(NULL);
    xSemaphoreTake(contended, portMAX_DELAY);
    xSemaphoreTake(other, portMAX_DELAY);
    xTaskCreate(take, "take", 4096, NULL, 9, NULL);
    vTaskDelay(1);
    assert(uxTaskPriorityGet(NULL) == 9);
    xSemaphoreGive(contended);
    assert(uxTaskPriorityGet(NULL) == 9);
    xSemaphoreGive(other);
    assert(uxTaskPriorityGet(NULL) == own);
    vTaskDelay(1);
}
