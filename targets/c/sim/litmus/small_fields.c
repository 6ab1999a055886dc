/* Fields smaller than a word: one access each; a copy of their struct takes them with one access per word.
 * writer: a=1 b=1 c=1 d=1
 * reader: x=a;y=b;z=c u=d
 * outcome: x y z u */
#include <stdint.h>
struct small { uint8_t a, b; uint16_t c; uint32_t d; uint32_t e; };
struct small shared, seen;

static void writer(void) {
    shared.a = 1;
    shared.b = 1;
    shared.c = 1;
    shared.d = 1;
}

static void reader(void) { seen = shared; }

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d %d", seen.a, seen.b, seen.c, (int)seen.d); }
