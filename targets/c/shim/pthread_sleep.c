/*
 * pthread_sleep.c: POSIX sleeping on virtual time, as ESP-IDF does it: less than a tick keeps the core busy, the rest
 * is a delay of whole ticks, rounded up.
 */
#include "shim.h"

#include <time.h>
#include <unistd.h>

static void sleep_us(const char *call, uint64_t us) {
    if (us < TICK_US) {
        port_spend(us);
        return;
    }
    port_enter(call, NULL);
    task *self = shim_self();
    shim_may_block(call, self);
    uint64_t ticks = (us + TICK_US - 1) / TICK_US;
    shim_sleep(self, (port_now_us() / TICK_US + ticks) * TICK_US, call, NULL);
    port_leave();
}

int __wrap_usleep(useconds_t us) {
    sleep_us("usleep", us);
    return 0;
}

unsigned __wrap_sleep(unsigned seconds) {
    sleep_us("sleep", seconds * 1000000ull);
    return 0;
}

int __wrap_nanosleep(const struct timespec *wish, struct timespec *left) {
    sleep_us("nanosleep", (uint64_t)wish->tv_sec * 1000000u + ((uint64_t)wish->tv_nsec + 999u) / 1000u);
    if (left) *left = (struct timespec){ 0 };
    return 0;
}
