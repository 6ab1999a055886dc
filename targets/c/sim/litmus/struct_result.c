/* A function that returns a shared struct by value.
 * writer: a=1 b=1 c=1 d=1 e=1
 * reader: u=a v=b x=c y=d z=e
 * outcome: u v x y z
 * blind: gcc */
struct five { int a, b, c, d, e; };
struct five shared, seen;

struct five snapshot(void);
struct five snapshot(void) { return shared; }   /* audited */

static void writer(void) {
    shared.a = 1;
    shared.b = 1;
    shared.c = 1;
    shared.d = 1;
    shared.e = 1;
}

static void reader(void) { seen = snapshot(); }   /* audited */

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d %d %d", seen.a, seen.b, seen.c, seen.d, seen.e); }
