/* The other core spins until the mux is given up: what happens inside is not torn apart. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
static volatile int count;
static TaskHandle_t main_task;

static void add_three(void *unused) {
    (void)unused;
    for (int i = 0; i < 3; i++) {
        portENTER_CRITICAL(&mux);
        int before = count;
        count = before + 1;
        portEXIT_CRITICAL(&mux);
    }
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(add_three, "core 0", 4096, NULL, 5, NULL, 0);
    xTaskCreatePinnedToCore(add_three, "core 1", 4096, NULL, 5, NULL, 1);
    while (ulTaskNotifyTake(pdFALSE, portMAX_DELAY) == 0 || ulTaskNotifyTake(pdFALSE, portMAX_DELAY) == 0) continue;
    assert(count == 6);
}
