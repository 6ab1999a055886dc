/*
 * uart_setup.c: installing and configuring the UART driver (esp_driver_uart/src/uart.c).
 *
 * It refuses to tear the driver down under a task that waits in it: a misuse, as on the device.
 */
#include "uart_double.h"

#include <string.h>

enum { DEFAULT_SILENCE = 10, DEFAULT_FULL = 120, MOST_SILENCE = 126, FLOW_THRESHOLD = 128 };

/* ---- the driver ---- */

static bool is_sound(uart_port_t port, int rx_bytes, int tx_bytes) {
    return uart_exists(port) && rx_bytes > UART_FIFO_BYTES && (tx_bytes == 0 || tx_bytes > UART_FIFO_BYTES) &&
           uart_ports[port].driver == NULL;
}

static uart *make(uart_port_t port, uint32_t rx_bytes, uint32_t tx_bytes) {
    uart *made = port_alloc(sizeof *made + rx_bytes);
    if (made == NULL) return NULL;
    memset(made, 0, sizeof *made);
    made->port = port;
    made->ring = (uint8_t *)(made + 1);
    made->ring_bytes = rx_bytes;
    made->send_bytes = tx_bytes + UART_FIFO_BYTES;
    made->silence_symbols = DEFAULT_SILENCE;
    made->full_threshold = DEFAULT_FULL;
    uart_make_interrupt(made);
    return made;
}

esp_err_t uart_driver_install(uart_port_t port, int rx_bytes, int tx_bytes, int queue_length, QueueHandle_t *events,
                              int flags) {
    static const char call[] = "uart_driver_install";
    (void)flags;
    port_enter(call, NULL);
    uart *made = is_sound(port, rx_bytes, tx_bytes) ? make(port, (uint32_t)rx_bytes, (uint32_t)tx_bytes) : NULL;
    if (made && events && queue_length > 0) {
        made->events = shim_queue_create(call, NULL, NULL, (uint32_t)queue_length, sizeof(uart_event_t), KIND_QUEUE);
        port_copy_to_user(events, &made->events, sizeof *events);
    }
    if (made) uart_ports[port].driver = made;
    return (esp_err_t)port_answer(made ? ESP_OK : ESP_FAIL);
}

static void refuse_to_leave_behind(const uart *driver) {
    const task *waiter = driver->readers ? driver->readers : driver->receiving.holder ? driver->receiving.holder
                                                                                      : driver->sending.holder;
    if (waiter) port_fail(PORT_MISUSE, "uart_driver_delete: task '%s' is still in a call of this UART",
                          port_task_name(waiter->port));
}

esp_err_t uart_driver_delete(uart_port_t port) {
    port_enter("uart_driver_delete", NULL);
    uart *gone = uart_driver_of(port);
    QueueHandle_t events = gone ? gone->events : NULL;
    if (gone) {
        refuse_to_leave_behind(gone);
        port_interrupt_at(uart_ports[port].interrupt, PORT_FOREVER);
        uart_ports[port].driver = NULL;
        port_free(gone);
    }
    port_leave();
    if (events) vQueueDelete(events);
    return uart_exists(port) ? ESP_OK : ESP_FAIL;
}

bool uart_is_driver_installed(uart_port_t port) {
    port_enter("uart_is_driver_installed", NULL);
    return port_answer(uart_driver_of(port) != NULL);
}

/* ---- the line ---- */

esp_err_t uart_param_config(uart_port_t port, const uart_config_t *wanted) {
    port_enter("uart_param_config", NULL);
    if (!uart_exists(port) || wanted == NULL) return (esp_err_t)port_answer(ESP_FAIL);
    uart_config_t config;
    port_copy_from_user(&config, wanted, sizeof config);
    bool sound = config.baud_rate > 0 && (unsigned)config.data_bits < UART_DATA_BITS_MAX &&
                 config.stop_bits >= UART_STOP_BITS_1 && config.stop_bits < UART_STOP_BITS_MAX &&
                 (unsigned)config.flow_ctrl < UART_HW_FLOWCTRL_MAX && config.rx_flow_ctrl_thresh < FLOW_THRESHOLD;
    if (!sound) return (esp_err_t)port_answer(ESP_FAIL);
    struct uart_port *at = &uart_ports[port];
    at->baud = (uint32_t)config.baud_rate;
    at->data_bits = (uint8_t)config.data_bits;
    at->stop_bits = (uint8_t)config.stop_bits;
    at->parity = config.parity != UART_PARITY_DISABLE;
    at->byte_ns = 0;
    return (esp_err_t)port_answer(ESP_OK);
}

esp_err_t uart_set_pin(uart_port_t port, int tx, int rx, int rts, int cts) {
    enum { PINS = 55 };
    bool sound = tx < PINS && rx < PINS && rts < PINS && cts < PINS;
    return uart_exists(port) && sound ? ESP_OK : ESP_FAIL;
}

esp_err_t uart_set_baudrate(uart_port_t port, uint32_t baud) {
    if (!uart_exists(port) || baud == 0) return ESP_FAIL;
    port_enter("uart_set_baudrate", NULL);
    uart_ports[port].baud = baud;
    uart_ports[port].byte_ns = 0;
    port_leave();
    return ESP_OK;
}

esp_err_t uart_get_baudrate(uart_port_t port, uint32_t *baud) {
    if (!uart_exists(port) || baud == NULL) return ESP_FAIL;
    port_enter("uart_get_baudrate", NULL);
    uint32_t now = uart_ports[port].baud ? uart_ports[port].baud : UART_DEFAULT_BAUD;
    port_copy_to_user(baud, &now, sizeof now);
    port_leave();
    return ESP_OK;
}

esp_err_t uart_set_word_length(uart_port_t port, uart_word_length_t bits) {
    if (!uart_exists(port) || (unsigned)bits >= UART_DATA_BITS_MAX) return ESP_FAIL;
    port_enter("uart_set_word_length", NULL);
    if (uart_ports[port].stop_bits == 0) uart_ports[port].stop_bits = UART_STOP_BITS_1;
    uart_ports[port].data_bits = (uint8_t)bits;
    uart_ports[port].byte_ns = 0;
    port_leave();
    return ESP_OK;
}

esp_err_t uart_set_stop_bits(uart_port_t port, uart_stop_bits_t bits) {
    if (!uart_exists(port) || bits < UART_STOP_BITS_1 || bits >= UART_STOP_BITS_MAX) return ESP_FAIL;
    port_enter("uart_set_stop_bits", NULL);
    if (uart_ports[port].stop_bits == 0) uart_ports[port].data_bits = UART_DATA_8_BITS;
    uart_ports[port].stop_bits = (uint8_t)bits;
    uart_ports[port].byte_ns = 0;
    port_leave();
    return ESP_OK;
}

esp_err_t uart_set_parity(uart_port_t port, uart_parity_t parity) {
    if (!uart_exists(port)) return ESP_FAIL;
    port_enter("uart_set_parity", NULL);
    uart_ports[port].parity = parity != UART_PARITY_DISABLE;
    uart_ports[port].byte_ns = 0;
    port_leave();
    return ESP_OK;
}

/* Of the interrupts: something about when they happen is set, and the line looked at again. */
#define SETTING(name, parameters, missing, sound, change) \
    esp_err_t name parameters { \
        port_enter(#name, NULL); \
        uart *driver = uart_driver_of(port); \
        esp_err_t result = driver == NULL ? (missing) : (sound) ? ESP_OK : ESP_ERR_INVALID_ARG; \
        if (result == ESP_OK) { \
            change; \
            uart_look(driver); \
        } \
        return (esp_err_t)port_answer(result); \
    }
SETTING(uart_set_rx_timeout, (uart_port_t port, const uint8_t symbols), ESP_FAIL, symbols < MOST_SILENCE,
        driver->silence_symbols = symbols)
SETTING(uart_set_rx_full_threshold, (uart_port_t port, int threshold), ESP_ERR_INVALID_STATE,
        threshold > 0 && threshold < UART_FIFO_BYTES, driver->full_threshold = (uint8_t)threshold)
SETTING(uart_set_tx_empty_threshold, (uart_port_t port, int threshold), ESP_ERR_INVALID_STATE,
        threshold > 0 && threshold < UART_FIFO_BYTES, (void)0)
SETTING(uart_set_always_rx_timeout, (uart_port_t port, bool always), ESP_FAIL, true, driver->always_timeout = always)
SETTING(uart_enable_rx_intr, (uart_port_t port), ESP_FAIL, true, driver->deaf = false)
SETTING(uart_disable_rx_intr, (uart_port_t port), ESP_FAIL, true, driver->deaf = true)
