// expect: deadlock
/* A mutex that is not recursive makes its own holder wait for itself. */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

void app_main(void) {
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    xSemaphoreTake(mutex, portMAX_DELAY);
    xSemaphoreTake(mutex, portMAX_DELAY);
}
