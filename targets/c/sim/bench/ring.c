/*
 * ring.c: a ring buffer of four. One task pushes and pops, twice; the main task pushes twice. Afterwards as many are in it
 * as were accepted and not taken, and head and tail agree. Up to 36 accesses and 12 mutex operations of FreeRTOS; the end
 * of the other task is awaited by a notification. LOCK=0 leaves the mutex out.
 */
#include <assert.h>
#include <stdbool.h>

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

#ifndef LOCK
#define LOCK 1
#endif
enum { CAPACITY = 4 };

static StaticSemaphore_t mutex_memory;
#define MUTEX ((SemaphoreHandle_t)&mutex_memory)   /* no variable, whose reads would count as accesses */
static TaskHandle_t main_task;
static volatile int buffer[CAPACITY], head, tail, count;
static int accepted[2], popped;

static bool push(int value) {
    if (LOCK) xSemaphoreTake(MUTEX, portMAX_DELAY);
    bool room = count < CAPACITY;
    if (room) {
        int at = head;
        buffer[at] = value;
        head = (at + 1) % CAPACITY;
        count = count + 1;
    }
    if (LOCK) xSemaphoreGive(MUTEX);
    return room;
}

static bool pop(void) {
    if (LOCK) xSemaphoreTake(MUTEX, portMAX_DELAY);
    bool some = count > 0;
    if (some) {
        int at = tail;
        (void)buffer[at];
        tail = (at + 1) % CAPACITY;
        count = count - 1;
    }
    if (LOCK) xSemaphoreGive(MUTEX);
    return some;
}

static void worker(void *unused) {
    (void)unused;
    int in = push(1), out = pop();
    in += push(2);
    out += pop();
    accepted[0] = in;
    popped = out;
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

static void callback(void) {
    int in = push(3);
    in += push(4);
    accepted[1] = in;
}

void app_main(void) {
    main_task = xTaskGetCurrentTaskHandle();
    if (LOCK) xSemaphoreCreateMutexStatic(&mutex_memory);
    xTaskCreate(worker, "worker", 2048, NULL, 5, NULL);
    callback();
    ulTaskNotifyTake(pdFALSE, portMAX_DELAY);
    assert(count == accepted[0] + accepted[1] - popped);
    assert((tail + count) % CAPACITY == head);
}
