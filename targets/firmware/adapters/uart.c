/*
 * uart.c: sees what the firmware hands to a UART, and what the scripted TinyBMS hears and answers.
 *
 * The linker wraps the sending, so this works on a board as well; there nobody calls p4v_bms_*. The raw values of
 * telemetry registers are the device's own units, at the addresses of registers.h: 10 mV, 10 mA, a tenth of a permille,
 * 0.01 degrees, 1 mV for cells, in two's complement. p4v_bms_telemetry is weak: a tree whose BMS differs defines it.
 */
#include "driver/uart.h"

#include "p4v_adapter.h"
#include "p4v_doubles.h"
#include "registers.h"

P4V_WRAP(uart_write_bytes)

#define SHOWN_MAX 512u

static p4v_observer sent = {.name = "uart.tx", .fields = "bytes:bytes"};
static p4v_observer request_heard = {.name = "bms.request", .fields = "serial:u32,kind:u8,address:u16,value:u16"};
static p4v_observer answer_begun = {.name = "bms.answer", .fields = "serial:u32,kind:u8,address:u16,value:u16"};

int __real_uart_write_bytes(uart_port_t port, const void *bytes, size_t size);
int __wrap_uart_write_bytes(uart_port_t port, const void *bytes, size_t size);
int __wrap_uart_write_bytes(uart_port_t port, const void *bytes, size_t size)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_bytes(&writer, bytes, bytes == NULL ? 0 : size < SHOWN_MAX ? size : SHOWN_MAX);
    p4v_observe_end(&sent, &writer);
    return __real_uart_write_bytes(port, bytes, size);
}

/* ---- what the double tells and asks ---- */

static void observe_bms(const p4v_observer *observer, uint32_t serial, unsigned kind, uint16_t address, uint16_t value)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, serial, 4);
    p4v_put_uint(&writer, kind, 1);
    p4v_put_uint(&writer, address, 2);
    p4v_put_uint(&writer, value, 2);
    p4v_observe_end(observer, &writer);
}

void p4v_bms_request(uint32_t serial, unsigned kind, uint16_t address, uint16_t value)
{
    observe_bms(&request_heard, serial, kind, address, value);
}

void p4v_bms_answer(uint32_t serial, unsigned kind, uint16_t address, uint16_t value)
{
    observe_bms(&answer_begun, serial, kind, address, value);
}

static int32_t raw_value(unsigned number, int32_t token)
{
    switch (number) {
    case 0: return 4000 + 25 * token;
    case 1: return 25 * token - 5000;
    case 2: return 25 * token;
    case 3: return 10000 - 25 * token;
    case 4: return 25 * token - 2000;
    default: return 3000 + token;
    }
}

__attribute__((weak)) bool p4v_bms_telemetry(uint16_t address, uint32_t token, uint16_t *raw)
{
    for (size_t i = 0; i < BMS_REGISTERS; i++) {
        if (bms_registers[i].address == address) {
            *raw = (uint16_t)raw_value(bms_registers[i].number, (int32_t)token);
            return true;
        }
    }
    return false;
}

/* ---- the adapter ---- */

static const p4v_operation operations[] = {{0}};
static p4v_observer *const observers[] = {&sent, &request_heard, &answer_begun, NULL};

const p4v_adapter p4v_adapter_uart = {
    .name = "uart", .operations = operations, .observers = observers,
};
