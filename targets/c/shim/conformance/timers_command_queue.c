/* Commands wait in a queue of 10 for a task of priority 1: while both cores are busy above it nothing is carried out,
 * a full queue refuses, and a timer that was started and stopped within that time still fires if it was due between. */
#include <assert.h>
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/timers.h"
#include "esp_rom_sys.h"

static atomic_int released;
static volatile int calls;
static TaskHandle_t main_task;

static void call(TimerHandle_t timer) {
    (void)timer;
    calls++;
}

/* Commands are carried out before due timers are looked for, so this one is stopped in time. */
static void call_never(TimerHandle_t timer) {
    (void)timer;
    assert(!"was stopped before the timer task looked");
}

static void keep_busy(void *unused) {
    (void)unused;
    while (!released) esp_rom_delay_us(500);
    vTaskDelete(NULL);
}

static void command(void *unused) {
    (void)unused;
    TimerHandle_t late = xTimerCreate("late", 2, pdFALSE, NULL, call);
    TimerHandle_t stopped = xTimerCreate("stopped", 3, pdFALSE, NULL, call_never);
    xTimerStart(stopped, portMAX_DELAY);
    vTaskDelay(1);
    assert(xTimerIsTimerActive(stopped));
    xTaskCreatePinnedToCore(keep_busy, "busy", 4096, NULL, 5, NULL, 1);
    assert(xTimerStart(late, 0) == pdPASS && !xTimerIsTimerActive(late));
    esp_rom_delay_us(30000);
    assert(xTimerStop(stopped, 0) == pdPASS && xTimerIsTimerActive(stopped));
    for (int i = 2; i < 10; i++) assert(xTimerStop(late, 0) == pdPASS);
    assert(xTimerStop(late, 0) == pdFAIL);
    assert(calls == 0);
    released = 1;
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(command, "command", 4096, NULL, 5, NULL, 0);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    vTaskDelay(2);
    assert(calls == 1);
}
