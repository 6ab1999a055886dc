/* Updates of two bitfields of one word: each reads the word and writes it.
 * writer: s=w w=s|1 s=w w=s|2
 * reader: t=w w=t|4 t=w w=t|8
 * outcome: w */
struct { unsigned a : 1, b : 1, c : 1, d : 1; } shared;

static void set_a(void) { shared.a = 1; }
static void set_b(void) { shared.b = 1; }
static void set_c(void) { shared.c = 1; }
static void set_d(void) { shared.d = 1; }

static void writer(void) {
    set_a();
    set_b();
}

static void reader(void) {
    set_c();
    set_d();
}

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d", shared.a | shared.b << 1 | shared.c << 2 | shared.d << 3); }
