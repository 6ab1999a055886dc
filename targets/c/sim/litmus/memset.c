/* memset of shared memory.
 * writer: a=1 b=1 c=1
 * reader: z=c y=b x=a
 * outcome: x y z */
#include <string.h>
unsigned char shared[12] __attribute__((aligned(4))), seen[3];

static void writer(void) { memset(shared, 1, sizeof shared); }

static void reader(void) {
    seen[2] = shared[8];
    seen[1] = shared[4];
    seen[0] = shared[0];
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d", seen[0], seen[1], seen[2]); }
