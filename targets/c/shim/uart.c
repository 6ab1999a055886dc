/*
 * uart.c: sending and receiving (esp_driver_uart/src/uart.c).
 *
 * Sending takes as long as its bytes take at the baud rate; waiting for that needs no interrupt, as its end is known.
 * The time of uart_read_bytes applies to the mutex and to each wait for the ring. Mutexes inherit priorities.
 */
#include "uart_double.h"

/* ---- waiting ---- */

static bool lock(struct shim_mutex *mutex, task *self, TickType_t ticks, const char *call) {
    if (shim_mutex_try(mutex, self, mutex)) return true;
    return ticks && shim_mutex_await(mutex, self, shim_deadline(ticks), call, mutex);
}

static void sleep_until(task *self, uint64_t then_us, uint64_t deadline_us, const char *call) {
    uint64_t until = then_us < deadline_us ? then_us : deadline_us;
    self->aborted = false;
    while (port_now_us() < until && !self->aborted) shim_sleep(self, until, call, NULL);
}

/* ---- sending ---- */

static uint64_t now_ns(void) { return port_now_us() * 1000; }
static uint64_t in_us(uint64_t ns) { return (ns + 999) / 1000; }

/* Waits until so many more bytes have room behind those that are not sent yet. */
static void await_room(uart *driver, task *self, uint32_t bytes) {
    uint64_t room_ns = (uint64_t)(driver->send_bytes - bytes) * uart_byte_ns(driver->port);
    if (driver->sent_ns <= now_ns() + room_ns) return;
    sleep_until(self, in_us(driver->sent_ns - room_ns), PORT_FOREVER, "uart_write_bytes");
}

static void send_some(uart *driver, const uint8_t *from, uint32_t bytes) {
    uint32_t byte_ns = uart_byte_ns(driver->port);
    port_copy_torn(driver->staging, from, bytes);
    uint64_t begins = driver->sent_ns > now_ns() ? driver->sent_ns : now_ns();
    driver->sent_ns = begins + (uint64_t)bytes * byte_ns;
    if (driver->port == BMS_PORT) bms_hear(driver->staging, bytes, begins, byte_ns);
}

int uart_write_bytes(uart_port_t port, const void *from, size_t size) {
    static const char call[] = "uart_write_bytes";
    port_enter(call, NULL);
    uart *driver = uart_driver_of(port);
    if (driver == NULL || from == NULL) return (int)port_answer(-1);
    task *self = shim_self();
    shim_may_block(call, self);
    lock(&driver->sending, self, portMAX_DELAY, call);
    for (size_t done = 0, part; done < size; done += part) {
        part = size - done < sizeof driver->staging ? size - done : sizeof driver->staging;
        await_room(driver, self, (uint32_t)part);
        send_some(driver, (const uint8_t *)from + done, (uint32_t)part);
    }
    shim_mutex_give(&driver->sending, self, &driver->sending);
    return (int)port_answer((long)size);
}

/* Only what fits into the FIFO now; without a ring. */
int uart_tx_chars(uart_port_t port, const char *from, uint32_t size) {
    uart *driver = uart_driver_of(port);
    if (driver == NULL || from == NULL || driver->send_bytes > UART_FIFO_BYTES) return -1;
    return uart_write_bytes(port, from, size < UART_FIFO_BYTES ? size : UART_FIFO_BYTES);
}

esp_err_t uart_wait_tx_done(uart_port_t port, TickType_t ticks) {
    static const char call[] = "uart_wait_tx_done";
    port_enter(call, NULL);
    uart *driver = uart_driver_of(port);
    if (driver == NULL) return (esp_err_t)port_answer(ESP_FAIL);
    task *self = shim_self();
    shim_may_block(call, self);
    uint64_t deadline = shim_deadline(ticks);
    if (!lock(&driver->sending, self, ticks, call)) return (esp_err_t)port_answer(ESP_ERR_TIMEOUT);
    sleep_until(self, in_us(driver->sent_ns), ticks ? deadline : 0, call);
    bool sent = driver->sent_ns <= now_ns();
    shim_mutex_give(&driver->sending, self, &driver->sending);
    return (esp_err_t)port_answer(sent ? ESP_OK : ESP_ERR_TIMEOUT);
}

esp_err_t uart_get_tx_buffer_free_size(uart_port_t port, size_t *size) {
    port_enter("uart_get_tx_buffer_free_size", NULL);
    uart *driver = uart_driver_of(port);
    if (driver == NULL || size == NULL) return (esp_err_t)port_answer(ESP_ERR_INVALID_ARG);
    uint64_t waiting = driver->sent_ns > now_ns() ? (driver->sent_ns - now_ns()) / uart_byte_ns(port) : 0;
    uint64_t in_ring = waiting > UART_FIFO_BYTES ? waiting - UART_FIFO_BYTES : 0;
    size_t room = driver->send_bytes - UART_FIFO_BYTES - (size_t)in_ring;
    port_copy_to_user(size, &room, sizeof room);
    return (esp_err_t)port_answer(ESP_OK);
}

/* ---- receiving ---- */

/* False when the time of this one wait is over and the ring still empty. */
static bool await_bytes(uart *driver, task *self, TickType_t ticks) {
    if (ticks == 0) return driver->ring_count > 0;
    uint64_t deadline = shim_deadline(ticks);
    self->aborted = false;
    while (driver->ring_count == 0) {
        if (shim_expired(self, deadline)) return false;
        shim_wait(self, &driver->readers, deadline, "uart_read_bytes", driver, NULL);
    }
    return true;
}

static uint32_t take_some(uart *driver, uint8_t *to, uint32_t wanted) {
    uint32_t whole = driver->ring_bytes - driver->ring_first;
    uint32_t count = driver->ring_count < whole ? driver->ring_count : whole;
    if (count > wanted) count = wanted;
    port_copy_to_user(to, driver->ring + driver->ring_first, count);
    driver->ring_first = (driver->ring_first + count) % driver->ring_bytes;
    driver->ring_count -= count;
    uart_unstash(driver);
    return count;
}

int uart_read_bytes(uart_port_t port, void *to, uint32_t length, TickType_t ticks) {
    static const char call[] = "uart_read_bytes";
    port_enter(call, NULL);
    uart *driver = uart_driver_of(port);
    if (driver == NULL || to == NULL) return (int)port_answer(-1);
    task *self = shim_self();
    if (ticks) shim_may_block(call, self);
    if (!lock(&driver->receiving, self, ticks, call)) return (int)port_answer(-1);
    uint32_t done = 0;
    while (done < length && await_bytes(driver, self, ticks))
        done += take_some(driver, (uint8_t *)to + done, length - done);
    shim_mutex_give(&driver->receiving, self, &driver->receiving);
    return (int)port_answer((long)done);
}

esp_err_t uart_flush_input(uart_port_t port) {
    static const char call[] = "uart_flush_input";
    port_enter(call, NULL);
    uart *driver = uart_driver_of(port);
    if (driver == NULL) return (esp_err_t)port_answer(ESP_FAIL);
    task *self = shim_self();
    shim_may_block(call, self);
    lock(&driver->receiving, self, portMAX_DELAY, call);
    uart_forget_input(driver);
    shim_mutex_give(&driver->receiving, self, &driver->receiving);
    return (esp_err_t)port_answer(ESP_OK);
}
esp_err_t uart_flush(uart_port_t port) { return uart_flush_input(port); }

esp_err_t uart_get_buffered_data_len(uart_port_t port, size_t *size) {
    port_enter("uart_get_buffered_data_len", NULL);
    uart *driver = uart_driver_of(port);
    if (driver == NULL || size == NULL) return (esp_err_t)port_answer(ESP_FAIL);
    size_t count = driver->ring_count;
    port_copy_to_user(size, &count, sizeof count);
    return (esp_err_t)port_answer(ESP_OK);
}
