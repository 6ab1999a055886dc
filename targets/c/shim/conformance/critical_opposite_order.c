// expect: deadlock
/* Two muxes taken in opposite orders by two cores really deadlock. */
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE mux[2] = { portMUX_INITIALIZER_UNLOCKED, portMUX_INITIALIZER_UNLOCKED };
static atomic_int taken[2];

static void take_both(void *argument) {
    int first = *(const int *)argument;
    portENTER_CRITICAL(&mux[first]);
    taken[first] = 1;
    while (!taken[1 - first]) continue;
    portENTER_CRITICAL(&mux[1 - first]);
    portEXIT_CRITICAL(&mux[1 - first]);
    portEXIT_CRITICAL(&mux[first]);
    vTaskDelete(NULL);
}

void app_main(void) {
    static const int zero = 0, one = 1;
    xTaskCreatePinnedToCore(take_both, "zero first", 4096, (void *)&zero, 5, NULL, 0);
    xTaskCreatePinnedToCore(take_both, "one first", 4096, (void *)&one, 5, NULL, 1);
}
