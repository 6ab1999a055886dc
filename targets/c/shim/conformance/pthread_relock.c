// expect: deadlock
/* Locking a normal pthread mutex twice waits for itself. */
#include <pthread.h>

void app_main(void) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&mutex);
}
