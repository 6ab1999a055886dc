// expect: misuse
/* Waiting for a notification is forbidden in a critical section, although one is pending. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    xTaskNotifyGive(xTaskGetCurrentTaskHandle());
    portENTER_CRITICAL(&mux);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
