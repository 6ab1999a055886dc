/* portTRY_ENTER_CRITICAL gives up at once, or after its time-out, while the other core owns the mux. */
#include <assert.h>
#include <stdatomic.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_rom_sys.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
static atomic_int taken;
static TaskHandle_t main_task;

static void hold(void *unused) {
    (void)unused;
    portENTER_CRITICAL(&mux);
    taken = 1;
    esp_rom_delay_us(1000);
    portEXIT_CRITICAL(&mux);
    vTaskDelete(NULL);
}

static void try(void *unused) {
    (void)unused;
    while (!taken) continue;
    assert(portTRY_ENTER_CRITICAL(&mux, portMUX_TRY_LOCK) == pdFAIL);
    assert(portTRY_ENTER_CRITICAL(&mux, 4000) == pdFAIL);
    vTaskDelay(0); /* a try that failed leaves no critical section behind */
    assert(portTRY_ENTER_CRITICAL(&mux, portMUX_NO_TIMEOUT) == pdPASS);
    assert(portTRY_ENTER_CRITICAL(&mux, portMUX_TRY_LOCK) == pdPASS); /* recursive */
    portEXIT_CRITICAL(&mux);
    portEXIT_CRITICAL(&mux);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(hold, "hold", 4096, NULL, 5, NULL, 0);
    xTaskCreatePinnedToCore(try, "try", 4096, NULL, 5, NULL, 1);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
}
