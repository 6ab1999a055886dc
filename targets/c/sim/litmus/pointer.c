/* A pointer is one word on the chip, although two here: it never tears.
 * writer: p=1 p=2
 * reader: x=p
 * outcome: x */
static int targets[3], *shared = targets;
static int *seen;

static void set(int *value) { shared = value; }

static void writer(void) {
    set(targets + 1);
    set(targets + 2);
}

static void reader(void) { seen = shared; }

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d", (int)(seen - targets)); }
