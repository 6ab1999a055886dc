/* An increment is a read and a write.
 * writer: s=n n=s+1 s=n n=s+1
 * reader: t=n n=t+1 t=n n=t+1
 * outcome: n */
int shared;

static void increment(void) { shared++; }

static void writer(void) {
    increment();
    increment();
}

static void reader(void) {
    increment();
    increment();
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d", shared); }
