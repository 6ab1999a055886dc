// expect: misuse
/* Blocking in a critical section is forbidden, also where the call would not have had to wait. */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    portENTER_CRITICAL(&mux);
    xSemaphoreTake(mutex, portMAX_DELAY);
}
