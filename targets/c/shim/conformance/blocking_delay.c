// expect: misuse
/* A delay is forbidden in a critical section. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    portENTER_CRITICAL(&mux);
    vTaskDelay(1);
}
