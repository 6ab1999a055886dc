/* xTaskAbortDelay ends a wait early, as a time-out. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

static QueueHandle_t queue;
static TaskHandle_t main_task;

static void receive(void *unused) {
    (void)unused;
    int item;
    vTaskDelay(1000);
    assert(xTaskGetTickCount() < 100);
    assert(xQueueReceive(queue, &item, portMAX_DELAY) == pdFALSE);
    assert(xQueueReceive(queue, &item, 3) == pdFALSE);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    TaskHandle_t receiver;
    main_task = xTaskGetCurrentTaskHandle();
    queue = xQueueCreate(1, sizeof(int));
    xTaskCreate(receive, "receive", 4096, NULL, 5, &receiver);
    for (int i = 0; i < 2; i++) {
        vTaskDelay(2);
        assert(xTaskAbortDelay(receiver) == pdPASS);
    }
    TickType_t start = xTaskGetTickCount();
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(xTaskGetTickCount() - start == 3);
}
