/* Binary and counting semaphores have no owner and no inheritance; anybody may give them, up to their maximum. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t semaphore;
static TaskHandle_t main_task;

static void take(void *unused) {
    (void)unused;
    xSemaphoreTake(semaphore, portMAX_DELAY);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    semaphore = xSemaphoreCreateBinary();
    assert(xSemaphoreTake(semaphore, 0) == pdFALSE); /* made empty */
    assert(xSemaphoreGive(semaphore) == pdTRUE && xSemaphoreGive(semaphore) == pdFALSE);
    assert(xSemaphoreTake(semaphore, portMAX_DELAY) == pdTRUE);
    UBaseType_t own = uxTaskPriorityGet(NULL);
    xTaskCreate(take, "take", 4096, NULL, 9, NULL);
    vTaskDelay(1);
    assert(uxTaskPriorityGet(NULL) == own);
    xSemaphoreGive(semaphore);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    vSemaphoreDelete(semaphore);

    semaphore = xSemaphoreCreateCounting(3, 1);
    assert(xSemaphoreGive(semaphore) && xSemaphoreGive(semaphore) && !xSemaphoreGive(semaphore));
    assert(uxSemaphoreGetCount(semaphore) == 3);
    for (int i = 0; i < 3; i++) assert(xSemaphoreTake(semaphore, 0));
    assert(!xSemaphoreTake(semaphore, 0));
}
