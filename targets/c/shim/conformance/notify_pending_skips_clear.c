/* xTaskNotifyWait with one pending returns at once and skips clear-on-entry; without, it clears and then waits. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

void app_main(void) {
    TaskHandle_t self = xTaskGetCurrentTaskHandle();
    uint32_t value = 0;
    TickType_t start = xTaskGetTickCount();
    xTaskNotify(self, 0xff, eSetBits);
    assert(xTaskNotifyWait(0x0f, 0xf0, &value, portMAX_DELAY) == pdTRUE && value == 0xff);
    assert(xTaskGetTickCount() == start);
    assert(ulTaskNotifyValueClear(self, 0) == 0x0f);
    assert(xTaskNotifyWait(0x03, UINT32_MAX, &value, 0) == pdFALSE && value == 0x0c);
    assert(ulTaskNotifyValueClear(self, 0) == 0x0c); /* no clear-on-exit without a notification */
}
