/* A string copied in and out by the C library: word by word, its end included.
 * writer: a=1 b=1
 * reader: x=a y=b
 * outcome: x y */
#include <string.h>
char shared[8] __attribute__((aligned(4))) = "aaaabbb", seen[8];

static const char fresh[8] __attribute__((aligned(4))) = "AAAABBB";   /* else bytes go one by one, here and on the chip */

static void writer(void) { strcpy(shared, fresh); }

static void reader(void) { strncpy(seen, shared, sizeof seen); }

static void print(void);
#include "two_tasks.h"
static void print(void) {
    for (int word = 0; word < 8; word += 4)
        for (int i = 1; i < 3; i++)
            if (seen[word + i] != seen[word]) printf("a word was torn; ");
    printf("%d %d", seen[0] == 'A', seen[4] == 'B');
}
