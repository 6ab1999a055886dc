/* memcpy out of shared memory, and into it.
 * writer: a=1 b=1 c=1
 * reader: x=a y=b z=c
 * outcome: x y z */
#include <string.h>
unsigned shared[3], seen[3];

static void writer(void) {
    unsigned local[3] = {1, 1, 1};
    memcpy(shared, local, sizeof shared);
}

static void reader(void) { memcpy(seen, shared, sizeof seen); }

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%u %u %u", seen[0], seen[1], seen[2]); }
