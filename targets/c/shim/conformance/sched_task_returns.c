// expect: assertion
/* A task function must not return. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static void run(void *unused) { (void)unused; }

void app_main(void) {
    xTaskCreate(run, "returns", 4096, NULL, 5, NULL);
    vTaskDelay(1);
}
