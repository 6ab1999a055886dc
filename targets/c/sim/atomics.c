/*
 * atomics.c: C11/C++11 atomics. Each is one indivisible step with a schedule point before it, at both granularities.
 * Exploration is sequentially consistent: memory orders weaker than seq_cst are executed as seq_cst.
 */
#include "engine.h"

typedef int order;

enum { READS = 1, WRITES = 2, BOTH = 3 };

static void atomic_point(volatile void *address, unsigned bytes, unsigned does, order o, uintptr_t pc) {
    settle();
    if (UNLIKELY(engine.racing)) race_atomics(true);
    bool shared = shadow_touch((uintptr_t)address, bytes, does & WRITES, pc);
    if (UNLIKELY(engine.racing)) race_atomics(false);
    if (shared) {
        engine.heartbeat++;
        point();
    } else {
        grow_impatient();
    }
    if (UNLIKELY(engine.racing)) race_atomic((void *)(uintptr_t)address, does & READS, does & WRITES, o);
    if (shared && UNLIKELY(engine.tracing))
        trace_step(does & WRITES ? STEP_WRITE : STEP_READ, pc, (void *)(uintptr_t)address, bytes, NULL);
}

#define HOOK __attribute__((visibility("default"), used))
#define DEFINE(result, name, ...) HOOK result name(__VA_ARGS__); HOOK result name(__VA_ARGS__)

#define FETCH(bits, type, op, expression) \
    DEFINE(type, __tsan_atomic##bits##_fetch_##op, volatile type *a, type v, order o) { \
        atomic_point(a, bits / 8, BOTH, o, CALLER); \
        type old = *a; \
        *a = (type)(expression); \
        return old; \
    }

#define EXCHANGE(bits, type, kind) \
    DEFINE(int, __tsan_atomic##bits##_compare_exchange_##kind, volatile type *a, type *expected, type v, order o, order f) { \
        (void)f; \
        atomic_point(a, bits / 8, BOTH, o, CALLER); \
        if (*a == *expected) { *a = v; return 1; } \
        *expected = *a; \
        return 0; \
    }

#define ATOMICS(bits, type) \
    DEFINE(type, __tsan_atomic##bits##_load, const volatile type *a, order o) { \
        atomic_point((volatile void *)(uintptr_t)a, bits / 8, READS, o, CALLER); \
        return *a; \
    } \
    DEFINE(void, __tsan_atomic##bits##_store, volatile type *a, type v, order o) { \
        atomic_point(a, bits / 8, WRITES, o, CALLER); \
        *a = v; \
    } \
    DEFINE(type, __tsan_atomic##bits##_exchange, volatile type *a, type v, order o) { \
        atomic_point(a, bits / 8, BOTH, o, CALLER); \
        type old = *a; \
        *a = v; \
        return old; \
    } \
    FETCH(bits, type, add, old + v) FETCH(bits, type, sub, old - v) FETCH(bits, type, and, old & v) \
    FETCH(bits, type, or, old | v) FETCH(bits, type, xor, old ^ v) FETCH(bits, type, nand, ~(old & v)) \
    EXCHANGE(bits, type, strong) EXCHANGE(bits, type, weak) \
    DEFINE(type, __tsan_atomic##bits##_compare_exchange_val, volatile type *a, type c, type v, order o, order f) { \
        (void)f; \
        atomic_point(a, bits / 8, BOTH, o, CALLER); \
        type old = *a; \
        if (old == c) *a = v; \
        return old; \
    }

ATOMICS(8, uint8_t)
ATOMICS(16, uint16_t)
ATOMICS(32, uint32_t)
ATOMICS(64, uint64_t)

DEFINE(void, __tsan_atomic_thread_fence, order o) { settle(); if (UNLIKELY(engine.racing)) race_fence(o); }
DEFINE(void, __tsan_atomic_signal_fence, order o) { (void)o; }
