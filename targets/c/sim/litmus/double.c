/* A double is two words, the low one first.
 * writer: a=1 b=1
 * reader: x=a y=b
 * outcome: x y */
double shared, seen;

static void writer(void) { shared = 1.1; }   /* no word of it is 0 */

static void reader(void) { seen = shared; }

static void print(void);
#include "two_tasks.h"
static void print(void) {
    uint32_t words[2];
    memcpy(words, &seen, sizeof words);
    printf("%d %d", words[0] != 0, words[1] != 0);
}
