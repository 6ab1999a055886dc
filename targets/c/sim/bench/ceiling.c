/*
 * ceiling.c: the same two programs (snap.c, ring.c) with hand-written fibers, inline hooks, a fair coin at every point,
 * and nothing else: no RTOS, no memory model, no reset but of their own variables. What a scheduler can not exceed.
 *
 * `ceiling snap|ring EXECUTIONS` prints executions, points and nanoseconds. It refuses to report anything but a program
 * whose assertions held.
 */
#define _GNU_SOURCE
#include "../fiber.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STACK = 16384, OTHER_OF = 1, CAPACITY = 4 };
static uint8_t stacks[2][STACK] __attribute__((aligned(64)));
static void *sp[2], *host;
static unsigned self, ended, failures;
static int holder;               /* of the mutex: task + 1 */
static uint64_t state = 88172645463325252ull, points;

static inline void other(void) {
    unsigned mine = self;
    self = mine ^ OTHER_OF;
    fiber_switch(&sp[mine], sp[self]);
}

static inline bool coin(void) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 0x2545F4914F6CDD1Dull) >> 63;
}

static inline void hook(void) {
    points++;
    if (!ended && coin()) other();
}

static void lock(void) {
    hook();
    while (holder) {   /* nothing here knows of blocking: who waits is chosen like anybody else, looks, and gives up */
        points++;
        other();
    }
    holder = (int)self + 1;
}

static void unlock(void) {
    hook();
    holder = 0;
}

static void finish(void) __attribute__((noreturn));
static void finish(void) {
    void *unused;
    if (ended++) fiber_switch(&unused, host);
    other();
    __builtin_unreachable();
}

#define READ(variable) (hook(), variable)
#define WRITE(variable, value) do { hook(); variable = (value); } while (0)

/* ---- snap ---- */

static volatile int a, b, c, d;

static void snap_writer(void) {
    for (int k = 1; k <= 2; k++) {
        lock();
        WRITE(a, k);
        WRITE(b, k);
        WRITE(c, k);
        WRITE(d, k);
        unlock();
    }
    finish();
}

static void snap_reader(void) {
    for (int k = 1; k <= 2; k++) {
        lock();
        int w = READ(a), x = READ(b), y = READ(c), z = READ(d);
        unlock();
        failures += !(w == x && x == y && y == z);
    }
    finish();
}

static void snap_reset(void) { a = b = c = d = 0; }
static void snap_check(void) {}

/* ---- ring ---- */

static volatile int buffer[CAPACITY], head, tail, count;
static int accepted[2], popped;

static void push(int value) {
    lock();
    if (READ(count) < CAPACITY) {
        int at = READ(head);
        WRITE(buffer[at], value);
        WRITE(head, (at + 1) % CAPACITY);
        int n = READ(count);
        WRITE(count, n + 1);
        accepted[self]++;
    }
    unlock();
}

static void pop(void) {
    lock();
    if (READ(count) > 0) {
        int at = READ(tail);
        (void)READ(buffer[at]);
        WRITE(tail, (at + 1) % CAPACITY);
        int n = READ(count);
        WRITE(count, n - 1);
        popped++;
    }
    unlock();
}

static void ring_worker(void) {
    push(1);
    pop();
    push(2);
    pop();
    finish();
}

static void ring_callback(void) {
    push(3);
    push(4);
    finish();
}

static void ring_reset(void) {
    head = tail = count = accepted[0] = accepted[1] = popped = 0;
    for (int i = 0; i < CAPACITY; i++) buffer[i] = 0;
}

static void ring_check(void) {
    failures += count != accepted[0] + accepted[1] - popped || (tail + count) % CAPACITY != head;
}

/* ---- executions ---- */

static const struct subject { const char *name; void (*tasks[2])(void), (*reset)(void), (*check)(void); } subjects[] = {
    {"snap", {snap_writer, snap_reader}, snap_reset, snap_check},
    {"ring", {ring_worker, ring_callback}, ring_reset, ring_check},
};

static void run_once(const struct subject *subject) {
    subject->reset();
    ended = 0;
    holder = 0;
    for (int i = 0; i < 2; i++) sp[i] = fiber_prepare(stacks[i] + STACK, subject->tasks[i]);
    self = coin();
    fiber_switch(&host, sp[self]);
    subject->check();
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv) {
    const struct subject *subject = argc == 3 && strcmp(argv[1], "ring") == 0 ? &subjects[1] : &subjects[0];
    uint64_t wanted = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (!wanted || strcmp(argv[1], subject->name) != 0) {
        fputs("usage: ceiling snap|ring EXECUTIONS\n", stderr);
        return 2;
    }
    uint64_t start = now_ns();
    for (uint64_t i = 0; i < wanted; i++) run_once(subject);
    uint64_t taken = now_ns() - start;
    if (failures) { fprintf(stderr, "%u assertions failed\n", failures); return 1; }
    printf("%llu %llu %llu\n", (unsigned long long)wanted, (unsigned long long)points, (unsigned long long)taken);
    return 0;
}
