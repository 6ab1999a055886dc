// expect: assertion
/* The owner of a portMUX is the core: releasing one that the other core owns asserts. */
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
static atomic_int taken;

static void take(void *unused) {
    (void)unused;
    portENTER_CRITICAL(&mux);
    taken = 1;
    for (;;) taken = 2;
}

static void release(void *unused) {
    (void)unused;
    while (!taken) continue;
    portEXIT_CRITICAL(&mux);
}

void app_main(void) {
    xTaskCreatePinnedToCore(take, "take", 4096, NULL, 5, NULL, 0);
    xTaskCreatePinnedToCore(release, "release", 4096, NULL, 5, NULL, 1);
    vTaskSuspend(NULL);
}
