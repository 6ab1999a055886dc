/* digest.h: a fast 64-bit digest of bytes (multiply and fold); two of them with different seeds identify a history. */
#ifndef P4V_DIGEST_H
#define P4V_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t digest_fold(uint64_t a, uint64_t b) {
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t digest_word(uint64_t digest, uint64_t word) {
    return digest_fold(digest ^ word ^ 0xA0761D6478BD642Full, 0xE7037ED1A0B428DBull ^ (digest >> 7));
}

static inline uint64_t digest_bytes(uint64_t digest, const uint8_t *bytes, size_t length) {
    uint64_t word;
    digest = digest_word(digest, length);
    for (; length >= 8; bytes += 8, length -= 8) {
        __builtin_memcpy(&word, bytes, 8);
        digest = digest_word(digest, word);
    }
    if (length == 0) return digest;
    word = 0;
    for (size_t i = 0; i < length; i++) word |= (uint64_t)bytes[i] << (8 * i);
    return digest_word(digest, word);
}

#endif
