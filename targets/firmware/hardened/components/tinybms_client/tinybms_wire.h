/*
 * tinybms_wire.h: the UART to the TinyBMS. One exchange at a time: send a request, then receive its reply.
 *
 * A BMS of one dialect is deaf to reads of the other. Until one of them has been answered, silence makes the next read
 * try the other dialect.
 *
 * Only the worker calls this, so there is no lock.
 */
#ifndef TINYBMS_WIRE_H
#define TINYBMS_WIRE_H

#include "esp_err.h"
#include "tinybms_frame.h"

esp_err_t tinybms_wire_init(void);
/* In the dialect that the BMS answers, or else may answer. */
void tinybms_wire_read_frame(tinybms_frame_t *frame, uint16_t address);
/* Throws away what arrived before, then hands the frame to the driver; does not wait for it to be sent. */
void tinybms_wire_send(const tinybms_frame_t *frame);
/* Waits TINYBMS_TIMEOUT_MS from the last send for what answers it: a value (of this address, where the reply says
 * which) or an ACK. ESP_FAIL for a NACK, ESP_ERR_INVALID_CRC, ESP_ERR_TIMEOUT; anything else on the wire is skipped. */
esp_err_t tinybms_wire_receive_value(uint16_t address, uint16_t *value);
esp_err_t tinybms_wire_receive_ack(void);

#endif
