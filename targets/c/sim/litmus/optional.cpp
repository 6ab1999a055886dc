/* Copies of std::optional: the value's words, then whether there is one.
 * writer: a=1 b=1 h=1
 * reader: x=a y=b z=h
 * outcome: x y z */
#include <cstring>
#include <optional>
struct two { int a, b; };
std::optional<two> shared, seen;

static void writer() {
    std::optional<two> local = two{1, 1};
    shared = local;
}

static void reader() {
    std::optional<two> local = shared;
    seen = local;
}

static void print();
#include "two_tasks.h"
static void print() {
    two value;
    std::memcpy(static_cast<void *>(&value), static_cast<const void *>(&seen), sizeof value);
    printf("%d %d %d", value.a, value.b, seen.has_value());
}
