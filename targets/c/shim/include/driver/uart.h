/*
 * driver/uart.h: the UART driver of ESP-IDF, with a scripted TinyBMS at the other end of UART1 and nothing elsewhere.
 *
 * Bytes take their time at the baud rate, pass a FIFO of 128 bytes and an interrupt to a ring, and the interrupt posts
 * events to the driver's queue. Not offered: RS485 and IrDA modes, DMA, software flow control, pattern detection,
 * wake-up; parity, stop bits and flow control are accepted and only lengthen a byte.
 */
#ifndef P4V_DRIVER_UART_H
#define P4V_DRIVER_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int uart_port_t;
enum { UART_NUM_0, UART_NUM_1, UART_NUM_2, UART_NUM_3, UART_NUM_4, UART_NUM_MAX };

typedef enum {
    UART_DATA_5_BITS, UART_DATA_6_BITS, UART_DATA_7_BITS, UART_DATA_8_BITS, UART_DATA_BITS_MAX
} uart_word_length_t;
typedef enum { UART_STOP_BITS_1 = 1, UART_STOP_BITS_1_5, UART_STOP_BITS_2, UART_STOP_BITS_MAX } uart_stop_bits_t;
typedef enum { UART_PARITY_DISABLE = 0, UART_PARITY_EVEN = 2, UART_PARITY_ODD = 3 } uart_parity_t;
typedef enum {
    UART_HW_FLOWCTRL_DISABLE, UART_HW_FLOWCTRL_RTS, UART_HW_FLOWCTRL_CTS, UART_HW_FLOWCTRL_CTS_RTS, UART_HW_FLOWCTRL_MAX
} uart_hw_flowcontrol_t;
typedef int uart_sclk_t;
enum { UART_SCLK_DEFAULT, UART_SCLK_PLL_F80M = UART_SCLK_DEFAULT, UART_SCLK_RTC, UART_SCLK_XTAL };

typedef struct {
    int baud_rate;
    uart_word_length_t data_bits;
    uart_parity_t parity;
    uart_stop_bits_t stop_bits;
    uart_hw_flowcontrol_t flow_ctrl;
    uint8_t rx_flow_ctrl_thresh;
    uart_sclk_t source_clk;
    struct {
        uint32_t allow_pd : 1;
        uint32_t backup_before_sleep : 1;
    } flags;
} uart_config_t;

typedef enum {
    UART_DATA, UART_BREAK, UART_BUFFER_FULL, UART_FIFO_OVF, UART_FRAME_ERR, UART_PARITY_ERR, UART_DATA_BREAK,
    UART_PATTERN_DET, UART_EVENT_MAX
} uart_event_type_t;

typedef struct {
    uart_event_type_t type;
    size_t size;        /* bytes of UART_DATA */
    bool timeout_flag;  /* UART_DATA because the line fell silent, not because the FIFO reached its threshold */
} uart_event_t;

#define UART_PIN_NO_CHANGE (-1)
#define UART_HW_FIFO_LEN(uart_num) 128
#define SOC_UART_FIFO_LEN 128

/* ESP_FAIL for wrong arguments and a driver that is installed already, as everywhere below. rx_buffer_size must exceed
 * the FIFO's length; tx_buffer_size is 0 or does too. */
esp_err_t uart_driver_install(uart_port_t uart_num, int rx_buffer_size, int tx_buffer_size, int queue_size,
                              QueueHandle_t *uart_queue, int intr_alloc_flags);
esp_err_t uart_driver_delete(uart_port_t uart_num);
bool uart_is_driver_installed(uart_port_t uart_num);
esp_err_t uart_param_config(uart_port_t uart_num, const uart_config_t *uart_config);
esp_err_t uart_set_pin(uart_port_t uart_num, int tx_io_num, int rx_io_num, int rts_io_num, int cts_io_num);
esp_err_t uart_set_baudrate(uart_port_t uart_num, uint32_t baudrate);
esp_err_t uart_get_baudrate(uart_port_t uart_num, uint32_t *baudrate);
esp_err_t uart_set_word_length(uart_port_t uart_num, uart_word_length_t data_bit);
esp_err_t uart_set_stop_bits(uart_port_t uart_num, uart_stop_bits_t stop_bits);
esp_err_t uart_set_parity(uart_port_t uart_num, uart_parity_t parity_mode);

/* The number of bytes handed over, all of them; -1 for wrong arguments. With a TX ring it returns when they are in the
 * ring, else when the last is in the FIFO. */
int uart_write_bytes(uart_port_t uart_num, const void *src, size_t size);
int uart_tx_chars(uart_port_t uart_num, const char *buffer, uint32_t len);
/* ESP_ERR_TIMEOUT when something is still to be sent after the time. */
esp_err_t uart_wait_tx_done(uart_port_t uart_num, TickType_t ticks_to_wait);
/* What was there when a wait ended without data: the time applies to the mutex and to each wait for the ring. -1 for
 * wrong arguments and for a mutex that was not free in time. */
int uart_read_bytes(uart_port_t uart_num, void *buf, uint32_t length, TickType_t ticks_to_wait);
/* Both empty the ring and the FIFO, and leave the queue of events as it is. */
esp_err_t uart_flush(uart_port_t uart_num);
esp_err_t uart_flush_input(uart_port_t uart_num);
esp_err_t uart_get_buffered_data_len(uart_port_t uart_num, size_t *size);
esp_err_t uart_get_tx_buffer_free_size(uart_port_t uart_num, size_t *size);

/* In symbols (byte times) of silence; 0 turns it off. */
esp_err_t uart_set_rx_timeout(uart_port_t uart_num, const uint8_t tout_thresh);
esp_err_t uart_set_rx_full_threshold(uart_port_t uart_num, int threshold);
esp_err_t uart_set_tx_empty_threshold(uart_port_t uart_num, int threshold);
esp_err_t uart_set_always_rx_timeout(uart_port_t uart_num, bool always_rx_timeout_en);
esp_err_t uart_enable_rx_intr(uart_port_t uart_num);
esp_err_t uart_disable_rx_intr(uart_port_t uart_num);

/* As in trees of this family that name it so. */
#define uart_set_tx_fifo_full_threshold uart_set_tx_empty_threshold

#ifdef __cplusplus
}
#endif
#endif
