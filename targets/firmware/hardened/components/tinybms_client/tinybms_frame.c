/*
 * tinybms_frame.c: encoding requests, and finding replies among noise.
 *
 * The parser drops what cannot be the beginning of a reply, byte by byte. A frame whose checksum is wrong loses only
 * its first byte, because a noise byte may have looked like a header in front of a whole reply.
 */
#include "tinybms_frame.h"

#include <string.h>

#define START 0xAAu
#define HEADER_BYTES 3u
#define CRC_BYTES 2u

#define COMMAND_READ 0x07u
#define COMMAND_READ_ECHO 0x09u
#define COMMAND_WRITE 0x0Du
#define COMMAND_ACK 0x01u
#define COMMAND_NACK 0x81u

static uint16_t get_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | (unsigned)bytes[1] << 8);
}

static void put_u8(tinybms_frame_t *frame, unsigned byte)
{
    frame->bytes[frame->length++] = (uint8_t)byte;
}

static void put_u16(tinybms_frame_t *frame, uint16_t value)
{
    put_u8(frame, value & 0xFFu);
    put_u8(frame, (unsigned)value >> 8);
}

uint16_t tinybms_crc16(const uint8_t *bytes, size_t length)
{
    unsigned crc = 0xFFFFu;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1u) != 0 ? (crc >> 1) ^ 0xA001u : crc >> 1;
        }
    }
    return (uint16_t)crc;
}

/* ---- requests ---- */

static void begin_frame(tinybms_frame_t *frame, unsigned command, unsigned length)
{
    frame->length = 0;
    put_u8(frame, START);
    put_u8(frame, command);
    put_u8(frame, length);
}

static void end_frame(tinybms_frame_t *frame)
{
    put_u16(frame, tinybms_crc16(frame->bytes, frame->length));
}

/* The first dialect's third byte is the number of registers to read, not of bytes that follow. */
void tinybms_read_frame(tinybms_frame_t *frame, uint16_t address, bool echo)
{
    begin_frame(frame, echo ? COMMAND_READ_ECHO : COMMAND_READ, echo ? 2 : 1);
    put_u16(frame, address);
    end_frame(frame);
}

void tinybms_write_frame(tinybms_frame_t *frame, uint16_t address, uint16_t value)
{
    begin_frame(frame, COMMAND_WRITE, 4);
    put_u16(frame, address);
    put_u16(frame, value);
    end_frame(frame);
}

/* ---- replies ---- */

static bool is_reply_header(uint8_t command, uint8_t length)
{
    switch (command) {
    case COMMAND_READ: return length == 2;
    case COMMAND_READ_ECHO: return length == 4;
    case COMMAND_ACK: return length <= 1;
    case COMMAND_NACK: return length == 1 || length == 2;
    default: return false;
    }
}

static bool is_reply_command(uint8_t command)
{
    return command == COMMAND_READ || command == COMMAND_READ_ECHO || command == COMMAND_ACK ||
           command == COMMAND_NACK;
}

/* Whether a reply can begin with what there is. */
static bool may_be_reply(const tinybms_parser_t *parser)
{
    const uint8_t *bytes = parser->bytes;
    return bytes[0] == START && (parser->length < 2 || is_reply_command(bytes[1])) &&
           (parser->length < HEADER_BYTES || is_reply_header(bytes[1], bytes[2]));
}

/* The last byte of a NACK is its error, whether or not the refused command stands before it. */
static void decode(const uint8_t *bytes, tinybms_reply_t *reply)
{
    const uint8_t *payload = bytes + HEADER_BYTES;
    reply->address = bytes[1] == COMMAND_READ_ECHO ? get_u16(payload) : 0;
    reply->value = 0;
    reply->error = 0;
    switch (bytes[1]) {
    case COMMAND_READ:
        reply->kind = TINYBMS_REPLY_VALUE;
        reply->value = get_u16(payload);
        break;
    case COMMAND_READ_ECHO:
        reply->kind = TINYBMS_REPLY_VALUE_OF;
        reply->value = get_u16(payload + 2);
        break;
    case COMMAND_ACK:
        reply->kind = TINYBMS_REPLY_ACK;
        break;
    default:
        reply->kind = TINYBMS_REPLY_NACK;
        reply->error = payload[bytes[2] - 1];
        break;
    }
}

static void drop(tinybms_parser_t *parser, size_t count)
{
    parser->length -= count;
    memmove(parser->bytes, parser->bytes + count, parser->length);
}

size_t tinybms_parser_put(tinybms_parser_t *parser, const uint8_t *bytes, size_t length)
{
    size_t room = TINYBMS_PARSER_BYTES - parser->length;
    size_t taken = length < room ? length : room;
    memcpy(parser->bytes + parser->length, bytes, taken);
    parser->length += taken;
    return taken;
}

tinybms_parsed_t tinybms_parser_next(tinybms_parser_t *parser, tinybms_reply_t *reply)
{
    while (parser->length > 0 && !may_be_reply(parser)) {
        drop(parser, 1);
    }
    if (parser->length < HEADER_BYTES || parser->length < HEADER_BYTES + parser->bytes[2] + CRC_BYTES) {
        return TINYBMS_PARSED_NOTHING;
    }
    size_t covered = HEADER_BYTES + parser->bytes[2];
    if (get_u16(parser->bytes + covered) != tinybms_crc16(parser->bytes, covered)) {
        drop(parser, 1);
        return TINYBMS_PARSED_BAD_CRC;
    }
    decode(parser->bytes, reply);
    drop(parser, covered + CRC_BYTES);
    return TINYBMS_PARSED_REPLY;
}
