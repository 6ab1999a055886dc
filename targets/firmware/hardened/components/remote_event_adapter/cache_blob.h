/*
 * cache_blob.h: a value as it lies in NVS: behind version, size and CRC.
 *
 * A blob of another version or size, or one that is damaged, is no value; nothing is converted.
 */
#ifndef CACHE_BLOB_H
#define CACHE_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint16_t version;
    uint16_t size;  /* of the payload */
    uint32_t crc;   /* of version, size and payload */
} cache_blob_header_t;

/* The payload lies behind the header. */
#define CACHE_BLOB_BYTES(payload_bytes) (sizeof(cache_blob_header_t) + (payload_bytes))

/* Writes the header for the payload that is in place. */
void cache_blob_seal(void *blob, uint16_t version, uint16_t size);
/* Whether `length` bytes are an intact blob of this version with a payload of this size. */
bool cache_blob_is_intact(const void *blob, size_t length, uint16_t version, uint16_t size);

#ifdef __cplusplus
}
#endif
#endif
