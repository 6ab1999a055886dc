/* A string copied in and out by the C library: word by word, its end included.
 * writer: a=1 b=1
 * reader: x=a y=b
 * outcome: x y */
#include <string.h>
static char shared[8] __attribute__((aligned(4))) = "aaaabbb", seen[8];

static void writer(void) { strcpy(shared, "AAAABBB"); }

static void reader(void) { strncpy(seen, shared, sizeof seen); }

static void print(void);
#include "two_tasks.h"
static void print(void) {
    int whole = memcmp(seen, seen[0] == 'A' ? "AAAA" : "aaaa", 4) == 0 && memcmp(seen + 4, seen[4] == 'B' ? "BBB" : "bbb", 4) == 0;
    if (whole) printf("%d %d", seen[0] == 'A', seen[4] == 'B');
    else printf("a word was torn");
}
