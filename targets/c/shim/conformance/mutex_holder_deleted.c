// expect: deadlock
/* A task that is deleted keeps its mutexes: nobody gets them any more. */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t mutex;

static void take(void *unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    vTaskDelete(NULL);
}

void app_main(void) {
    mutex = xSemaphoreCreateMutex();
    xTaskCreate(take, "first", 4096, NULL, 5, NULL);
    vTaskDelay(1);
    xTaskCreate(take, "second", 4096, NULL, 5, NULL);
}
