/*
 * tinybms_driver.c: puts the TinyBMS frame codec and register table behind lines of text, for tests in Python.
 *
 *   C hex            the CRC of these bytes
 *   R address echo   the frame that reads a register
 *   W address value  the frame that writes one
 *   P hex            gives bytes to the parser, and answers what it finds, one a line: `value v`, `value-of a v`, `ack`,
 *                    `nack e`, `bad`; then how many bytes are kept
 *   N                a parser that has seen nothing
 *   U address raw    the register's key and its value in the key's unit, or `none`
 *   K key            the register's address, or `none`
 * Answers end with a line "."; numbers are decimal.
 */
#define _GNU_SOURCE
#include "tinybms_frame.h"
#include "tinybms_registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tinybms_parser_t parser;

static size_t from_hex(const char *hex, uint8_t *bytes)
{
    size_t length = 0;
    for (unsigned byte; hex[2 * length] != '\0' && sscanf(hex + 2 * length, "%2x", &byte) == 1; length++)
        bytes[length] = (uint8_t)byte;
    return length;
}

static void print_frame(const tinybms_frame_t *frame)
{
    for (size_t i = 0; i < frame->length; i++)
        printf("%02x", frame->bytes[i]);
    putchar('\n');
}

static void print_reply(const tinybms_reply_t *reply)
{
    switch (reply->kind) {
    case TINYBMS_REPLY_VALUE: printf("value %u\n", reply->value); break;
    case TINYBMS_REPLY_VALUE_OF: printf("value-of %u %u\n", reply->address, reply->value); break;
    case TINYBMS_REPLY_ACK: printf("ack\n"); break;
    case TINYBMS_REPLY_NACK: printf("nack %u\n", reply->error); break;
    default: abort();
    }
}

static void print_found(void)
{
    tinybms_reply_t reply;
    tinybms_parsed_t parsed;
    while ((parsed = tinybms_parser_next(&parser, &reply)) != TINYBMS_PARSED_NOTHING) {
        if (parsed == TINYBMS_PARSED_REPLY)
            print_reply(&reply);
        else
            printf("bad\n");
    }
}

static void parse(const char *hex)
{
    uint8_t bytes[2048];
    size_t length = from_hex(hex, bytes);
    for (size_t at = 0; at < length;) {
        size_t taken = tinybms_parser_put(&parser, bytes + at, length - at);
        if (taken == 0)
            abort();
        at += taken;
        print_found();
    }
    printf("%zu\n", parser.length);
}

static void print_value(uint16_t address, uint16_t raw)
{
    const tinybms_register_descriptor_t *descriptor = tinybms_get_register_by_address(address);
    if (descriptor == NULL)
        printf("none\n");
    else
        printf("%s %.9g\n", descriptor->key, (double)tinybms_register_user_value(descriptor, raw));
}

static void print_address(const char *key)
{
    const tinybms_register_descriptor_t *descriptor = tinybms_get_register_by_key(key);
    if (descriptor == NULL)
        printf("none\n");
    else
        printf("%u\n", descriptor->address);
}

static uint16_t number(char **words)
{
    return (uint16_t)strtoul(strsep(words, " "), NULL, 10);
}

static void answer(char *line)
{
    uint8_t bytes[2048];
    tinybms_frame_t frame;
    char *words = line;
    char command = *strsep(&words, " ");
    uint16_t first = strchr("RWU", command) != NULL ? number(&words) : 0;
    switch (command) {
    case 'C': printf("%u\n", tinybms_crc16(bytes, from_hex(words, bytes))); break;
    case 'R': tinybms_read_frame(&frame, first, number(&words) != 0); print_frame(&frame); break;
    case 'W': tinybms_write_frame(&frame, first, number(&words)); print_frame(&frame); break;
    case 'P': parse(words); break;
    case 'N': memset(&parser, 0, sizeof(parser)); break;
    case 'U': print_value(first, number(&words)); break;
    case 'K': print_address(words); break;
    default: abort();
    }
}

int main(void)
{
    char line[8192];
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        answer(line);
        printf(".\n");
        fflush(stdout);
    }
    return 0;
}
