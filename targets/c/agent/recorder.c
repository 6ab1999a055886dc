/*
 * recorder.c: see recorder.h.
 *
 * A record is made under agent_lock and is short; only an observation is made by somebody else's code, which must not
 * run under a lock. So p4v_observe_begin reserves room for the largest one at the ring's end, without waiting, and
 * p4v_observe_end gives back what was not used: by moving the ring's end when nothing has been recorded since, else by
 * covering it with a filler. Two tasks that observe at once have a room each, and no task needs a buffer of its own.
 * Until its end, an observation is a filler, so that the ring is whole at any moment.
 */
#include "recorder.h"

#include "agent_port.h"
#include "catalogue.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "values.h"

#define TASKS_MAX 64u
#define NOBODY TASKS_MAX /* too many tasks: what they record is lost */
#define HEADER sizeof(agent_record)
#define RESERVED (HEADER + P4V_RECORD_MAX + HEADER) /* what is left over can always hold a filler */

_Static_assert(sizeof(agent_record) == 16, "a record's header has 16 bytes");

/* Tasks by number. A task looks only for itself, and only it writes its own slot: relaxed atomics do. */
static TaskHandle_t s_tasks[TASKS_MAX];
static unsigned s_task_count;
static agent_ring *s_ring;
static uint64_t s_began_us;

static bool recording(void)
{
    return __atomic_load_n(&s_ring, __ATOMIC_RELAXED) != NULL;
}

/* ---- under agent_lock ---- */

/* The header travels as it lies in memory; records are not aligned. */
static void put_header_(uint8_t *at, const agent_record *record)
{
    __builtin_memcpy(at, record, HEADER);
}

/* Room at the ring's end for a header and `length` bytes; NULL, and counted as lost, when there is none. */
static uint8_t *append_(const agent_record *record)
{
    if (!s_ring)
        return NULL;
    if (s_ring->capacity - s_ring->used < HEADER + record->length || record->task >= NOBODY) {
        s_ring->lost++;
        return NULL;
    }
    uint8_t *at = s_ring->bytes + s_ring->used;
    put_header_(at, record);
    s_ring->used += HEADER + record->length;
    s_ring->records++;
    return at;
}

static void put_(enum agent_record_kind kind, unsigned task, uint16_t id, const uint8_t *payload, size_t length)
{
    agent_record record = {kind, (uint8_t)task, id, (uint32_t)length, agent_now_us() - s_began_us};
    uint8_t *at = append_(&record);
    if (at)
        values_copy(at + HEADER, payload, length);
}

/* ---- tasks ---- */

/* A number for a task of the firmware, announced by a record. */
static unsigned meet(TaskHandle_t task)
{
    const char *name = pcTaskGetName(task);
    size_t length = 0;
    while (name[length])
        length++;
    agent_lock();
    unsigned number = s_task_count < TASKS_MAX ? s_task_count++ : NOBODY;
    if (number != NOBODY)
        __atomic_store_n(&s_tasks[number], task, __ATOMIC_RELAXED);
    put_(AGENT_TASK, number, 0, (const uint8_t *)name, length);
    agent_unlock();
    return number;
}

static unsigned caller(void)
{
    TaskHandle_t self = xTaskGetCurrentTaskHandle();
    for (unsigned number = 0; number < TASKS_MAX; number++)
        if (__atomic_load_n(&s_tasks[number], __ATOMIC_RELAXED) == self)
            return number;
    return meet(self);
}

unsigned recorder_self(void)
{
    return caller();
}

void recorder_join(unsigned task)
{
    __atomic_store_n(&s_tasks[task], xTaskGetCurrentTaskHandle(), __ATOMIC_RELAXED);
}

void recorder_leave(unsigned task)
{
    __atomic_store_n(&s_tasks[task], NULL, __ATOMIC_RELAXED);
}

/* ---- histories ---- */

static void record_into(agent_ring *ring, unsigned program_tasks)
{
    TaskHandle_t self = xTaskGetCurrentTaskHandle();
    agent_lock();
    for (unsigned number = 0; number < TASKS_MAX; number++)
        __atomic_store_n(&s_tasks[number], number == program_tasks ? self : NULL, __ATOMIC_RELAXED);
    s_task_count = program_tasks + 1;
    s_began_us = ring->began_us;
    __atomic_store_n(&s_ring, ring, __ATOMIC_RELAXED);
    agent_unlock();
}

void recorder_start(agent_ring *ring, unsigned program_tasks)
{
    ring->used = ring->lost = ring->records = 0;
    ring->began_us = agent_now_us();
    record_into(ring, program_tasks);
}

static uint32_t whole_records(const agent_ring *ring)
{
    uint32_t count = 0;
    agent_record record;
    for (size_t at = 0; at < ring->used; at += HEADER + record.length) {
        __builtin_memcpy(&record, ring->bytes + at, HEADER);
        count += record.kind != AGENT_FILLER;
    }
    return count;
}

/* An observation that was being made when the boot ended stays a filler, and is no record. */
void recorder_resume(agent_ring *ring, unsigned program_tasks, uint8_t reason)
{
    ring->records = whole_records(ring);
    record_into(ring, program_tasks);
    recorder_put(AGENT_BOOT, program_tasks, 0, &reason, sizeof reason);
}

void recorder_stop(unsigned main_task)
{
    agent_lock();
    put_(AGENT_DONE, main_task, 0, NULL, 0);
    __atomic_store_n(&s_ring, NULL, __ATOMIC_RELAXED);
    agent_unlock();
}

void recorder_put(enum agent_record_kind kind, unsigned task, uint16_t id, const uint8_t *payload, size_t length)
{
    agent_lock();
    put_(kind, task, id, payload, length);
    agent_unlock();
}

void agent_probe(uint16_t probe)
{
    if (recording())
        recorder_put(AGENT_OBSERVE, caller(), (uint16_t)(catalogue_observers() + probe), NULL, 0);
}

/* ---- observations ---- */

p4v_writer p4v_observe_begin(void)
{
    if (!recording())
        return (p4v_writer){NULL, NULL, true};
    unsigned task = caller();
    agent_lock();
    agent_record filler = {AGENT_FILLER, (uint8_t)task, 0, RESERVED - HEADER, agent_now_us() - s_began_us};
    uint8_t *at = append_(&filler);
    agent_unlock();
    if (!at)
        return (p4v_writer){NULL, NULL, true};
    return (p4v_writer){at + HEADER, at + HEADER + P4V_RECORD_MAX, false};
}

/* Ends the reservation at `at` after its first `length` bytes. */
static void give_back_(uint8_t *at, size_t length)
{
    if (at + RESERVED == s_ring->bytes + s_ring->used) {
        s_ring->used -= RESERVED - length;
        return;
    }
    agent_record filler = {AGENT_FILLER, 0, 0, (uint32_t)(RESERVED - length - HEADER), 0};
    put_header_(at + length, &filler);
}

static void complete_(uint8_t *at, uint16_t observer, size_t length)
{
    agent_record record;
    __builtin_memcpy(&record, at, HEADER);
    record.kind = AGENT_OBSERVE;
    record.id = observer;
    record.length = (uint32_t)length;
    put_header_(at, &record);
    give_back_(at, HEADER + length);
}

static void abandon_(uint8_t *at)
{
    s_ring->lost++;
    s_ring->records--;
    give_back_(at, 0);
}

void p4v_observe_end(const p4v_observer *observer, const p4v_writer *writer)
{
    if (!writer->end)
        return;
    uint8_t *at = writer->end - P4V_RECORD_MAX - HEADER;
    agent_lock();
    if (!s_ring)
        ; /* the history ended meanwhile; what was reserved stays a filler */
    else if (writer->overflow)
        abandon_(at);
    else
        complete_(at, observer->id, (size_t)(writer->at - writer->end + P4V_RECORD_MAX));
    agent_unlock();
}
