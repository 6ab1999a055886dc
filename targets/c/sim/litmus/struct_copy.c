/* Assignment of a struct from a private local to a shared global, and from there to another local.
 * writer: a=1 b=1 c=1
 * reader: x=a y=b z=c
 * outcome: x y z */
struct three { int a, b, c; };
struct three shared, seen;

static void writer(void) {
    struct three local = {1, 1, 1};
    shared = local;
}

static void reader(void) {
    struct three local = shared;
    seen = local;
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d", seen.a, seen.b, seen.c); }
