// expect: assertion
/* Giving a mutex that another task holds asserts. */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t mutex;

static void give(void *unused) {
    (void)unused;
    xSemaphoreGive(mutex);
    vTaskDelete(NULL);
}

void app_main(void) {
    mutex = xSemaphoreCreateMutex();
    xSemaphoreTake(mutex, portMAX_DELAY);
    xTaskCreate(give, "give", 4096, NULL, 5, NULL);
    vTaskDelay(1);
}
