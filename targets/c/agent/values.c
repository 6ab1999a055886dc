/*
 * values.c: packed values, both ways, for adapters and for the agent itself.
 *
 * It copies with its own loop and never with memcpy: under the controlled scheduler the C library's functions are
 * watched as accesses of the firmware, and making a record must not be a step of the program.
 */
#include "values.h"

#include "p4v_adapter.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values travel little endian, as they lie in memory");

#define KEEP_THE_LOOP() __asm__ volatile("" ::: "memory") /* or the compiler makes it a memcpy again */

void values_copy(uint8_t *to, const uint8_t *from, size_t length)
{
    for (; length >= 8; to += 8, from += 8, length -= 8) {
        __builtin_memcpy(to, from, 8); /* two instructions */
        KEEP_THE_LOOP();
    }
    for (; length; to++, from++, length--) {
        *to = *from;
        KEEP_THE_LOOP();
    }
}

/* A number of 1 to 8 bytes: a record is full of them, and of one size each a copy is one instruction. */
static void copy_number(uint8_t *to, const uint8_t *from, size_t bytes)
{
    if (bytes == 4)
        __builtin_memcpy(to, from, 4);
    else if (bytes == 1)
        *to = *from;
    else
        values_copy(to, from, bytes);
}

static const uint8_t *take(p4v_reader *reader, size_t length)
{
    if (reader->short_read || (size_t)(reader->end - reader->at) < length) {
        reader->short_read = true;
        return NULL;
    }
    const uint8_t *taken = reader->at;
    reader->at += length;
    return taken;
}

uint64_t p4v_get_uint(p4v_reader *reader, size_t bytes)
{
    uint64_t value = 0;
    const uint8_t *packed = take(reader, bytes);
    if (packed)
        values_copy((uint8_t *)&value, packed, bytes < sizeof value ? bytes : sizeof value);
    return value;
}

float p4v_get_f32(p4v_reader *reader)
{
    union { uint32_t bits; float value; } number = {(uint32_t)p4v_get_uint(reader, sizeof(float))};
    return number.value;
}

size_t p4v_get_bytes(p4v_reader *reader, const uint8_t **bytes)
{
    size_t length = (size_t)p4v_get_uint(reader, 2);
    *bytes = take(reader, length);
    return *bytes ? length : 0;
}

static uint8_t *room(p4v_writer *writer, size_t length)
{
    if (writer->overflow || (size_t)(writer->end - writer->at) < length) {
        writer->overflow = true;
        return NULL;
    }
    uint8_t *at = writer->at;
    writer->at += length;
    return at;
}

void p4v_put_uint(p4v_writer *writer, uint64_t value, size_t bytes)
{
    uint8_t *at = bytes <= sizeof value ? room(writer, bytes) : NULL;
    if (at)
        copy_number(at, (const uint8_t *)&value, bytes);
    else
        writer->overflow = true;
}

void p4v_put_f32(p4v_writer *writer, float value)
{
    union { float value; uint32_t bits; } number = {value};
    p4v_put_uint(writer, number.bits, sizeof(float));
}

void p4v_put_bytes(p4v_writer *writer, const void *bytes, size_t length)
{
    uint8_t *at = length <= UINT16_MAX ? room(writer, 2 + length) : NULL;
    if (!at) {
        writer->overflow = true;
        return;
    }
    at[0] = (uint8_t)length;
    at[1] = (uint8_t)(length >> 8);
    values_copy(at + 2, bytes, length);
}
