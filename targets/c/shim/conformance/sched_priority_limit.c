// expect: assertion
/* There are 25 priorities, 0 to 24. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static void run(void *unused) {
    (void)unused;
    vTaskDelete(NULL);
}

void app_main(void) {
    xTaskCreate(run, "highest", 4096, NULL, configMAX_PRIORITIES - 1, NULL);
    vTaskDelay(1);
    xTaskCreate(run, "too high", 4096, NULL, configMAX_PRIORITIES, NULL);
}
