/* Deleting a task takes it out of what it waited for; the next waiter is served. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t semaphore;
static volatile int high_ran, low_ran;

static void wait(void *argument) {
    xSemaphoreTake(semaphore, portMAX_DELAY);
    *(volatile int *)argument = 1;
    vTaskDelete(NULL);
}

void app_main(void) {
    TaskHandle_t high;
    semaphore = xSemaphoreCreateBinary();
    UBaseType_t tasks = uxTaskGetNumberOfTasks();
    xTaskCreate(wait, "high", 4096, (void *)&high_ran, 6, &high);
    xTaskCreate(wait, "low", 4096, (void *)&low_ran, 5, NULL);
    vTaskDelay(1);
    assert(uxTaskGetNumberOfTasks() == tasks + 2);
    vTaskDelete(high);
    xSemaphoreGive(semaphore);
    vTaskDelay(1);
    assert(!high_ran && low_ran);
    assert(uxTaskGetNumberOfTasks() == tasks);
}
