/*
 * torn.c: a record copied in by one task and out by the other, again and again, and nothing else: how many schedule
 * points a second. Nobody looks at what was read, so every execution is as long as the others.
 */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

enum { ROUNDS = 40 };
struct record { int words[8]; };
struct record shared, taken;

static void writer(void *unused) {
    (void)unused;
    struct record mine = {{0}};
    for (int round = 0; round < ROUNDS; round++) shared = mine;
    vTaskDelete(NULL);
}

static void reader(void *unused) {
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) taken = shared;
    vTaskDelete(NULL);
}

void app_main(void) {
    xTaskCreate(writer, "writer", 2048, NULL, 5, NULL);
    xTaskCreate(reader, "reader", 2048, NULL, 5, NULL);
}
