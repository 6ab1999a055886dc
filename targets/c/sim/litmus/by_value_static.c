/* A shared struct that no other file knows, passed by value: no compiler announces it.
 * writer: a=1 b=1 c=1 d=1 e=1
 * reader: u=a v=b x=c y=d z=e
 * outcome: u v x y z
 * blind: gcc clang zig */
struct five { int a, b, c, d, e; };
static struct five shared;
static int seen[5];

void keep(struct five value);
void keep(struct five value) {
    seen[0] = value.a;
    seen[1] = value.b;
    seen[2] = value.c;
    seen[3] = value.d;
    seen[4] = value.e;
}

static void writer(void) {
    shared.a = 1;
    shared.b = 1;
    shared.c = 1;
    shared.d = 1;
    shared.e = 1;
}

static void reader(void) {
    keep(shared);   /* audited */
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d %d %d", seen[0], seen[1], seen[2], seen[3], seen[4]); }
