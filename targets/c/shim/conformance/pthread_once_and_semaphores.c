/* pthread_once runs its routine once, and nobody passes before it is done; semaphores count; sleeping takes time. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "esp_timer.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int made;
static sem_t items;

static void make(void) {
    sched_yield();
    made++;
}

static void *produce(void *unused) {
    pthread_once(&once, make);
    assert(made == 1);
    for (int i = 0; i < 2; i++) assert(sem_post(&items) == 0);
    pthread_exit(unused);
}

void app_main(void) {
    pthread_t threads[2];
    int value = -1;
    assert(sem_init(&items, 0, 0) == 0 && sem_trywait(&items) == -1 && errno == EAGAIN);
    for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, produce, NULL);
    for (int i = 0; i < 4; i++) assert(sem_wait(&items) == 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    assert(sem_getvalue(&items, &value) == 0 && value == 0);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    assert(sem_timedwait(&items, &until) == -1 && errno == ETIMEDOUT && sem_destroy(&items) == 0);

    int64_t start = esp_timer_get_time();
    usleep(2000);
    assert(esp_timer_get_time() - start >= 2000);
    sleep(1);
    nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
    assert(esp_timer_get_time() - start >= 1490000);
}
