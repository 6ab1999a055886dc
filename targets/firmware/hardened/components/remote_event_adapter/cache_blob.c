/*
 * cache_blob.c: the header, and the CRC-32 (polynomial 0xEDB88320) over everything but itself.
 */
#include "cache_blob.h"

#include <string.h>

static uint32_t crc_continued(uint32_t crc, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1u ? 0xEDB88320u : 0u);
        }
    }
    return crc;
}

static uint32_t crc_of(const cache_blob_header_t *header, const void *payload)
{
    uint32_t crc = crc_continued(UINT32_MAX, (const uint8_t *)header, offsetof(cache_blob_header_t, crc));
    return ~crc_continued(crc, payload, header->size);
}

void cache_blob_seal(void *blob, uint16_t version, uint16_t size)
{
    cache_blob_header_t header = {.version = version, .size = size};
    header.crc = crc_of(&header, (const uint8_t *)blob + sizeof(header));
    memcpy(blob, &header, sizeof(header));
}

bool cache_blob_is_intact(const void *blob, size_t length, uint16_t version, uint16_t size)
{
    cache_blob_header_t header;
    if (length != CACHE_BLOB_BYTES(size)) {
        return false;
    }
    memcpy(&header, blob, sizeof(header));
    return header.version == version && header.size == size &&
           header.crc == crc_of(&header, (const uint8_t *)blob + sizeof(header));
}
