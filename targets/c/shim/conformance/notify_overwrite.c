/* eSetValueWithOverwrite always succeeds and marks received, also when nobody waits; ...WithoutOverwrite fails while
 * one is pending. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

void app_main(void) {
    TaskHandle_t self = xTaskGetCurrentTaskHandle();
    uint32_t value = 0, previous = 0;
    assert(xTaskNotify(self, 5, eSetValueWithOverwrite) == pdPASS);
    assert(xTaskNotify(self, 6, eSetValueWithOverwrite) == pdPASS);
    assert(xTaskNotify(self, 7, eSetValueWithoutOverwrite) == pdFAIL);
    assert(xTaskNotifyWait(0, 0, &value, 0) == pdTRUE && value == 6);
    assert(xTaskNotifyWait(0, 0, &value, 0) == pdFALSE && value == 6);
    assert(xTaskNotify(self, 8, eSetValueWithoutOverwrite) == pdPASS);
    assert(xTaskNotifyAndQuery(self, 3, eSetBits, &previous) == pdPASS && previous == 8);
    assert(xTaskNotifyWait(0, UINT32_MAX, &value, 0) == pdTRUE && value == 11);
    assert(ulTaskNotifyTake(pdTRUE, 0) == 0);
    assert(ulTaskNotifyValueClear(self, 0) == 0 && xTaskNotifyStateClear(self) == pdFAIL);
}
