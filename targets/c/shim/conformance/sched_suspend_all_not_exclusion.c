/* vTaskSuspendAll keeps other tasks from this core; the other core goes on, so it is no mutual exclusion. */
#include <assert.h>
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static atomic_int suspended, seen, high_ran;
static TaskHandle_t main_task, high;

static void run_high(void *unused) {
    (void)unused;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    high_ran = 1;
    vTaskDelete(NULL);
}

static void suspend(void *unused) {
    (void)unused;
    vTaskSuspendAll();
    vTaskSuspendAll();
    assert(xTaskGetSchedulerState() == taskSCHEDULER_SUSPENDED);
    suspended = 1;
    while (!seen) continue; /* the other core sees it */
    xTaskNotifyGive(high);
    assert(!high_ran);
    xTaskResumeAll();
    assert(!high_ran);
    xTaskResumeAll();
    assert(high_ran);
    assert(xTaskGetSchedulerState() == taskSCHEDULER_RUNNING);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

static void look(void *unused) {
    (void)unused;
    while (!suspended) continue;
    seen = 1;
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(run_high, "high", 4096, NULL, 7, &high, 0);
    vTaskDelay(1);
    xTaskCreatePinnedToCore(suspend, "suspend", 4096, NULL, 5, NULL, 0);
    xTaskCreatePinnedToCore(look, "look", 4096, NULL, 5, NULL, 1);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
