/* Threads, tasks and timer callbacks share one mailbox, one condition and one critical section. */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

static QueueHandle_t mailbox;
static TaskHandle_t worker_task;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static portMUX_TYPE spin = portMUX_INITIALIZER_UNLOCKED;
static int delivered, ticks;
static atomic_uint seen;

static void on_tick(void *unused) {
    (void)unused;
    portENTER_CRITICAL_SAFE(&spin);
    int now = ++ticks;
    portEXIT_CRITICAL_SAFE(&spin);
    assert(xQueueOverwrite(mailbox, &now) == pdPASS);
    assert(xTaskNotify(worker_task, 1u << (now & 3), eSetBits) == pdPASS);
}

static void worker(void *unused) {
    (void)unused;
    for (;;) {
        uint32_t bits = 0;
        assert(xTaskNotifyWait(0, UINT32_MAX, &bits, portMAX_DELAY) == pdTRUE && bits);
        atomic_fetch_or(&seen, bits);
        pthread_mutex_lock(&mutex);
        assert(xQueueReceive(mailbox, &delivered, 0) == pdTRUE || delivered);
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&mutex);
    }
}

static void *consumer(void *last) {
    pthread_mutex_lock(&mutex);
    while (delivered < 3) pthread_cond_wait(&changed, &mutex);
    *(int *)last = delivered;
    pthread_mutex_unlock(&mutex);
    return NULL;
}

void app_main(void) {
    mailbox = xQueueCreate(1, sizeof(int));
    assert(xTaskCreatePinnedToCore(worker, "worker", 2048, NULL, 8, &worker_task, 1) == pdPASS);
    pthread_t thread;
    int last = 0;
    assert(pthread_create(&thread, NULL, consumer, &last) == 0);
    const esp_timer_create_args_t arguments = {.callback = on_tick, .name = "tick"};
    esp_timer_handle_t timer;
    assert(esp_timer_create(&arguments, &timer) == ESP_OK && esp_timer_start_periodic(timer, 20000) == ESP_OK);
    pthread_join(thread, NULL);
    assert(esp_timer_stop(timer) == ESP_OK);
    assert(last >= 3 && (atomic_load(&seen) & 0xE) == 0xE);
    vTaskDelete(worker_task);
}
