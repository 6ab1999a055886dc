/* A critical section stops its own core only: a task on the other core goes on and can be waited for. */
#include <assert.h>
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
static atomic_int inside, answered;
static TaskHandle_t main_task;

static void hold(void *unused) {
    (void)unused;
    portENTER_CRITICAL(&mux);
    inside = 1;
    while (!answered) continue;
    portEXIT_CRITICAL(&mux);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

static void answer(void *unused) {
    (void)unused;
    while (!inside) continue;
    answered = 1;
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(answer, "answer", 4096, NULL, 5, NULL, 1);
    xTaskCreatePinnedToCore(hold, "hold", 4096, NULL, 20, NULL, 0);
    assert(ulTaskNotifyTake(pdTRUE, portMAX_DELAY) == 1);
}
