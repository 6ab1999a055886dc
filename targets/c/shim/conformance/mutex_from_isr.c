// expect: assertion
/* A mutex belongs to a task: it can not be given from an interrupt. */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

void app_main(void) {
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    xSemaphoreTake(mutex, portMAX_DELAY);
    xSemaphoreGiveFromISR(mutex, NULL);
}
