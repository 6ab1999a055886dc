/*
 * tinybms_requests.h: the requests that wait for the worker, and who owns each of them.
 *
 * A request lives in a slot of a table, never on its asker's stack. A caller that stops waiting takes its request out
 * of the queue if the worker has not begun, else it leaves the slot to the worker; whoever of the two leaves last frees
 * it. Callers wait for the semaphore of their slot, which nobody else waits for: nothing is ever sent to a task.
 */
#ifndef TINYBMS_REQUESTS_H
#define TINYBMS_REQUESTS_H

#include <stdbool.h>

#include "freertos/FreeRTOS.h"
#include "tinybms_client.h"
#include "tinybms_frame.h"

typedef unsigned tinybms_slot_t;

bool tinybms_requests_init(void);

/* Puts a request into the queue; ESP_ERR_NO_MEM when it is full. `waits`: the asker calls tinybms_requests_await(). */
esp_err_t tinybms_requests_put(const tinybms_request_t *request, bool waits, tinybms_slot_t *slot);
/* Waits for the outcome, at most so long. False when that was not enough; the slot is no longer the caller's then. */
bool tinybms_requests_await(tinybms_slot_t slot, TickType_t ticks, tinybms_outcome_t *outcome);

/* ---- for the worker alone ---- */

typedef struct {
    tinybms_slot_t slot;
    tinybms_request_t request;
    int64_t accepted_us;
} tinybms_work_t;

/* The oldest request; waits for one at most so long. */
bool tinybms_requests_take(tinybms_work_t *work, TickType_t ticks);
/* Sends a frame, unless the asker has given the request up. Both under one lock: no caller can be told that its wait is
 * over while a frame goes out. */
bool tinybms_requests_send(const tinybms_work_t *work, void (*send)(const tinybms_frame_t *), const tinybms_frame_t *);
/* Lets time pass between two attempts; false as soon as the asker has given the request up. */
bool tinybms_requests_pause(const tinybms_work_t *work, TickType_t ticks);
/* Hands the outcome to an asker that still waits. */
void tinybms_requests_finish(const tinybms_work_t *work, const tinybms_outcome_t *outcome);

#endif
