/*
 * codec_driver.c: puts the C codec behind lines of text, so that the tests can compare it with the Python one.
 *
 *   D payload_max piece hex    decodes the bytes, fed in pieces of so many bytes (0: at once), then flushes
 *   E [type:hex ...]           encodes these frames, numbered from 0
 *   A hex ...                  assembles these chunks into 64 bytes
 * Answers end with a line "."; bytes are hexadecimal.
 */
#define _GNU_SOURCE
#include "../frame.h"
#include "../message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRETCH_MAX (WIRE_FRAME_MAX(WIRE_PAYLOAD_MAX) - 2u)

static uint8_t *s_bytes; /* of the line being worked on */

static void print_hex(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

static unsigned digit(char c)
{
    return (unsigned)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

static size_t parse_hex(const char *text, uint8_t *out)
{
    size_t length = 0;
    for (; text[0] && text[1]; text += 2)
        out[length++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
    return length;
}

static void on_frame(void *context, const wire_frame *frame)
{
    (void)context;
    printf("F %u %u ", frame->type, frame->sequence);
    print_hex(frame->payload, frame->length);
}

static void on_text(void *context, const uint8_t *text, size_t length)
{
    (void)context;
    printf("T ");
    print_hex(text, length);
}

static void decode(char *words)
{
    size_t payload_max = strtoul(strsep(&words, " "), NULL, 10), piece = strtoul(strsep(&words, " "), NULL, 10);
    size_t length = parse_hex(words, s_bytes);
    uint8_t *buffer = malloc(STRETCH_MAX);
    wire_decoder decoder;
    wire_decoder_init(&decoder, buffer, WIRE_FRAME_MAX(payload_max) - 2u, on_frame, on_text, NULL);
    for (size_t at = 0; at < length;) {
        size_t part = piece && piece < length - at ? piece : length - at;
        wire_decoder_feed(&decoder, s_bytes + at, part);
        at += part;
    }
    wire_decoder_flush(&decoder);
    const wire_counters *counters = &decoder.counters;
    printf("C %u %u %u %u %u %u\n", counters->frames, counters->bad_crc, counters->oversize, counters->lost_frames,
           counters->restarts, counters->garbage_bytes);
    free(buffer);
}

static void encode(char *words)
{
    static uint8_t out[WIRE_FRAME_MAX(WIRE_PAYLOAD_MAX)];
    wire_encoder encoder = {0};
    for (char *frame; (frame = strsep(&words, " "));) {
        char *payload = strchr(frame, ':');
        if (!payload)
            continue;
        size_t length = parse_hex(payload + 1, s_bytes);
        uint8_t type = (uint8_t)strtoul(frame, NULL, 10);
        size_t size = wire_encode(&encoder, type, s_bytes, length, out, WIRE_FRAME_MAX(length));
        printf("B ");
        print_hex(out, size);
    }
}

static void assemble(char *words)
{
    uint8_t whole[64];
    wire_assembly assembly = {whole, sizeof whole, 0};
    for (char *chunk; (chunk = strsep(&words, " "));) {
        enum wire_assembled state = wire_assemble(&assembly, s_bytes, parse_hex(chunk, s_bytes));
        printf("%s ", state == WIRE_ASSEMBLY_BAD ? "bad" : state == WIRE_ASSEMBLY_MORE ? "more" : "done");
        print_hex(whole, state == WIRE_ASSEMBLY_DONE ? assembly.used : 0);
    }
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t length; (length = getline(&line, &capacity, stdin)) > 0;) {
        line[strcspn(line, "\n")] = '\0';
        s_bytes = malloc((size_t)length); /* exactly, so that a sanitizer sees the first byte too far */
        (line[0] == 'D' ? decode : line[0] == 'E' ? encode : assemble)(line + 2);
        free(s_bytes);
        puts(".");
        fflush(stdout);
    }
    free(line);
    return 0;
}
