/*
 * tinybms_frame.h: the frames of the TinyBMS, to bytes and back. No I/O, no state but the caller's parser.
 *
 * A frame is 0xAA, a command, the payload's length, the payload, and a CRC-16 (polynomial 0xA001, initial 0xFFFF, low
 * byte first) over all before it. Numbers are low byte first. There are two dialects: in one a reply to a read carries
 * the value alone, in the other it repeats the address.
 */
#ifndef TINYBMS_FRAME_H
#define TINYBMS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TINYBMS_FRAME_MAX 9u  /* bytes of the longest frame */

typedef struct {
    uint8_t bytes[TINYBMS_FRAME_MAX];
    size_t length;
} tinybms_frame_t;

uint16_t tinybms_crc16(const uint8_t *bytes, size_t length);
/* `echo`: in the dialect whose replies repeat the address. */
void tinybms_read_frame(tinybms_frame_t *frame, uint16_t address, bool echo);
void tinybms_write_frame(tinybms_frame_t *frame, uint16_t address, uint16_t value);

typedef enum {
    TINYBMS_REPLY_VALUE,     /* value */
    TINYBMS_REPLY_VALUE_OF,  /* address, value */
    TINYBMS_REPLY_ACK,
    TINYBMS_REPLY_NACK,      /* error */
} tinybms_reply_kind_t;

typedef struct {
    tinybms_reply_kind_t kind;
    uint16_t address;
    uint16_t value;
    uint8_t error;
} tinybms_reply_t;

/* Finds replies in whatever the wire delivers. Starts zeroed. */
#define TINYBMS_PARSER_BYTES 64u
typedef struct {
    uint8_t bytes[TINYBMS_PARSER_BYTES];
    size_t length;
} tinybms_parser_t;

typedef enum {
    TINYBMS_PARSED_NOTHING,  /* all that is left may become a reply: more bytes are needed */
    TINYBMS_PARSED_REPLY,
    TINYBMS_PARSED_BAD_CRC,  /* the shape of a reply, with another checksum */
} tinybms_parsed_t;

/* Takes as many bytes as there is room for and returns how many: at least one after TINYBMS_PARSED_NOTHING. */
size_t tinybms_parser_put(tinybms_parser_t *parser, const uint8_t *bytes, size_t length);
tinybms_parsed_t tinybms_parser_next(tinybms_parser_t *parser, tinybms_reply_t *reply);

#ifdef __cplusplus
}
#endif
#endif
