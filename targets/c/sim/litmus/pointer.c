/* A pointer is one word on the chip, although two here: it never tears.
 * writer: p=1 p=2
 * reader: x=p y=p
 * outcome: x y */
static int targets[3], *shared = targets;
static int *seen[2];

static void set(int *value) { shared = value; }
static int *get(void) { return shared; }

static void writer(void) {
    set(targets + 1);
    set(targets + 2);
}

static void reader(void) {
    seen[0] = get();
    seen[1] = get();
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d", (int)(seen[0] - targets), (int)(seen[1] - targets)); }
