// expect: misuse
/* A queue must not be deleted while a task waits for it. */
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

static QueueHandle_t queue;

static void receive(void *unused) {
    (void)unused;
    int item;
    xQueueReceive(queue, &item, portMAX_DELAY);
    vTaskDelete(NULL);
}

void app_main(void) {
    queue = xQueueCreate(1, sizeof(int));
    xTaskCreate(receive, "receive", 4096, NULL, 5, NULL);
    vTaskDelay(1);
    vQueueDelete(queue);
}
