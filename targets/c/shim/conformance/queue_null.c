// expect: assertion
/* A handle that is NULL asserts. */
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

void app_main(void) {
    int item;
    xQueueReceive(NULL, &item, 0);
}
