/* memmove within shared memory, upwards (the last word first) and downwards (the first word first).
 * writer: t=b c=t t=a b=t t=b a=t t=c b=t
 * reader: x=c y=b z=a
 * outcome: x y z
 * begin: a=1 */
#include <string.h>
unsigned shared[3] = {1}, seen[3];

static void writer(void) {
    memmove(shared + 1, shared, 8);
    memmove(shared, shared + 1, 8);
}

static void reader(void) {
    seen[0] = shared[2];
    seen[1] = shared[1];
    seen[2] = shared[0];
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%u %u %u", seen[0], seen[1], seen[2]); }
