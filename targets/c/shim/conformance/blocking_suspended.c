// expect: misuse
/* Blocking is forbidden while the scheduler is suspended, too. */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    portENTER_CRITICAL(&mux);
    portEXIT_CRITICAL(&mux);
    SemaphoreHandle_t mutex = xSemaphoreCreateMutex();
    vTaskSuspendAll();
    xSemaphoreTake(mutex, 1);
}
