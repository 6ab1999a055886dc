/* The FromISR variants never wait and tell whether a task of higher priority was woken. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static void wait(void *unused) {
    (void)unused;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    xTaskNotifyWait(0, 0, NULL, portMAX_DELAY);
    vTaskDelete(NULL);
}

void app_main(void) {
    TaskHandle_t waiter;
    BaseType_t woken = pdFALSE;
    xTaskCreate(wait, "wait", 4096, NULL, 5, &waiter);
    vTaskDelay(1);
    vTaskNotifyGiveFromISR(waiter, &woken);
    assert(woken == pdTRUE);
    portYIELD_FROM_ISR(woken);
    vTaskDelay(1);
    woken = pdFALSE;
    assert(xTaskNotifyFromISR(waiter, 1, eSetBits, &woken) == pdPASS && woken == pdTRUE);
    vTaskDelay(1);
    woken = pdFALSE;
    vTaskNotifyGiveFromISR(xTaskGetCurrentTaskHandle(), &woken);
    assert(woken == pdFALSE);
}
