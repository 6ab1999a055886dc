// expect: assertion
/* There is one notification slot by default. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

void app_main(void) {
    xTaskNotifyGiveIndexed(xTaskGetCurrentTaskHandle(), 0);
    xTaskNotifyGiveIndexed(xTaskGetCurrentTaskHandle(), configTASK_NOTIFICATION_ARRAY_ENTRIES);
}
