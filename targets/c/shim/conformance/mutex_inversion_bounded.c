/* With inheritance a task of middle priority can not keep a task of high priority from a mutex that a low one holds. */
#include <assert.h>
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "esp_rom_sys.h"

static SemaphoreHandle_t mutex;
static atomic_int high_done;
static TaskHandle_t main_task;

static void run_middle(void *unused) {
    (void)unused;
    while (!high_done) esp_rom_delay_us(100);
    vTaskDelete(NULL);
}

static void run_high(void *unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    high_done = 1;
    xSemaphoreGive(mutex);
    vTaskDelete(NULL);
}

static void run_low(void *unused) {
    (void)unused;
    xSemaphoreTake(mutex, portMAX_DELAY);
    xTaskCreatePinnedToCore(run_high, "high", 4096, NULL, 7, NULL, 0);
    xTaskCreatePinnedToCore(run_middle, "middle", 4096, NULL, 6, NULL, 0);
    assert(!high_done);
    xSemaphoreGive(mutex);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    mutex = xSemaphoreCreateMutex();
    xTaskCreatePinnedToCore(run_low, "low", 4096, NULL, 5, NULL, 0);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(high_done);
}
