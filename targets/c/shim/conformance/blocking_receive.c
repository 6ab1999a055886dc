// expect: misuse
/* A receive that may wait is forbidden in a critical section, although an item is there. */
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    int item = 1;
    QueueHandle_t queue = xQueueCreate(4, sizeof item);
    xQueueSend(queue, &item, 0);
    portENTER_CRITICAL(&mux);
    xQueueReceive(queue, &item, 1);
}
