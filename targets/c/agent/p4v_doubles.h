/*
 * p4v_doubles.h: what doubles of hardware tell whoever watches them, and ask whoever knows the firmware's tokens.
 *
 * A double calls these if somebody defines them; the adapters `nvs` and `uart` do. On a board there are no doubles, so
 * nobody calls. They run in the calling task, or in the double's interrupt, and must not block.
 */
#ifndef P4V_DOUBLES_H
#define P4V_DOUBLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value became durable; `writes` counts such since the execution began, over all its boots. */
void p4v_nvs_stored(const char *key, size_t length, uint32_t writes);

/* As the observers bms.request and bms.answer say. */
enum { P4V_BMS_READ = 1, P4V_BMS_WRITE = 2 };
enum { P4V_BMS_SILENCE = 0, P4V_BMS_VALUE = 1, P4V_BMS_ACK = 2, P4V_BMS_NACK = 3, P4V_BMS_GARBAGE = 4 };
void p4v_bms_request(uint32_t serial, unsigned kind, uint16_t address, uint16_t value);
void p4v_bms_answer(uint32_t serial, unsigned kind, uint16_t address, uint16_t value);

/* The raw value of a telemetry register that carries this token; false when there is no such register. */
bool p4v_bms_telemetry(uint16_t address, uint32_t token, uint16_t *raw);

#endif
