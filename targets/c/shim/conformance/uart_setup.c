/* A port is installed once, with a ring larger than the FIFO; without a driver there is nothing to read or write. */
#include <assert.h>

#include "tinybms_request.h"

void app_main(void) {
    uint8_t byte;
    size_t count;
    uint32_t baud;
    assert(uart_write_bytes(PORT, "x", 1) == -1 && uart_read_bytes(PORT, &byte, 1, 0) == -1);
    assert(uart_flush_input(PORT) == ESP_FAIL && uart_get_buffered_data_len(PORT, &count) == ESP_FAIL);
    assert(uart_driver_install(PORT, UART_HW_FIFO_LEN(PORT), 256, 0, NULL, 0) == ESP_FAIL);
    assert(uart_driver_install(PORT, 512, 64, 0, NULL, 0) == ESP_FAIL && !uart_is_driver_installed(PORT));
    assert(uart_driver_install(UART_NUM_MAX, 512, 0, 0, NULL, 0) == ESP_FAIL);
    assert(tinybms_install(512, 0, NULL) == ESP_OK && uart_is_driver_installed(PORT));
    assert(uart_driver_install(PORT, 512, 0, 0, NULL, 0) == ESP_FAIL);
    assert(uart_get_baudrate(PORT, &baud) == ESP_OK && baud >= 114000 && baud <= 116500);
    assert(uart_set_rx_timeout(PORT, 127) != ESP_OK && uart_set_rx_timeout(PORT, 10) == ESP_OK);
    assert(uart_set_rx_full_threshold(PORT, 0) != ESP_OK && uart_set_rx_full_threshold(PORT, 64) == ESP_OK);
    assert(uart_driver_delete(PORT) == ESP_OK && !uart_is_driver_installed(PORT));
    assert(uart_write_bytes(PORT, "x", 1) == -1 && tinybms_install(512, 0, NULL) == ESP_OK);
}
