/* 0 ticks means do not block. A receiver that is woken in vain waits for the rest of its time, not anew. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

static QueueHandle_t queue;
static TaskHandle_t main_task;

static void receive(void *unused) {
    (void)unused;
    int item;
    TickType_t start = xTaskGetTickCount();
    assert(xQueueReceive(queue, &item, 0) == pdFALSE && xTaskGetTickCount() == start);
    assert(xQueueReceive(queue, &item, 10) == pdFALSE);
    assert(xTaskGetTickCount() - start == 10);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

/* Higher than the receiver and on its core: puts an item in and has it out again before the receiver can run. */
static void tease(void *unused) {
    (void)unused;
    int item = 1;
    for (int i = 0; i < 3; i++) {
        vTaskDelay(2);
        xQueueSend(queue, &item, 0);
        assert(xQueueReceive(queue, &item, 0) == pdTRUE);
    }
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    queue = xQueueCreate(1, sizeof(int));
    xTaskCreatePinnedToCore(receive, "receive", 4096, NULL, 5, NULL, 0);
    xTaskCreatePinnedToCore(tease, "tease", 4096, NULL, 6, NULL, 0);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
