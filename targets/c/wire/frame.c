/*
 * frame.c: the codec of frame.h.
 *
 * A stretch is what lies between two zeros. It is held back until its end decides: a stretch that decodes as COBS and
 * whose CRC holds is a frame. All else came from something that prints: a stretch without control characters is text;
 * of a damaged one the readable runs are text, the rest is garbage and counted.
 */
#include "frame.h"

#include <string.h>

/* The CRC-32 over any bytes followed by their own CRC-32 (little endian) is this constant. */
#define CRC_RESIDUE 0x2144DF1Cu
#define TEXT_RUN 4u /* as strings(1): shorter readable runs in noise are noise */

/* ---- encoding ---- */

/* COBS in progress: `open` bytes of the block under way lie before `at`, the one that holds its length among them.
 * A full block stays open: whether another one follows it is known only when another byte comes. */
typedef struct stuffing { uint8_t *at; size_t open; } stuffing;

static void open_block(stuffing *out)
{
    *out->at++ = 1;
    out->open = 1;
}

/* As many bytes as the open block takes. Its length is written with each of them and the last one stands: half of a
 * history is zeros without any order, and a branch on them would be mispredicted as often. */
static size_t stuff_block(stuffing *out, const uint8_t *bytes, size_t length)
{
    uint8_t *at = out->at;
    size_t open = out->open;
    length = length < 255 - open ? length : 255 - open;
    for (size_t i = 0; i < length; i++) {
        open = bytes[i] ? open + 1 : 1;
        *at++ = bytes[i];
        at[-(ptrdiff_t)open] = (uint8_t)open;
    }
    *out = (stuffing){at, open};
    return length;
}

static void stuff(stuffing *out, const uint8_t *bytes, size_t length)
{
    for (size_t done = 0; done < length; done += stuff_block(out, bytes + done, length - done))
        if (out->open == 255)
            open_block(out);
}

size_t wire_encode(wire_encoder *encoder, uint8_t type, const void *payload, size_t length, uint8_t *out,
                   size_t capacity)
{
    if (length > WIRE_PAYLOAD_MAX || capacity < WIRE_FRAME_MAX(length))
        return 0;
    uint16_t sequence = encoder->sequence++;
    const uint8_t header[3] = {type, (uint8_t)sequence, (uint8_t)(sequence >> 8)};
    uint32_t crc = wire_crc32(wire_crc32(0, header, sizeof header), payload, length);
    const uint8_t sum[4] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)};
    stuffing to = {out + 1, 0};
    open_block(&to);
    stuff(&to, header, sizeof header);
    stuff(&to, payload, length);
    stuff(&to, sum, sizeof sum);
    out[0] = 0;
    *to.at++ = 0;
    return (size_t)(to.at - out);
}

/* ---- what is not a frame ---- */

static bool readable(uint8_t byte)
{
    return (byte >= 0x20 && byte < 0x7F) || byte == '\t' || byte == '\n' || byte == '\r' || byte == 0x1B;
}

/* Bytes from 0x80 up are UTF-8 of a text as a whole; in a damaged stretch they are more likely noise. */
static bool is_text(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!readable(bytes[i]) && bytes[i] < 0x80)
            return false;
    return true;
}

static void give_text(wire_decoder *decoder, const uint8_t *text, size_t length)
{
    if (length && decoder->on_text)
        decoder->on_text(decoder->context, text, length);
}

static void salvage(wire_decoder *decoder, const uint8_t *bytes, size_t length)
{
    size_t run = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && readable(bytes[i])) {
            run++;
            continue;
        }
        decoder->counters.garbage_bytes += i < length;
        if (run >= TEXT_RUN)
            give_text(decoder, bytes + i - run, run);
        else
            decoder->counters.garbage_bytes += (uint32_t)run;
        run = 0;
    }
}

/* True when it was noise, not text. */
static bool reject(wire_decoder *decoder, const uint8_t *bytes, size_t length)
{
    bool text = is_text(bytes, length);
    if (text)
        give_text(decoder, bytes, length);
    else
        salvage(decoder, bytes, length);
    return !text;
}

/* ---- decoding ---- */

typedef enum stretch { MALFORMED, BAD_CRC, FRAME } stretch;

/* Judged without decoding it, because what is rejected is given out as it came. */
static stretch judge(const uint8_t *bytes, size_t length)
{
    static const uint8_t zero = 0;
    uint32_t crc = 0;
    size_t decoded = 0;
    for (size_t i = 0; i < length;) {
        size_t next = i + bytes[i];
        if (next > length)
            return MALFORMED;
        bool gap = bytes[i] < 255 && next < length;
        crc = wire_crc32(crc, bytes + i + 1, next - i - 1);
        crc = gap ? wire_crc32(crc, &zero, 1) : crc;
        decoded += next - i - 1 + gap;
        i = next;
    }
    if (decoded < WIRE_OVERHEAD)
        return MALFORMED;
    return crc == CRC_RESIDUE ? FRAME : BAD_CRC;
}

static size_t unstuff(uint8_t *bytes, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t next = i + bytes[i];
        bool gap = bytes[i] < 255 && next < length;
        memmove(bytes + used, bytes + i + 1, next - i - 1);
        used += next - i - 1;
        if (gap)
            bytes[used++] = 0;
        i = next;
    }
    return used;
}

static void count_sequence(wire_decoder *decoder, uint16_t sequence)
{
    uint16_t missing = (uint16_t)(sequence - decoder->expected);
    if (missing && !sequence)
        decoder->counters.restarts++;
    else
        decoder->counters.lost_frames += missing;
    decoder->expected = (uint16_t)(sequence + 1u);
    decoder->counters.frames++;
}

static void give_frame(wire_decoder *decoder)
{
    uint8_t *bytes = decoder->buffer;
    size_t length = unstuff(bytes, decoder->used);
    wire_frame frame = {bytes[0], (uint16_t)(bytes[1] | bytes[2] << 8), bytes + 3, length - WIRE_OVERHEAD};
    count_sequence(decoder, frame.sequence);
    decoder->on_frame(decoder->context, &frame);
}

static void end_stretch(wire_decoder *decoder)
{
    stretch what = decoder->overlong ? MALFORMED : judge(decoder->buffer, decoder->used);
    if (what == FRAME) {
        give_frame(decoder);
    } else if (decoder->used) {
        bool noise = reject(decoder, decoder->buffer, decoder->used);
        decoder->overlong_noise |= noise;
        decoder->counters.bad_crc += noise && what == BAD_CRC;
    }
    decoder->counters.oversize += decoder->overlong && decoder->overlong_noise;
    decoder->used = 0;
    decoder->overlong = decoder->overlong_noise = false;
}

static void append(wire_decoder *decoder, const uint8_t *bytes, size_t length)
{
    while (length) {
        if (decoder->used == decoder->capacity) {
            decoder->overlong_noise |= reject(decoder, decoder->buffer, decoder->used);
            decoder->overlong = true;
            decoder->used = 0;
        }
        size_t room = decoder->capacity - decoder->used;
        size_t part = length < room ? length : room;
        memcpy(decoder->buffer + decoder->used, bytes, part);
        decoder->used += part;
        bytes += part;
        length -= part;
    }
}

void wire_decoder_feed(wire_decoder *decoder, const uint8_t *bytes, size_t length)
{
    while (length) {
        const uint8_t *zero = memchr(bytes, 0, length);
        size_t part = zero ? (size_t)(zero - bytes) : length;
        append(decoder, bytes, part);
        if (zero)
            end_stretch(decoder);
        part += zero != NULL;
        bytes += part;
        length -= part;
    }
}

void wire_decoder_flush(wire_decoder *decoder)
{
    end_stretch(decoder);
}

void wire_decoder_init(wire_decoder *decoder, uint8_t *buffer, size_t capacity,
                       void (*on_frame)(void *, const wire_frame *), void (*on_text)(void *, const uint8_t *, size_t),
                       void *context)
{
    *decoder = (wire_decoder){.on_frame = on_frame, .on_text = on_text, .context = context, .buffer = buffer,
                              .capacity = capacity};
    wire_crc32(0, NULL, 0); /* writes its table, once */
}
