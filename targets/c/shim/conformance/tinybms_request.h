/* tinybms_request.h: what conformance files about the UART send: requests that a TinyBMS at UART1 answers. */
#ifndef TINYBMS_REQUEST_H
#define TINYBMS_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "driver/uart.h"

enum { PORT = UART_NUM_1, READ_BYTES = 7, ANSWER_BYTES = 7, BYTE_US = 87, ANSWERED_TICKS = 3 };

static inline esp_err_t tinybms_install(int ring, int queue, QueueHandle_t *events) {
    const uart_config_t config = {
        .baud_rate = 115200, .data_bits = UART_DATA_8_BITS, .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1, .flow_ctrl = UART_HW_FLOWCTRL_DISABLE, .source_clk = UART_SCLK_DEFAULT,
    };
    esp_err_t result = uart_driver_install(PORT, ring, 256, queue, events, 0);
    if (result == ESP_OK) result = uart_param_config(PORT, &config);
    return result == ESP_OK ? uart_set_pin(PORT, 26, 27, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE) : result;
}

/* Asks for register 0x012C; the answer has 7 bytes: AA 07 02, the value, the checksum. */
static inline int tinybms_ask(void) {
    static const uint8_t frame[READ_BYTES] = { 0xAA, 0x07, 0x01, 0x2C, 0x01, 0xB1, 0xAC };
    return uart_write_bytes(PORT, frame, sizeof frame);
}

#endif
