// expect: misuse
/* A send that may wait is forbidden in a critical section; one with 0 ticks is not. */
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    int item = 1;
    QueueHandle_t queue = xQueueCreate(4, sizeof item);
    portENTER_CRITICAL(&mux);
    xQueueSend(queue, &item, 0);
    xQueueReceive(queue, &item, 0);
    xQueueSend(queue, &item, 1);
}
