/*
 * uart_line.c: what happens between the line and the ring: bytes arrive one by one, wait in a FIFO, and an interrupt
 * takes them over when there are enough or the line has fallen silent (esp_driver_uart/src/uart.c,
 * uart_rx_intr_handler_default). Events go to the driver's queue and are lost when it is full.
 *
 * Interrupts happen only where the FIFO is emptied or overflows; bytes in between arrive by arithmetic. It refuses
 * frame and parity errors: every byte arrives as it was sent.
 */
#include "uart_double.h"

#include <string.h>

enum { HALF_SECOND_NS = 500000000 };

struct uart_port uart_ports[UART_NUM_MAX];

/* Start bit, data, parity and stop bits, counted in halves. */
uint32_t uart_byte_ns(uart_port_t port) {
    struct uart_port *at = &uart_ports[port];
    if (at->byte_ns) return at->byte_ns;
    unsigned data = at->stop_bits ? 5u + at->data_bits : 8u;
    unsigned halves = 2 * (1 + data + at->parity) + 1u + (at->stop_bits ? at->stop_bits : UART_STOP_BITS_1);
    at->byte_ns = (uint32_t)((uint64_t)halves * HALF_SECOND_NS / (at->baud ? at->baud : UART_DEFAULT_BAUD));
    return at->byte_ns;
}

/* ---- events ---- */

static void post(uart *driver, uart_event_type_t type, size_t size, bool silent) {
    if (driver->events == NULL) return;
    driver->event = (uart_event_t){ .type = type, .size = size, .timeout_flag = silent };
    shim_queue_send("the UART's interrupt", driver->events, &driver->event, 0, TO_BACK, NULL);
}

/* ---- the ring ---- */

void uart_ring_put(uart *driver, const uint8_t *bytes, uint32_t count) {
    uint32_t end = (driver->ring_first + driver->ring_count) % driver->ring_bytes;
    uint32_t first = driver->ring_bytes - end < count ? driver->ring_bytes - end : count;
    memcpy(driver->ring + end, bytes, first);
    memcpy(driver->ring, bytes + first, count - first);
    driver->ring_count += count;
    shim_wake_first(&driver->readers);
}

void uart_unstash(uart *driver) {
    if (!driver->ring_full || driver->ring_bytes - driver->ring_count < driver->stashed) return;
    driver->ring_full = false;
    uart_ring_put(driver, driver->stash, driver->stashed);
    uart_look(driver);
}

/* ---- the FIFO ---- */

static void overflow(uart *driver) {
    driver->fifo_count = 0;
    post(driver, UART_FIFO_OVF, 0, false);
}

static void arrive(uart *driver) {
    while (driver->coming_count && driver->coming_us[driver->coming_first] <= port_now_us()) {
        if (driver->fifo_count == UART_FIFO_BYTES) overflow(driver);
        else driver->fifo[driver->fifo_count++] = driver->coming[driver->coming_first];
        driver->coming_first = (driver->coming_first + 1) % UART_COMING_BYTES;
        driver->coming_count--;
    }
}

static void fetch(uart *driver, bool silent) {
    uint8_t count = driver->fifo_count;
    if (driver->always_timeout && !silent) count--;   /* one stays, so that there will be a silence */
    bool fits = driver->ring_bytes - driver->ring_count >= count;
    driver->fifo_count -= count;
    if (fits) {
        uart_ring_put(driver, driver->fifo, count);
    } else {
        memcpy(driver->stash, driver->fifo, count);
        driver->stashed = count;
        driver->ring_full = true;
    }
    memmove(driver->fifo, driver->fifo + count, driver->fifo_count);
    post(driver, fits ? UART_DATA : UART_BUFFER_FULL, count, silent);
}

/* ---- the interrupt ---- */

static uint64_t silent_at(const uart *driver) {
    if (driver->silence_symbols == 0) return PORT_FOREVER;
    return driver->line_free_us + (uint64_t)driver->silence_symbols * uart_byte_ns(driver->port) / 1000;
}

static uint64_t next_interrupt(const uart *driver) {
    bool masked = driver->ring_full || driver->deaf;
    uint32_t limit = masked ? UART_FIFO_BYTES + 1 : driver->full_threshold;
    if (driver->fifo_count >= limit) return port_now_us();
    uint32_t wanted = limit - driver->fifo_count;
    if (driver->coming_count >= wanted)
        return driver->coming_us[(driver->coming_first + wanted - 1) % UART_COMING_BYTES];
    if (masked || driver->coming_count + driver->fifo_count == 0) return PORT_FOREVER;
    return silent_at(driver);
}

void uart_look(uart *driver) {
    arrive(driver);
    port_interrupt_at(uart_ports[driver->port].interrupt, next_interrupt(driver));
}

static void interrupt(void *port) {
    uart *driver = ((struct uart_port *)port)->driver;
    if (driver == NULL) return;
    arrive(driver);
    if (!driver->ring_full && !driver->deaf) {
        bool silent = driver->coming_count == 0 && port_now_us() >= silent_at(driver);
        if (driver->fifo_count && (silent || driver->fifo_count >= driver->full_threshold)) fetch(driver, silent);
    }
    uart_look(driver);
}

void uart_make_interrupt(uart *driver) {
    static const char *const names[UART_NUM_MAX] = { "uart0", "uart1", "uart2", "uart3", "uart4" };
    struct uart_port *port = &uart_ports[driver->port];
    if (port->interrupt == NULL) port->interrupt = port_interrupt_create(interrupt, port, names[driver->port]);
}

uint64_t uart_line_put(uart_port_t port, const uint8_t *bytes, size_t count) {
    uart *driver = uart_ports[port].driver;
    uint64_t byte_ns = uart_byte_ns(port);
    if (driver == NULL) return port_now_us() + count * byte_ns / 1000;
    arrive(driver);
    uint64_t begins = driver->line_free_us > port_now_us() ? driver->line_free_us : port_now_us();
    for (size_t i = 0; i < count && driver->coming_count < UART_COMING_BYTES; i++) {
        uint32_t place = (driver->coming_first + driver->coming_count++) % UART_COMING_BYTES;
        driver->coming[place] = bytes[i];
        driver->coming_us[place] = driver->line_free_us = begins + (i + 1) * byte_ns / 1000;
    }
    uart_look(driver);
    return driver->line_free_us;
}

void uart_forget_input(uart *driver) {
    arrive(driver);
    driver->ring_first = driver->ring_count = driver->fifo_count = 0;
    driver->ring_full = false;
    uart_look(driver);
}
