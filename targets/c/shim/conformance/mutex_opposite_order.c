// expect: deadlock
/* Two tasks that take two mutexes in opposite orders wait for each other. */
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

static SemaphoreHandle_t one, other;

static void take_other_first(void *unused) {
    (void)unused;
    xSemaphoreTake(other, portMAX_DELAY);
    vTaskDelay(2);
    xSemaphoreTake(one, portMAX_DELAY);
    vTaskDelete(NULL);
}

void app_main(void) {
    one = xSemaphoreCreateMutex();
    other = xSemaphoreCreateMutex();
    xTaskCreate(take_other_first, "other first", 4096, NULL, 5, NULL);
    xSemaphoreTake(one, portMAX_DELAY);
    vTaskDelay(1);
    xSemaphoreTake(other, portMAX_DELAY);
}
