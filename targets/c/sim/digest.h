/*
 * digest.h: a fast 128-bit digest of bytes, which identifies a history among millions (multiply and fold, twice with
 * different constants, side by side). It refuses to resist somebody who looks for collisions.
 */
#ifndef P4V_DIGEST_H
#define P4V_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest { uint64_t a, b; };

static inline uint64_t digest_fold(uint64_t a, uint64_t b) {
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The second factor keeps apart states that differ in the same bits as their next words do. */
static inline struct digest digest_word(struct digest digest, uint64_t word) {
    uint64_t a = digest.a ^ word ^ 0xA0761D6478BD642Full, b = digest.b ^ word ^ 0x8EBC6AF09C88C6E3ull;
    return (struct digest){digest_fold(a, 0xE7037ED1A0B428DBull ^ (digest.a >> 7)),
                           digest_fold(b, 0x589965CC75374CC3ull ^ (digest.b >> 7))};
}

/* The `length` bytes at `bytes`, at most 8, as a number. */
static inline uint64_t digest_load(const uint8_t *bytes, size_t length) {
    uint64_t word = 0;
    uint32_t low, high;
    if (length >= 4) {   /* two halves, which overlap */
        __builtin_memcpy(&low, bytes, 4);
        __builtin_memcpy(&high, bytes + length - 4, 4);
        return (uint64_t)high << 32 | low;
    }
    while (length--) word = word << 8 | bytes[length];
    return word;
}

static inline struct digest digest_bytes(struct digest digest, const uint8_t *bytes, size_t length) {
    digest = digest_word(digest, length);
    for (; length > 8; bytes += 8, length -= 8) digest = digest_word(digest, digest_load(bytes, 8));
    return length ? digest_word(digest, digest_load(bytes, length)) : digest;
}

#endif
