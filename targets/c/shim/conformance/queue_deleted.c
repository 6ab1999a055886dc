// expect: memory
/* A queue must not be used after it was deleted. */
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

void app_main(void) {
    int item = 1;
    QueueHandle_t queue = xQueueCreate(1, sizeof item);
    xQueueSend(queue, &item, 0);
    vQueueDelete(queue);
    xQueueReceive(queue, &item, 0);
}
