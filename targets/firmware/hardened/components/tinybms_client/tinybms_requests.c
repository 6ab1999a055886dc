/*
 * tinybms_requests.c: the table of requests, guarded by one mutex that is never held while anybody waits.
 *
 * Semaphores of slots are given and taken back under that mutex, so that none keeps a count from an earlier owner.
 */
#include "tinybms_requests.h"

#include "esp_timer.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "tinybms_counters.h"

/* Those that wait, the one in work, and outcomes that their callers have not fetched yet. */
#define SLOTS (TINYBMS_QUEUE_LENGTH + 6)

typedef enum { FREE, WAITING, WORKING, DONE } phase_t;

typedef struct {
    phase_t phase;
    bool waits;         /* somebody awaits the outcome... */
    bool gave_up;       /* ...no longer: it was told that its wait is over */
    uint32_t order;     /* of acceptance */
    int64_t accepted_us;
    tinybms_request_t request;
    tinybms_outcome_t outcome;
    SemaphoreHandle_t finished;  /* binary; given when DONE */
} slot_t;

static SemaphoreHandle_t s_lock;
static SemaphoreHandle_t s_arrived;  /* binary: something was put since the worker looked last */
static SemaphoreHandle_t s_given_up;  /* binary: somebody left the worker alone with its request, now or earlier */
static slot_t s_slots[SLOTS];
static uint32_t s_accepted;

static void lock_table(void)
{
    xSemaphoreTake(s_lock, portMAX_DELAY);
}

static void unlock_table(void)
{
    xSemaphoreGive(s_lock);
}

bool tinybms_requests_init(void)
{
    s_lock = xSemaphoreCreateMutex();
    s_arrived = xSemaphoreCreateBinary();
    s_given_up = xSemaphoreCreateBinary();
    bool made = s_lock != NULL && s_arrived != NULL && s_given_up != NULL;
    for (tinybms_slot_t i = 0; i < SLOTS; i++) {
        s_slots[i].finished = xSemaphoreCreateBinary();
        made = made && s_slots[i].finished != NULL;
    }
    return made;
}

/* ---- looking around: the lock is held ---- */

static unsigned count_waiting(void)
{
    unsigned waiting = 0;
    for (tinybms_slot_t i = 0; i < SLOTS; i++) {
        waiting += s_slots[i].phase == WAITING;
    }
    return waiting;
}

static slot_t *find_free(void)
{
    for (tinybms_slot_t i = 0; i < SLOTS; i++) {
        if (s_slots[i].phase == FREE) {
            return &s_slots[i];
        }
    }
    return NULL;
}

static slot_t *find_oldest(void)
{
    slot_t *oldest = NULL;
    for (tinybms_slot_t i = 0; i < SLOTS; i++) {
        slot_t *slot = &s_slots[i];
        if (slot->phase == WAITING && (oldest == NULL || (int32_t)(slot->order - oldest->order) < 0)) {
            oldest = slot;
        }
    }
    return oldest;
}

static void enter_phase(slot_t *slot, phase_t phase)
{
    slot->phase = phase;
    tinybms_count_depth(count_waiting());
}

/* ---- askers ---- */

static void fill(slot_t *slot, const tinybms_request_t *request, bool waits)
{
    slot->waits = waits;
    slot->gave_up = false;
    slot->order = s_accepted++;
    slot->accepted_us = esp_timer_get_time();
    slot->request = *request;
    enter_phase(slot, WAITING);
}

esp_err_t tinybms_requests_put(const tinybms_request_t *request, bool waits, tinybms_slot_t *slot)
{
    lock_table();
    slot_t *found = count_waiting() < TINYBMS_QUEUE_LENGTH ? find_free() : NULL;
    if (found != NULL) {
        fill(found, request, waits);
        *slot = (tinybms_slot_t)(found - s_slots);
        xSemaphoreGive(s_arrived);
    } else {
        tinybms_count_told(request->kind, ESP_ERR_NO_MEM);
    }
    unlock_table();
    return found != NULL ? ESP_OK : ESP_ERR_NO_MEM;
}

/* Whether another attempt is worth it. A read with `done` tells somebody its value even if not the caller; a write never
 * is, once its caller was told that the outcome is unknown. */
static bool is_wanted(const slot_t *slot)
{
    return !slot->gave_up || (slot->request.kind == TINYBMS_READ && slot->request.done != NULL);
}

static void give_up(slot_t *slot)
{
    slot->gave_up = true;
    if (slot->phase == WORKING) {
        xSemaphoreGive(s_given_up);
    } else if (!is_wanted(slot)) {
        enter_phase(slot, FREE);
    }
    tinybms_count_gave_up(slot->request.kind);
}

bool tinybms_requests_await(tinybms_slot_t number, TickType_t ticks, tinybms_outcome_t *outcome)
{
    slot_t *slot = &s_slots[number];
    bool woken = xSemaphoreTake(slot->finished, ticks) == pdTRUE;
    lock_table();
    bool done = slot->phase == DONE;
    if (done) {
        if (!woken) {
            xSemaphoreTake(slot->finished, 0);
        }
        *outcome = slot->outcome;
        enter_phase(slot, FREE);
    } else {
        give_up(slot);
    }
    unlock_table();
    return done;
}

/* ---- the worker ---- */

static bool take_oldest(tinybms_work_t *work)
{
    lock_table();
    slot_t *slot = find_oldest();
    if (slot != NULL) {
        enter_phase(slot, WORKING);
        *work = (tinybms_work_t){.slot = (tinybms_slot_t)(slot - s_slots), .request = slot->request,
                                 .accepted_us = slot->accepted_us};
    }
    unlock_table();
    return slot != NULL;
}

bool tinybms_requests_take(tinybms_work_t *work, TickType_t ticks)
{
    return take_oldest(work) || (xSemaphoreTake(s_arrived, ticks) == pdTRUE && take_oldest(work));
}

bool tinybms_requests_send(const tinybms_work_t *work, void (*send)(const tinybms_frame_t *),
                           const tinybms_frame_t *frame)
{
    lock_table();
    bool wanted = is_wanted(&s_slots[work->slot]);
    if (wanted) {
        send(frame);
    }
    unlock_table();
    return wanted;
}

static bool is_still_wanted(const tinybms_work_t *work)
{
    lock_table();
    bool wanted = is_wanted(&s_slots[work->slot]);
    unlock_table();
    return wanted;
}

bool tinybms_requests_pause(const tinybms_work_t *work, TickType_t ticks)
{
    TickType_t begin = xTaskGetTickCount();
    TickType_t passed = 0;
    while (is_still_wanted(work) && passed < ticks) {
        xSemaphoreTake(s_given_up, ticks - passed);
        passed = xTaskGetTickCount() - begin;
    }
    return passed >= ticks;
}

void tinybms_requests_finish(const tinybms_work_t *work, const tinybms_outcome_t *outcome)
{
    slot_t *slot = &s_slots[work->slot];
    lock_table();
    if (!slot->gave_up) {
        tinybms_count_told(slot->request.kind, outcome->result);
    }
    if (slot->waits && !slot->gave_up) {
        slot->outcome = *outcome;
        enter_phase(slot, DONE);
        xSemaphoreGive(slot->finished);
    } else {
        enter_phase(slot, FREE);
    }
    unlock_table();
}
