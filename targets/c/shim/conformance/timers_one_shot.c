/* Callbacks run in "Tmr Svc" at priority 1; a one-shot timer fires once, at its period from the start. */
#include <assert.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/timers.h"

static volatile int calls;
static volatile TickType_t when;

static void call(TimerHandle_t timer) {
    assert(strcmp(pcTaskGetName(NULL), "Tmr Svc") == 0 && uxTaskPriorityGet(NULL) == 1);
    assert(xTaskGetCurrentTaskHandle() == xTimerGetTimerDaemonTaskHandle());
    assert(*(const int *)pvTimerGetTimerID(timer) == 8 && !xTimerIsTimerActive(timer));
    when = xTaskGetTickCount();
    calls++;
}

void app_main(void) {
    static int id = 8;
    TimerHandle_t timer = xTimerCreate("once", 3, pdFALSE, &id, call);
    assert(strcmp(pcTimerGetName(timer), "once") == 0 && xTimerGetPeriod(timer) == 3);
    TickType_t start = xTaskGetTickCount();
    assert(xTimerStart(timer, 0) == pdPASS);
    vTaskDelay(2);
    assert(xTimerIsTimerActive(timer) && xTimerGetExpiryTime(timer) == start + 3 && calls == 0);
    vTaskDelay(6);
    assert(calls == 1 && when == start + 3);
    assert(xTimerDelete(timer, portMAX_DELAY) == pdPASS);
    vTaskDelay(1);
}
