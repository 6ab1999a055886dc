/* An auto-reload timer fires every period, also those it missed, until stopped; reset and a new period restart it. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/timers.h"

static volatile int calls, slow;

static void call(TimerHandle_t timer) {
    (void)timer;
    if (slow) vTaskDelay(5);
    slow = 0;
    calls++;
}

void app_main(void) {
    TimerHandle_t timer = xTimerCreate("auto", 2, pdTRUE, NULL, call);
    xTimerStart(timer, 0);
    vTaskDelay(7);
    assert(calls == 3);
    slow = 1;
    vTaskDelay(8);
    assert(calls == 7);
    xTimerReset(timer, 0);
    vTaskDelay(3);
    assert(calls == 8);
    xTimerChangePeriod(timer, 10, 0);
    vTaskDelay(9);
    assert(calls == 8);
    vTaskDelay(2);
    assert(calls == 9);
    xTimerStop(timer, 0);
    vTaskDelay(12);
    assert(calls == 9);
}
