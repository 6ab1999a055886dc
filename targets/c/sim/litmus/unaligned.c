/* A packed field that straddles two words: its halves are accessed one by one, the lower first.
 * writer: a=1 b=1
 * reader: x=a y=b
 * outcome: x y */
#include <stdint.h>
struct __attribute__((packed, aligned(4))) { uint16_t before; uint32_t field; uint16_t after; } shared;
static uint32_t seen;

static void writer(void) { shared.field = 0x10001; }

static void reader(void) { seen = shared.field; }

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d", (int)(seen & 0xFFFF), (int)(seen >> 16)); }
