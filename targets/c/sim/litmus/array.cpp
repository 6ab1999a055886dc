/* Copies of std::array, into shared memory and out of it.
 * writer: a=1 b=1 c=1
 * reader: x=a y=b z=c
 * outcome: x y z */
#include <array>
std::array<int, 3> shared, seen;

static void writer() {
    std::array<int, 3> local = {1, 1, 1};
    shared = local;
}

static void reader() {
    std::array<int, 3> local = shared;
    seen = local;
}

static void print();
#include "two_tasks.h"
static void print() { printf("%d %d %d", seen[0], seen[1], seen[2]); }
