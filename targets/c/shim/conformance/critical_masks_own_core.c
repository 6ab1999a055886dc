/* Interrupts stay masked on the holder's core until the nesting over all muxes is 0: a task of higher priority that was
 * woken there runs only then. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE outer = portMUX_INITIALIZER_UNLOCKED, inner = portMUX_INITIALIZER_UNLOCKED;
static volatile int ran;
static TaskHandle_t main_task, high;

static void run_high(void *unused) {
    (void)unused;
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    ran = 1;
    vTaskDelete(NULL);
}

static void run_low(void *unused) {
    (void)unused;
    portENTER_CRITICAL(&outer);
    portENTER_CRITICAL(&inner);
    xTaskNotifyGive(high);
    assert(!ran);
    portEXIT_CRITICAL(&inner);
    assert(!ran);
    portEXIT_CRITICAL(&outer);
    assert(ran);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(run_high, "high", 4096, NULL, 7, &high, 0);
    vTaskDelay(1);
    xTaskCreatePinnedToCore(run_low, "low", 4096, NULL, 5, NULL, 0);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
