/* Tasks of one priority on one core share it: each waits, without blocking, for the other to have run. */
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static atomic_int there[2];
static TaskHandle_t main_task;

static void meet(void *argument) {
    int me = *(const int *)argument;
    there[me] = 1;
    while (!there[1 - me]) taskYIELD();
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    static const int zero = 0, one = 1;
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(meet, "zero", 4096, (void *)&zero, 5, NULL, 0);
    xTaskCreatePinnedToCore(meet, "one", 4096, (void *)&one, 5, NULL, 0);
    for (int met = 0; met < 2;) met += (int)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
