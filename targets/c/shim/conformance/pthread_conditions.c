/* Condition variables: signal wakes one, broadcast all, a timed wait gives up with the mutex held. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ready = PTHREAD_COND_INITIALIZER, go = PTHREAD_COND_INITIALIZER;
static int waiting, started;

static void *wait_for_go(void *unused) {
    pthread_mutex_lock(&mutex);
    waiting++;
    pthread_cond_signal(&ready);
    while (!started) pthread_cond_wait(&go, &mutex);
    waiting--;
    pthread_mutex_unlock(&mutex);
    return unused;
}

void app_main(void) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) assert(pthread_create(&threads[i], NULL, wait_for_go, NULL) == 0);
    pthread_mutex_lock(&mutex);
    while (waiting < 3) pthread_cond_wait(&ready, &mutex);
    started = 1;
    pthread_cond_broadcast(&go);
    pthread_mutex_unlock(&mutex);
    for (int i = 0; i < 3; i++) assert(pthread_join(threads[i], NULL) == 0);

    struct timespec now, until;
    pthread_mutex_lock(&mutex);
    assert(waiting == 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 2;
    assert(pthread_cond_timedwait(&go, &mutex, &until) == ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &now);
    assert(now.tv_sec >= until.tv_sec);
    assert(pthread_mutex_unlock(&mutex) == 0 && pthread_cond_destroy(&go) == 0);
}
