/*
 * frame.h: frames over any byte stream that also carries log text. Sans I/O, and without allocation.
 *
 * A frame is COBS(u8 type, u16 sequence, payload, u32 crc32) between zero bytes, little endian; the CRC is that of
 * zlib over everything before it. Two frames may share a zero. Sequence numbers count per direction modulo 65536.
 *
 * It refuses to wait, to send again and to know what a type means. Whatever happens to the bytes (loss, noise, a reset
 * in mid-frame), the next intact frame is found again, and nothing is lost silently: see wire_counters.
 */
#ifndef P4V_WIRE_FRAME_H
#define P4V_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WIRE_PAYLOAD_MAX 65536u
#define WIRE_OVERHEAD 7u /* type, sequence and CRC */
/* Bytes a frame of so many payload bytes can take: COBS adds one byte per 254 begun, and a zero stands at each end. */
#define WIRE_FRAME_MAX(payload) ((payload) + WIRE_OVERHEAD + ((payload) + WIRE_OVERHEAD + 253u) / 254u + 2u)

typedef struct wire_encoder { uint16_t sequence; } wire_encoder;

/* Writes the next frame; returns its bytes, or 0 (and uses no sequence number) when it has more than WIRE_PAYLOAD_MAX
 * payload bytes or `capacity` is less than WIRE_FRAME_MAX(length). `out` and `payload` do not overlap. */
size_t wire_encode(wire_encoder *encoder, uint8_t type, const void *payload, size_t length, uint8_t *out,
                   size_t capacity);

typedef struct wire_frame {
    uint8_t type;
    uint16_t sequence;
    const uint8_t *payload; /* valid during the callback */
    size_t length;
} wire_frame;

/* What arrived and what did not. Every byte that is in no frame and not delivered as text is in garbage_bytes. */
typedef struct wire_counters {
    uint32_t frames;
    uint32_t bad_crc;       /* well-formed COBS, wrong sum */
    uint32_t oversize;      /* longer than the decoder's buffer, and not text */
    uint32_t lost_frames;   /* by sequence numbers; a sender that starts again at 0 is a restart instead */
    uint32_t restarts;
    uint32_t garbage_bytes;
} wire_counters;

typedef struct wire_decoder {
    void (*on_frame)(void *context, const wire_frame *frame);
    void (*on_text)(void *context, const uint8_t *text, size_t length); /* log text; may come in pieces */
    void *context;
    uint8_t *buffer; /* holds one frame without its zeros: WIRE_FRAME_MAX(largest payload) - 2 bytes, or less */
    size_t capacity;
    size_t used;
    bool overlong; /* what precedes in this stretch was flushed: it cannot be a frame any more */
    bool overlong_noise;
    uint16_t expected;
    wire_counters counters;
} wire_decoder;

/* `on_frame` and `on_text` may be called by feed and flush, and must not call them. */
void wire_decoder_init(wire_decoder *decoder, uint8_t *buffer, size_t capacity,
                       void (*on_frame)(void *, const wire_frame *), void (*on_text)(void *, const uint8_t *, size_t),
                       void *context);
void wire_decoder_feed(wire_decoder *decoder, const uint8_t *bytes, size_t length);
/* The stream has ended or has been silent: what is held back cannot become a frame and is given out as text. */
void wire_decoder_flush(wire_decoder *decoder);

/* CRC-32 as zlib's: start with 0, continue with the result. */
uint32_t wire_crc32(uint32_t crc, const uint8_t *bytes, size_t length);

#ifdef __cplusplus
}
#endif
#endif
