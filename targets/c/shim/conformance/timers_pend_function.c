/* xTimerPendFunctionCall has a function called by the timer task. */
#include <assert.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/timers.h"

static volatile uint32_t got;

static void call(void *argument, uint32_t value) {
    assert(strcmp(pcTaskGetName(NULL), "Tmr Svc") == 0);
    got = *(const uint32_t *)argument + value;
}

void app_main(void) {
    static const uint32_t forty = 40;
    assert(xTimerPendFunctionCall(call, (void *)&forty, 2, portMAX_DELAY) == pdPASS);
    vTaskDelay(1);
    assert(got == 42);
}
