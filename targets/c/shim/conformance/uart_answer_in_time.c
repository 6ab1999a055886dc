/* Requests that are sent one behind the other are answered one behind the other, each by its own value; a reader is
 * woken when the line has been silent for a while, not by each byte. */
#include <assert.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tinybms_request.h"

static unsigned value_of(const uint8_t *answer) { return answer[3] | (unsigned)answer[4] << 8; }

void app_main(void) {
    uint8_t got[2 * ANSWER_BYTES];
    assert(tinybms_install(512, 0, NULL) == ESP_OK);
    tinybms_ask();
    tinybms_ask();
    assert(uart_read_bytes(PORT, got, 1, 10) == 1);
    size_t rest;
    assert(uart_get_buffered_data_len(PORT, &rest) == ESP_OK && rest == ANSWER_BYTES - 1);
    assert(uart_read_bytes(PORT, got + 1, sizeof got - 1, 10) == sizeof got - 1);
    assert(value_of(got + ANSWER_BYTES) == value_of(got) + 1);
    int64_t start = esp_timer_get_time();
    tinybms_ask();
    assert(uart_read_bytes(PORT, got, ANSWER_BYTES, 10) == ANSWER_BYTES);
    assert(esp_timer_get_time() - start >= 2 * ANSWER_BYTES * BYTE_US - 20);
}
