/*
 * uart_double.h: what the files of the UART double share: a port's driver, its line, and who is at the other end.
 * Between enter and leave only.
 */
#ifndef P4V_SHIM_UART_DOUBLE_H
#define P4V_SHIM_UART_DOUBLE_H

#include "shim.h"

#include "driver/uart.h"

enum { UART_FIFO_BYTES = SOC_UART_FIFO_LEN, UART_COMING_BYTES = 64, UART_DEFAULT_BAUD = 115200 };

/* Made by uart_driver_install; the ring lies behind it. */
typedef struct {
    uart_port_t port;
    struct shim_mutex receiving, sending;
    task *readers;                   /* wait for bytes in the ring */
    QueueHandle_t events;            /* or NULL */
    uart_event_t event;              /* the one that is being posted */
    uint8_t *ring;
    uint32_t ring_bytes, ring_first, ring_count;
    bool ring_full;                  /* `stashed` bytes of `stash` are waiting for room, and nothing more is fetched */
    bool deaf;                       /* uart_disable_rx_intr */
    bool always_timeout;
    uint8_t silence_symbols, full_threshold, stashed, fifo_count;
    uint8_t stash[UART_FIFO_BYTES], fifo[UART_FIFO_BYTES];
    uint32_t coming_first, coming_count;
    uint8_t coming[UART_COMING_BYTES];            /* bytes on the line, and when each will have arrived */
    uint64_t coming_us[UART_COMING_BYTES];
    uint64_t line_free_us;           /* the last byte has arrived or will have */
    uint64_t sent_ns;                /* the last byte handed over is or will be on the other side */
    uint32_t send_bytes;             /* room of the TX ring and the FIFO */
    uint8_t staging[UART_FIFO_BYTES];
} uart;

struct uart_port {
    uart *driver;                    /* NULL: not installed */
    port_task *interrupt;
    uint32_t byte_ns, baud;
    uint8_t data_bits, stop_bits;    /* as configured; 0: not yet */
    bool parity;
};
extern struct uart_port uart_ports[UART_NUM_MAX];

static inline bool uart_exists(uart_port_t port) { return port >= 0 && port < UART_NUM_MAX; }
/* NULL: not installed, or no such port. */
static inline uart *uart_driver_of(uart_port_t port) { return uart_exists(port) ? uart_ports[port].driver : NULL; }

/* ---- uart_line.c ---- */
uint32_t uart_byte_ns(uart_port_t port);
/* The peer begins to send, after what it is sending already; returns when the last byte will have arrived. */
uint64_t uart_line_put(uart_port_t port, const uint8_t *bytes, size_t count);
/* Looks at the line and the FIFO again: what has arrived, and when the next interrupt will be. */
void uart_look(uart *driver);
void uart_forget_input(uart *driver);
void uart_make_interrupt(uart *driver);
/* To or from the ring; the caller sees to it that there is room, and that there are so many. */
void uart_ring_put(uart *driver, const uint8_t *bytes, uint32_t count);
/* What lay in the stash goes into the ring as soon as there is room. */
void uart_unstash(uart *driver);

/* ---- bms.c, the peer of UART1 ---- */
enum { BMS_PORT = UART_NUM_1 };
/* `count` bytes, the first of which is complete at `begins_ns` + `byte_ns`. */
void bms_hear(const uint8_t *bytes, size_t count, uint64_t begins_ns, uint32_t byte_ns);

/* ---- bms_registers.c ---- */
enum bms_access { BMS_DONE, BMS_MUTE, BMS_UNKNOWN, BMS_REFUSED };
enum bms_access bms_read(uint16_t address, uint16_t *value);
enum bms_access bms_write(uint16_t address, uint16_t value);
uint32_t bms_next_serial(void);      /* of the requests since the execution began */

#endif
