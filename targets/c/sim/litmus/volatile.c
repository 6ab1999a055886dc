/* Volatile accesses: of a word, and of two.
 * writer: a=1 b=1 c=1
 * reader: z=c x=a y=b
 * outcome: x y z */
#include <stdint.h>
volatile uint64_t wide;
volatile uint32_t word;
static uint64_t seen_wide;
static uint32_t seen_word;

static void writer(void) {
    wide = 0x100000001;
    word = 1;
}

static void reader(void) {
    seen_word = word;
    seen_wide = wide;
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d", (int)seen_wide, (int)(seen_wide >> 32), (int)seen_word); }
