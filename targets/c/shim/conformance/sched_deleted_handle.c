// expect: memory
/* Nobody may notify a task that is gone. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static void run(void *unused) {
    (void)unused;
    vTaskDelete(NULL);
}

void app_main(void) {
    TaskHandle_t gone;
    xTaskCreate(run, "gone", 4096, NULL, 5, &gone);
    vTaskDelay(1);
    xTaskNotifyGive(gone);
}
