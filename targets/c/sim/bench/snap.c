/*
 * snap.c: a writer sets four words to 1, then to 2; the main task reads them twice and sees all equal, thanks to the mutex.
 * 16 accesses and 8 mutex operations of FreeRTOS. LOCK=0 leaves the mutex out.
 */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

#ifndef LOCK
#define LOCK 1
#endif

static StaticSemaphore_t mutex_memory;
#define MUTEX ((SemaphoreHandle_t)&mutex_memory)   /* no variable, whose reads would count as accesses */
static volatile int a, b, c, d;

static void writer(void *unused) {
    (void)unused;
    for (int k = 1; k <= 2; k++) {
        if (LOCK) xSemaphoreTake(MUTEX, portMAX_DELAY);
        a = k;
        b = k;
        c = k;
        d = k;
        if (LOCK) xSemaphoreGive(MUTEX);
    }
    vTaskDelete(NULL);
}

static void reader(void) {
    for (int k = 1; k <= 2; k++) {
        if (LOCK) xSemaphoreTake(MUTEX, portMAX_DELAY);
        int w = a, x = b, y = c, z = d;
        if (LOCK) xSemaphoreGive(MUTEX);
        assert(w == x && x == y && y == z);
    }
}

void app_main(void) {
    if (LOCK) xSemaphoreCreateMutexStatic(&mutex_memory);
    xTaskCreate(writer, "writer", 2048, NULL, 5, NULL);
    reader();
}
