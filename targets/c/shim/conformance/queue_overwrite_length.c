// expect: assertion
/* xQueueOverwrite needs a queue of length 1. */
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

void app_main(void) {
    int item = 1;
    xQueueOverwrite(xQueueCreate(2, sizeof item), &item);
}
