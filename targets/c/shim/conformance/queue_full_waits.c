/* A sender waits for room and goes on when an item is taken, or when the queue is reset. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

static QueueHandle_t queue;
static volatile int sent;

static void send(void *unused) {
    (void)unused;
    for (int i = 1; i <= 3; i++) {
        assert(xQueueSend(queue, &i, portMAX_DELAY) == pdPASS);
        sent = i;
    }
    int late = 4;
    assert(xQueueSend(queue, &late, 2) == errQUEUE_FULL);
    sent = 4;
    vTaskDelete(NULL);
}

void app_main(void) {
    int item = 0;
    queue = xQueueCreate(1, sizeof(int));
    xTaskCreate(send, "send", 4096, NULL, 5, NULL);
    vTaskDelay(1);
    assert(sent == 1);
    assert(xQueueReceive(queue, &item, 0) == pdTRUE && item == 1);
    vTaskDelay(1);
    assert(sent == 2);
    xQueueReset(queue);
    vTaskDelay(1);
    assert(sent == 3);
    assert(xQueuePeek(queue, &item, 0) == pdTRUE && item == 3);
    vTaskDelay(3);
    assert(sent == 4);
}
