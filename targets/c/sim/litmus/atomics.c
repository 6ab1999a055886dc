/* C11 atomics are indivisible, 64-bit ones too.
 * writer: n=n+1 n=n+1 a=1;b=1
 * reader: x=a;y=b n=n+1 s=n;n=8
 * outcome: n x y s */
#include <stdatomic.h>
#include <stdint.h>
static atomic_int counter;
static _Atomic uint64_t wide;
static uint64_t seen;
static int swapped;

static void writer(void) {
    counter++;
    atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
    wide = 0x100000001;
}

static void reader(void) {
    seen = wide;
    int expected = atomic_load(&counter);
    while (!atomic_compare_exchange_weak(&counter, &expected, expected + 1)) {}
    swapped = atomic_exchange(&counter, 8);
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d %d", counter, (int)seen, (int)(seen >> 32), swapped); }
