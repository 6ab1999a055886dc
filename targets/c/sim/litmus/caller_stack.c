/* A task that writes through a pointer into the stack of another, which reads its own variable meanwhile.
 * writer: a=1 b=1 c=1
 * reader: x=a y=b z=c
 * outcome: x y z */
struct three { int a, b, c; };
struct three *_Atomic address;
static _Atomic int written;
static struct three seen;

static void writer(void) {
    struct three *theirs;
    while (!(theirs = address)) {}
    theirs->a = 1;
    theirs->b = 1;
    theirs->c = 1;
    written = 1;
}

static void reader(void) {
    struct three mine = {0, 0, 0};
    address = &mine;
    __asm__ volatile("" ::: "memory");   /* as a call of another file would: the compiler may keep nothing */
    seen.a = mine.a;
    seen.b = mine.b;
    seen.c = mine.c;
    while (!written) {}   /* the variable outlives the writes */
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d", seen.a, seen.b, seen.c); }
