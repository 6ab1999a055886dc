/* pthread mutexes: normal, recursive, error-checking, static and not; a timed lock gives up in time. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "freertos/FreeRTOS.h"

static pthread_mutex_t normal = PTHREAD_MUTEX_INITIALIZER, recursive, checking;
static int count;

static void *add(void *unused) {
    for (int i = 0; i < 2; i++) {
        pthread_mutex_lock(&normal);
        int before = count;
        count = before + 1;
        pthread_mutex_unlock(&normal);
    }
    return unused;
}

static void *contend(void *answer) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    assert(pthread_mutex_trylock(&checking) == EBUSY && pthread_mutex_unlock(&checking) == EPERM);
    assert(pthread_mutex_timedlock(&checking, &until) == ETIMEDOUT);
    return answer;
}

static void init(pthread_mutex_t *mutex, int kind) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind);
    assert(pthread_mutex_init(mutex, &attributes) == 0);
}

void app_main(void) {
    pthread_t one, other;
    void *result = NULL;
    assert(pthread_create(&one, NULL, add, NULL) == 0 && pthread_create(&other, NULL, add, &count) == 0);
    assert(pthread_join(one, NULL) == 0 && pthread_join(other, &result) == 0 && result == &count);
    assert(count == 4);

    init(&recursive, PTHREAD_MUTEX_RECURSIVE);
    for (int i = 0; i < 3; i++) assert(pthread_mutex_lock(&recursive) == 0);
    for (int i = 0; i < 3; i++) assert(pthread_mutex_unlock(&recursive) == 0);
    assert(pthread_mutex_destroy(&recursive) == 0);

    init(&checking, PTHREAD_MUTEX_ERRORCHECK);
    assert(pthread_mutex_lock(&checking) == 0 && pthread_mutex_lock(&checking) == EDEADLK);
    pthread_create(&one, NULL, contend, &other);
    assert(pthread_join(one, &result) == 0 && result == &other);
    assert(pthread_mutex_destroy(&checking) == EBUSY && pthread_mutex_unlock(&checking) == 0);
}
