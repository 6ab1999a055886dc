/*
 * hooks.c: the entry points that -fsanitize=thread makes the firmware call before every access to memory.
 *
 * An access to a granule that the task has to itself costs one compare. An access to a shared one is a schedule point,
 * taken before the access. Nothing here performs the access, except for copies and atomics.
 */
#include "call_stack.h"
#include "stack_use.h"

#include <string.h>

#define HOOK __attribute__((visibility("default"), used))
#ifdef __clang__
enum { CLANG = 1 };
#else
enum { CLANG = 0 };
#endif

/* ---- plain accesses ---- */

static void access_traced(enum step_kind kind, uint8_t *address, unsigned bytes, uintptr_t pc) {
    if (UNLIKELY(engine.tracing)) trace_step(kind, pc, address, bytes, NULL);
}

/* gcc announces only the write of a bitfield's update, and reads afterwards: the read is a step of its own, taken before
 * the old bytes are kept, which the code finds again however long the others ran in between. clang announces both. */
static bool is_point(const void *address) {
    return engine.granularity == AT_WORDS || shadow[GRANULE(address)] == SHADOW_RACY;
}

static void word_write(uint8_t *address, unsigned bytes) {
    if (!is_point(address)) return;
#ifdef __clang__
    (void)address;
    (void)bytes;
    point();
#else
    point();
    uint8_t old[4];
    __builtin_memcpy(old, address, 4 < bytes ? 4 : bytes);
    point();
    for (unsigned i = 0; i < bytes; i++) address[i] = old[i];
#endif
}

static void shared_access(uint8_t *address, unsigned bytes, bool write, uintptr_t pc) {
    bool one_word = bytes <= 4 && GRANULE(address) == GRANULE(address + bytes - 1);
    if (!one_word) {
        if (write) tear_write(address, bytes);
        else tear_read(address, bytes);
    } else if (write) {
        word_write(address, bytes);
    } else if (is_point(address)) {
        point();
    }
    access_traced(write ? STEP_WRITE : STEP_READ, address, bytes, pc);
}

static __attribute__((noinline)) void access_slow(uint8_t *address, unsigned bytes, bool write, uintptr_t pc) {
    settle();
    if (shadow_touch((uintptr_t)address, bytes, write, pc)) shared_access(address, bytes, write, pc);
}

/* Only a call in tail position is left for what happens nearly always: after a change of stacks every return is
 * mispredicted. */
static inline __attribute__((always_inline)) void access(void *pointer, unsigned bytes, bool write, uintptr_t pc) {
    uintptr_t address = (uintptr_t)pointer;
    if (UNLIKELY(engine.pending)) { access_slow(pointer, bytes, write, pc); return; }
    if (UNLIKELY(address >> 32)) return;
    uint8_t mark = shadow[GRANULE(address)];
    if (mark == SHADOW_SHARED && bytes <= 4 && (address & (bytes - 1)) == 0 && engine.untraced && (!write || CLANG)) {
        if (engine.granularity == AT_WORDS) point();
        return;
    }
    uint8_t last = bytes > 1 ? shadow[GRANULE(address + bytes - 1)] : mark;
    if (LIKELY(mark == engine.me && last == engine.me)) return;
    bool one_word = bytes <= 4 && (address & 3) + bytes <= 4;
    if (mark == SHADOW_UNOWNED && one_word && engine.running) {   /* the first touch */
        if (engine.task_count > 1) shadow[GRANULE(address)] = engine.me;
        return;
    }
    access_slow(pointer, bytes, write, pc);
}

static __attribute__((noinline)) void access_impatient(void *pointer, unsigned bytes, bool write, uintptr_t pc) {
    if (engine.running) point();
    access(pointer, bytes, write, pc);
}

#define ACCESS(name, bytes, write) HOOK void name(void *p); HOOK void name(void *p) { access(p, bytes, write, CALLER); }
#define BOTH(name, bytes, prefix) \
    HOOK void prefix##name(void *p); \
    HOOK void prefix##name(void *p) { access(p, bytes, false, CALLER); access(p, bytes, true, CALLER); }
#define POLLED(name, bytes, write) \
    HOOK void name(void *p); \
    HOOK void name(void *p) { \
        if (LIKELY(++engine.polls % POLLS_PER_POINT)) access(p, bytes, write, CALLER); \
        else access_impatient(p, bytes, write, CALLER); \
    }
#define SIZES(FORM, ...) FORM(1, __VA_ARGS__) FORM(2, __VA_ARGS__) FORM(4, __VA_ARGS__) FORM(8, __VA_ARGS__) FORM(16, __VA_ARGS__)
#define PLAIN(n, prefix) ACCESS(prefix##read##n, n, false) ACCESS(prefix##write##n, n, true) BOTH(read_write##n, n, prefix)
#define VOLATILE(n, prefix) POLLED(prefix##read##n, n, false) ACCESS(prefix##write##n, n, true)
SIZES(PLAIN, __tsan_)
SIZES(PLAIN, __tsan_unaligned_)
SIZES(VOLATILE, __tsan_volatile_)
SIZES(VOLATILE, __tsan_unaligned_volatile_)

HOOK void __tsan_vptr_update(void **p, void *value);
HOOK void __tsan_vptr_update(void **p, void *value) { (void)value; access(p, 8, true, CALLER); }
HOOK void __tsan_vptr_read(void **p);
HOOK void __tsan_vptr_read(void **p) { access(p, 8, false, CALLER); }

/* ---- ranges (gcc's struct copies) ---- */

HOOK void __tsan_read_range(void *p, size_t bytes);
HOOK void __tsan_read_range(void *p, size_t bytes) {
    struct pending write = tear_postpone();
    settle();
    if (bytes && shadow_touch((uintptr_t)p, bytes, false, CALLER)) {
        tear_read(p, (uint32_t)bytes);
        access_traced(STEP_READ, p, (unsigned)bytes, CALLER);
    }
    tear_resume(write);
}

HOOK void __tsan_write_range(void *p, size_t bytes);
HOOK void __tsan_write_range(void *p, size_t bytes) {
    settle();
    if (bytes && shadow_touch((uintptr_t)p, bytes, true, CALLER)) {
        tear_write(p, (uint32_t)bytes);
        access_traced(STEP_WRITE, p, (unsigned)bytes, CALLER);
    }
}

/* ---- copies ---- */

static uint32_t step_bytes(const uint8_t *to, const uint8_t *from, size_t left) {
    uint32_t a = 4 - ((uintptr_t)to & 3), b = 4 - ((uintptr_t)from & 3), part = a < b ? a : b;
    return left < part ? (uint32_t)left : part;
}

/* Is there a point inside? */
static bool is_torn(const void *address, size_t bytes) {
    uintptr_t at = (uintptr_t)address, last = at + bytes - 1;
    if (engine.granularity == AT_WORDS) return true;
    if (bytes == 0 || at >> 32) return false;
    return memchr(shadow + GRANULE(at), SHADOW_RACY, GRANULE(last) - GRANULE(at) + 1) != NULL;
}

static void copy_point(const void *address, unsigned bytes, bool write, uintptr_t pc) {
    uintptr_t at = (uintptr_t)address;
    if (at >> 32 || shadow[GRANULE(at)] == engine.me) return;
    if (!shadow_shared(shadow[GRANULE(at)]) && !shadow_touch(at, bytes, write, pc)) return;
    if (is_point(address)) point();
    if (UNLIKELY(engine.tracing)) trace_step(write ? STEP_WRITE : STEP_READ, pc, address, bytes, NULL);
}

static void copy_word(uint8_t *to, const uint8_t *from, uint32_t bytes, uintptr_t pc, uint32_t index, uint32_t words) {
    uint8_t word[4];
    engine.range_index = index;
    engine.range_words = words;
    copy_point(from, bytes, false, pc);
    __builtin_memcpy(word, from, bytes);
    engine.range_index = index;
    engine.range_words = words;
    copy_point(to, bytes, true, pc);
    __builtin_memcpy(to, word, bytes);
    if (UNLIKELY(engine.pending)) tear_settle();
}

/* A copy as the chip does it: word by word, each word's load and store preceded by a point when it is shared. */
static void copy_words(uint8_t *to, const uint8_t *from, size_t bytes, uintptr_t pc) {
    uint32_t words = (uint32_t)(bytes / 4 + 1), index = 0, part;
    for (size_t done = 0; done < bytes; done += part, index++) {
        part = step_bytes(to + done, from + done, bytes - done);
        copy_word(to + done, from + done, part, pc, index, words);
    }
    engine.range_words = 0;
}

/* The last word first, for a move upwards within itself. */
static void copy_words_down(uint8_t *to, const uint8_t *from, size_t bytes, uintptr_t pc) {
    uint32_t words = (uint32_t)(bytes / 4 + 1), index = 0, part;
    for (size_t left = bytes; left; left -= part, index++) {
        uint32_t a = (uintptr_t)(to + left) & 3, b = (uintptr_t)(from + left) & 3;
        part = (a ? a : 4) < (b ? b : 4) ? (a ? a : 4) : (b ? b : 4);
        if (part > left) part = (uint32_t)left;
        copy_word(to + left - part, from + left - part, part, pc, index, words);
    }
    engine.range_words = 0;
}

static void copy_any(void *to, const void *from, size_t bytes, uintptr_t pc, bool down) {
    settle();
    bool shared = shadow_touch((uintptr_t)from, bytes, false, pc);
    shared |= shadow_touch((uintptr_t)to, bytes, true, pc);
    if (!shared || !(is_torn(from, bytes) || is_torn(to, bytes))) __real_memmove(to, from, bytes);
    else if (down) copy_words_down(to, from, bytes, pc);
    else copy_words(to, from, bytes, pc);
}

void copy_torn(void *to, const void *from, size_t bytes, uintptr_t pc) { copy_any(to, from, bytes, pc, false); }

static void fill_torn(uint8_t *to, int value, size_t bytes, uintptr_t pc) {
    settle();
    if (!shadow_touch((uintptr_t)to, bytes, true, pc) || !is_torn(to, bytes)) {
        __real_memset(to, value, bytes);
        return;
    }
    uint32_t part, index = 0;
    for (size_t done = 0; done < bytes; done += part, index++) {
        part = step_bytes(to + done, to + done, bytes - done);
        engine.range_index = index;
        engine.range_words = (uint32_t)(bytes / 4 + 1);
        copy_point(to + done, part, true, pc);
        __real_memset(to + done, value, part);
        if (UNLIKELY(engine.pending)) tear_settle();
    }
    engine.range_words = 0;
}

#define COPY(name) \
    HOOK void *name(void *to, const void *from, size_t bytes); \
    HOOK void *name(void *to, const void *from, size_t bytes) { \
        if (!from_firmware(CALLER)) return __real_memcpy(to, from, bytes); \
        copy_torn(to, from, bytes, CALLER); \
        return to; \
    }
#define FILL(name) \
    HOOK void *name(void *to, int value, size_t bytes); \
    HOOK void *name(void *to, int value, size_t bytes) { \
        if (!from_firmware(CALLER)) return __real_memset(to, value, bytes); \
        fill_torn(to, value, bytes, CALLER); \
        return to; \
    }
COPY(__tsan_memcpy) COPY(__wrap_memcpy) FILL(__tsan_memset) FILL(__wrap_memset)

static void *move_torn(void *to, const void *from, size_t bytes, uintptr_t pc) {
    copy_any(to, from, bytes, pc, (uintptr_t)to - (uintptr_t)from < bytes);
    return to;
}
#define MOVE(name) \
    HOOK void *name(void *to, const void *from, size_t bytes); \
    HOOK void *name(void *to, const void *from, size_t bytes) { \
        if (!from_firmware(CALLER)) return __real_memmove(to, from, bytes); \
        return move_torn(to, from, bytes, CALLER); \
    }
MOVE(__tsan_memmove) MOVE(__wrap_memmove)

/* ---- functions ---- */

/* A task that polls what nobody else has touched yet would spin for ever, for want of a schedule point. */
void grow_impatient(void) {
    if (UNLIKELY(++engine.polls % POLLS_PER_POINT == 0) && engine.running) point();
}

enum { MAX_PROBES = 16 };
static struct { uintptr_t begin, end; } probes[MAX_PROBES];
static unsigned probe_count;

void hooks_set_probe(unsigned index, uintptr_t begin, uintptr_t stop) {
    if (index >= MAX_PROBES) return;
    probes[index].begin = begin;
    probes[index].end = stop;
    if (index >= probe_count) probe_count = index + 1;
    engine.entries |= ENTRIES_PROBED;
}

void agent_probe(uint16_t probe);
static void run_probes(uintptr_t pc) {
    for (unsigned i = 0; i < probe_count; i++)
        if (pc >= probes[i].begin && pc < probes[i].end) agent_probe((uint16_t)i);
}

static __attribute__((noinline)) void entered(uintptr_t return_address, uintptr_t pc) {
    if (engine.tracing) call_stack_enter(return_address);
    if (engine.running) run_probes(pc);
}

HOOK void __tsan_func_entry(void *return_address);
HOOK void __tsan_func_entry(void *return_address) {
    settle();
    grow_impatient();
    port_task *self = engine.self;
    const uintptr_t *frame = __builtin_frame_address(0);
    self->calls[self->depth++ % CALL_DEPTH] = (uintptr_t)frame;
    if (UNLIKELY((uintptr_t)frame < self->stack_end)) stack_use_look((const uintptr_t *)*frame, CALLER);
    if (UNLIKELY(engine.entries)) entered((uintptr_t)return_address, CALLER);
}

HOOK void __tsan_func_exit(void);
HOOK void __tsan_func_exit(void) {
    settle();
    if (engine.self->depth) engine.self->depth--;
}

HOOK void __tsan_init(void);
HOOK void __tsan_init(void) {}
HOOK void __tsan_ignore_thread_begin(void);
HOOK void __tsan_ignore_thread_begin(void) {}
HOOK void __tsan_ignore_thread_end(void);
HOOK void __tsan_ignore_thread_end(void) {}
