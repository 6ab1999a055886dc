/* uart_read_bytes returns as soon as it has what was asked for; else what there was when one wait for the ring ended
 * in vain. Its time is that of each wait and not of the call. */
#include <assert.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tinybms_request.h"

static void ask_again(void *unused) {
    (void)unused;
    vTaskDelay(6);
    tinybms_ask();
    vTaskDelete(NULL);
}

void app_main(void) {
    uint8_t got[4 * ANSWER_BYTES];
    assert(tinybms_install(512, 0, NULL) == ESP_OK);
    TickType_t start = xTaskGetTickCount();
    assert(uart_read_bytes(PORT, got, 1, 5) == 0 && xTaskGetTickCount() - start == 5);
    assert(uart_read_bytes(PORT, got, 1, 0) == 0 && xTaskGetTickCount() - start == 5);
    tinybms_ask();
    assert(uart_read_bytes(PORT, got, ANSWER_BYTES, 75) == ANSWER_BYTES && xTaskGetTickCount() - start <= 8);
    assert(got[0] == 0xAA && got[1] == 0x07 && got[2] == 0x02);
    xTaskCreate(ask_again, "ask", 4096, NULL, 5, NULL);
    start = xTaskGetTickCount();
    tinybms_ask();
    /* two answers, the second 6 ticks later, then 10 ticks of nothing */
    assert(uart_read_bytes(PORT, got, sizeof got, 10) == 2 * ANSWER_BYTES);
    TickType_t passed = xTaskGetTickCount() - start;
    assert(passed >= 16 && passed <= 18);
}
