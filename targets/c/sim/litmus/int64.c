/* A 64-bit integer is two words, the low one first.
 * writer: a=1 b=1 a=2 b=2
 * reader: x=a y=b
 * outcome: x y */
#include <stdint.h>
uint64_t shared, seen;

static void set(uint64_t value) { shared = value; }

static void writer(void) {
    set(0x100000001);
    set(0x200000002);
}

static void reader(void) { seen = shared; }

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d", (int)seen, (int)(seen >> 32)); }
