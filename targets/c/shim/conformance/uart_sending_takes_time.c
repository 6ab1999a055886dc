/* Bytes take their time at the baud rate. Writing returns when they are in the ring, and waits when it is full;
 * uart_wait_tx_done returns when the last has left, or when its time is over. */
#include <assert.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "tinybms_request.h"

void app_main(void) {
    static const uint8_t zeros[1152];
    assert(tinybms_install(512, 0, NULL) == ESP_OK);
    int64_t start = esp_timer_get_time();
    assert(uart_write_bytes(PORT, zeros, 230) == 230 && esp_timer_get_time() - start < 1000);
    assert(uart_wait_tx_done(PORT, 0) == ESP_ERR_TIMEOUT && uart_wait_tx_done(PORT, 1) == ESP_ERR_TIMEOUT);
    assert(uart_wait_tx_done(PORT, 10) == ESP_OK);
    int64_t passed = esp_timer_get_time() - start;   /* 230 bytes at 11520 a second: 20 ms */
    assert(passed > 19500 && passed < 21500);
    start = esp_timer_get_time();
    assert(uart_write_bytes(PORT, zeros, sizeof zeros) == sizeof zeros);
    passed = esp_timer_get_time() - start;           /* 100 ms, but for what is still in the ring and the FIFO */
    assert(passed > 60000 && passed < 95000 && uart_wait_tx_done(PORT, 10) == ESP_OK);
    passed = esp_timer_get_time() - start;
    assert(passed > 99000 && passed < 102000);
    assert(uart_set_baudrate(PORT, 9600) == ESP_OK);
    start = esp_timer_get_time();
    assert(uart_write_bytes(PORT, zeros, 96) == 96 && uart_wait_tx_done(PORT, 20) == ESP_OK);
    passed = esp_timer_get_time() - start;
    assert(passed > 99000 && passed < 102000);
}
