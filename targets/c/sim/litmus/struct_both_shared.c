/* Assignment of a struct with both sides shared: word by word, or all loads first, as gcc's code does it.
 * writer: a=1 b=1 c=1 x=p y=q z=r
 * reader: s=a p=s t=b q=t u=c r=u
 * reader-gcc: s=a t=b u=c p=s q=t r=u
 * outcome: x y z p q r */
struct three { int a, b, c; };
struct three from, to, seen;

static void writer(void) {
    from.a = 1;
    from.b = 1;
    from.c = 1;
    seen.a = to.a;
    seen.b = to.b;
    seen.c = to.c;
}

static void reader(void) { to = from; }

static void print(void);
#include "two_tasks.h"
static void print(void) { printf("%d %d %d %d %d %d", seen.a, seen.b, seen.c, to.a, to.b, to.c); }
