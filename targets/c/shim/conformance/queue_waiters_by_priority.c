/* Waiters are served by priority, and first come first served within one. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

struct waiter { const char *name; UBaseType_t priority; int got; };
static struct waiter waiters[] = { { "five", 5, 0 }, { "seven", 7, 0 }, { "five too", 5, 0 }, { "six", 6, 0 } };
static QueueHandle_t queue;

static void receive(void *argument) {
    struct waiter *self = argument;
    xQueueReceive(queue, &self->got, portMAX_DELAY);
    vTaskDelete(NULL);
}

void app_main(void) {
    queue = xQueueCreate(1, sizeof(int));
    for (int i = 0; i < 4; i++) {
        xTaskCreate(receive, waiters[i].name, 4096, &waiters[i], waiters[i].priority, NULL);
        vTaskDelay(1);
    }
    for (int item = 1; item <= 4; item++) {
        assert(xQueueSend(queue, &item, 0) == pdPASS);
        vTaskDelay(1);
    }
    assert(waiters[1].got == 1 && waiters[3].got == 2 && waiters[0].got == 3 && waiters[2].got == 4);
}
