/* A struct of two words that a compiler moves as one 8-byte value, and whose words are written one by one.
 * writer: a=1 b=1
 * reader: x=a y=b
 * outcome: x y */
struct two { int a, b; };
struct two shared, seen;

static void writer(void) {
    shared.a = 1;
    shared.b = 1;
}

static void reader(void) {
    struct two local = shared;
    seen = local;
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d", seen.a, seen.b); }
