/* Updates of two bitfields of one word: each reads the word and writes it.
 * writer: s=w w=s|1 s=w w=s|2
 * reader: t=w w=t|4 t=w w=t|8
 * outcome: w */
static struct { unsigned a : 1, b : 1, c : 1, d : 1; } shared;

static void writer(void) {
    shared.a = 1;
    shared.b = 1;
}

static void reader(void) {
    shared.c = 1;
    shared.d = 1;
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d", shared.a | shared.b << 1 | shared.c << 2 | shared.d << 3); }
