/*
 * tear.c: accesses wider than a word, done word by word although the compiled code does them in one go.
 *
 * Read: the words are read one by one, with a schedule point before each, into a buffer; where the result differs from
 * what memory now holds, the buffer is put there for the load, and the real bytes are put back at this fiber's next
 * hook. Write: the bytes before it are remembered; at the next hook the new bytes are taken, the old ones put back, and
 * the words written one by one. Both are exact because between a hook's return and the fiber's next hook nothing else
 * runs.
 *
 * 8-byte scalars tear only if their high word has ever been seen to change, or to be other than 0: pointers (whose high
 * words are 0) never do, as on a 32-bit chip.
 */
#include "engine.h"

enum { TEAR_MAX = 16384 };   /* a longer range is announced and done at once */

static uint8_t read_real[TEAR_MAX], write_old[TEAR_MAX];

static uint32_t words_of(const uint8_t *address, uint32_t bytes) {
    return (uint32_t)(GRANULE(address + bytes - 1) - GRANULE(address) + 1);
}

/* Bytes of `address..` up to the next word boundary, at most `left`. */
static uint32_t chunk(const uint8_t *address, uint32_t left) {
    uint32_t whole = 4 - ((uintptr_t)address & 3);
    return whole < left ? whole : left;
}

static void range_point(uint32_t index, uint32_t words) {
    engine.range_index = index;
    engine.range_words = words;
    point();
    engine.range_words = 0;
}

/* ---- writes ---- */

static bool scalar_is_whole(uint8_t *address, uint32_t bytes, const uint8_t *fresh, const uint8_t *old) {
    if (bytes != 8 || ((uintptr_t)address & 3)) return false;
    bool high_changed = __real_memcmp(fresh + 4, old + 4, 4) != 0;
    if (high_changed) shadow_learn(GRANULE(address + 4), true);
    return !high_changed || __real_memcmp(fresh, old, 4) == 0;
}

/* The point before the first word was taken by the hook, unless the copy's reads came `late`r than that. */
static void write_words(uint8_t *address, uint32_t bytes, const uint8_t *fresh, bool late) {
    uint32_t words = words_of(address, bytes), index = 0;
    for (uint32_t done = 0, part; done < bytes; done += part, index++) {
        part = chunk(address + done, bytes - done);
        if (index || late) range_point(index, words);
        __real_memcpy(address + done, fresh + done, part);
    }
}

static void settle_write(void) {
    uint8_t *address = engine.pending_write.address;
    uint32_t bytes = engine.pending_write.bytes;
    engine.pending_write.bytes = 0;
    uint8_t fresh[bytes];
    __real_memcpy(fresh, address, bytes);
    if (__real_memcmp(fresh, write_old, bytes) == 0) return;
    if (scalar_is_whole(address, bytes, fresh, write_old)) return;
    __real_memcpy(address, write_old, bytes);
    write_words(address, bytes, fresh, engine.pending_write.late);
}

void tear_write(uint8_t *address, uint32_t bytes) {
    if (engine.granularity != AT_WORDS) return;
    range_point(0, words_of(address, bytes));
    if (bytes > TEAR_MAX) return;
    engine.pending_write = (struct pending){.address = address, .bytes = bytes, .saved = write_old};
    __real_memcpy(write_old, address, bytes);
    engine.pending = 1;
}

/* ---- reads ---- */

static void settle_read(void) {
    __real_memcpy(engine.pending_read.address, read_real, engine.pending_read.bytes);
    engine.pending_read.bytes = 0;
}

static void read_words(uint8_t *address, uint32_t bytes, uint8_t *seen) {
    uint32_t words = words_of(address, bytes), index = 0;
    for (uint32_t done = 0, part; done < bytes; done += part, index++) {
        part = chunk(address + done, bytes - done);
        range_point(index, words);
        __real_memcpy(seen + done, address + done, part);
    }
}

/* gcc announces a struct copy's destination first: when its source is announced the copy has not happened yet. */
struct pending tear_postpone(void) {
    struct pending write = engine.pending_write;
    if (write.bytes && __real_memcmp(write.address, write_old, write.bytes) == 0) engine.pending_write.bytes = 0;
    else write.bytes = 0;
    return write;
}

void tear_resume(struct pending write) {
    if (!write.bytes) return;
    engine.pending_write = write;
    engine.pending_write.late = true;
    __real_memcpy(write_old, write.address, write.bytes);
    engine.pending = 1;
}

static bool read_is_whole(const uint8_t *address, uint32_t bytes) {
    if (engine.granularity != AT_WORDS || bytes > TEAR_MAX) return true;
    if (bytes != 8 || ((uintptr_t)address & 3)) return false;
    uint32_t high;
    __builtin_memcpy(&high, address + 4, 4);
    if (high) shadow_learn(GRANULE(address + 4), true);
    return !shadow_tearable((uintptr_t)address + 4);
}

void tear_read(uint8_t *address, uint32_t bytes) {
    if (read_is_whole(address, bytes)) {
        if (engine.granularity == AT_WORDS) point();
        return;
    }
    uint8_t seen[bytes];
    read_words(address, bytes, seen);
    if (__real_memcmp(seen, address, bytes) == 0) return;
    engine.pending_read = (struct pending){.address = address, .bytes = bytes, .saved = read_real};
    __real_memcpy(read_real, address, bytes);
    __real_memcpy(address, seen, bytes);
    engine.pending = 1;
}

void tear_settle(void) {
    engine.pending = 0;
    if (engine.pending_read.bytes) settle_read();
    if (engine.tracing) trace_settle();
    if (engine.pending_write.bytes) settle_write();
}
