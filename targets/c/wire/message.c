/* message.c: packing and unpacking of message.h; it refuses to know where the bytes go. */
#include "message.h"

#include <string.h>

void wire_put_bytes(wire_writer *writer, const void *bytes, size_t length)
{
    if (writer->overflow || (size_t)(writer->end - writer->at) < length) {
        writer->overflow = true;
        return;
    }
    if (length)
        memcpy(writer->at, bytes, length);
    writer->at += length;
}

void wire_put_uint(wire_writer *writer, uint64_t value, size_t bytes)
{
    uint8_t packed[8];
    for (size_t i = 0; i < sizeof packed; i++)
        packed[i] = (uint8_t)(value >> (8 * i));
    wire_put_bytes(writer, packed, bytes);
}

void wire_put_str(wire_writer *writer, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    length = length > UINT16_MAX ? UINT16_MAX : length;
    wire_put_uint(writer, length, 2);
    wire_put_bytes(writer, text, length);
}

const uint8_t *wire_get_bytes(wire_reader *reader, size_t length)
{
    if (reader->short_read || (size_t)(reader->end - reader->at) < length) {
        reader->short_read = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += length;
    return bytes;
}

uint64_t wire_get_uint(wire_reader *reader, size_t bytes)
{
    const uint8_t *packed = wire_get_bytes(reader, bytes);
    uint64_t value = 0;
    for (size_t i = 0; packed && i < bytes; i++)
        value |= (uint64_t)packed[i] << (8 * i);
    return value;
}

size_t wire_get_str(wire_reader *reader, const char **text)
{
    size_t length = (size_t)wire_get_uint(reader, 2);
    *text = (const char *)wire_get_bytes(reader, length);
    return *text ? length : 0;
}

void wire_hello(wire_writer *writer, const wire_identity *identity)
{
    wire_put_uint(writer, WIRE_PROTOCOL_VERSION, 1);
    wire_put_str(writer, identity->firmware);
    wire_put_str(writer, identity->build);
    wire_put_uint(writer, identity->boot, 8);
    wire_put_uint(writer, identity->reset_reason, 1);
    wire_put_uint(writer, identity->history_capacity, 4);
}

void wire_ended(wire_writer *writer, const wire_ending *ending)
{
    wire_put_uint(writer, ending->outcome, 1);
    wire_put_uint(writer, ending->end_us, 8);
    wire_put_uint(writer, ending->lost, 4);
    wire_put_uint(writer, ending->records, 4);
    wire_put_str(writer, ending->task);
    wire_put_str(writer, ending->detail);
    wire_put_str(writer, ending->where);
}

void wire_put_chunk(wire_writer *writer, size_t offset, size_t total)
{
    wire_put_uint(writer, offset, 4);
    wire_put_uint(writer, total, 4);
}

enum wire_assembled wire_assemble(wire_assembly *assembly, const uint8_t *payload, size_t length)
{
    wire_reader reader = {payload, payload + length, false};
    size_t offset = (size_t)wire_get_uint(&reader, 4), total = (size_t)wire_get_uint(&reader, 4);
    size_t part = (size_t)(reader.end - reader.at);
    if (offset == 0)
        assembly->used = 0;
    if (reader.short_read || offset != assembly->used || offset > total || total > assembly->capacity ||
        part > total - offset) {
        assembly->used = 0;
        return WIRE_ASSEMBLY_BAD;
    }
    if (part)
        memcpy(assembly->bytes + offset, reader.at, part);
    assembly->used += part;
    return assembly->used == total ? WIRE_ASSEMBLY_DONE : WIRE_ASSEMBLY_MORE;
}
