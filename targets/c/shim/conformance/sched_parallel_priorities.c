/* Two ready tasks of different priority run truly in parallel: each waits, without blocking, for the other. */
#include <assert.h>
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static atomic_int high_there, low_there;
static TaskHandle_t main_task;

static void meet(atomic_int *mine, atomic_int *theirs) {
    *mine = 1;
    while (!*theirs) continue;
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

static void run_high(void *unused) {
    (void)unused;
    meet(&high_there, &low_there);
}

static void run_low(void *unused) {
    (void)unused;
    meet(&low_there, &high_there);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreate(run_high, "high", 4096, NULL, 20, NULL);
    xTaskCreate(run_low, "low", 4096, NULL, 2, NULL);
    for (int met = 0; met < 2;) met += (int)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(high_there && low_there);
}
