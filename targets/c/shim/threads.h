/* threads.h: what the files of the pthread layer share. Their state lies inside the pthread objects themselves. */
#ifndef P4V_SHIM_THREADS_H
#define P4V_SHIM_THREADS_H

#include "tasks.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* An absolute time of any clock (all of them show virtual time) in microseconds, rounded up. */
static inline uint64_t until_us(const struct timespec *time) {
    if (time->tv_sec < 0) return 0;
    return (uint64_t)time->tv_sec * 1000000u + ((uint64_t)time->tv_nsec + 999u) / 1000u;
}

/* Takes a mutex that is not the caller's, waiting as long as needed; for condition variables. */
void thread_relock(struct shim_mutex *mutex, task *self, const char *call);
/* The caller's mutex, or the execution ends. */
struct shim_mutex *thread_held(const char *call, pthread_mutex_t *mutex, const task *self);

#endif
