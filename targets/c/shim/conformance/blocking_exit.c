// expect: misuse
/* A task must not end inside a critical section. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    portENTER_CRITICAL(&mux);
    vTaskDelete(NULL);
}
