/* A pointer is one word on the chip, although two here: it never tears.
 * writer: p=1 p=2
 * reader: x=p y=p
 * outcome: x y */
static int targets[3], *shared = targets;
static int *seen[2];

static void writer(void) {
    shared = targets + 1;
    shared = targets + 2;
}

static void reader(void) {
    seen[0] = shared;
    seen[1] = shared;
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d", (int)(seen[0] - targets), (int)(seen[1] - targets)); }
