/*
 * flush_schedule.c: dirty marks, deadlines, and the limit on early writes.
 */
#include "flush_schedule.h"

/* The interval is a promise of at most: the task of lowest priority needs a moment, and the write takes its time. */
#define MARGIN_MS 100
#define RETRY_MS 1000
#define LONG_AGO (INT64_MIN / 2)

#define INTERVAL_MS CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS
#define GAP_MS CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSH_GAP_MS
#define EARLY_FLUSHES CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSHES

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t in_time(const flush_schedule_t *schedule)
{
    return schedule->since_ms + INTERVAL_MS - MARGIN_MS;
}

void flush_schedule_init(flush_schedule_t *schedule)
{
    *schedule = (flush_schedule_t){.last_flush_ms = LONG_AGO, .retry_ms = LONG_AGO};
    for (unsigned i = 0; i < EARLY_FLUSHES; i++) {
        schedule->early_ms[i] = LONG_AGO;
    }
}

void flush_schedule_mark(flush_schedule_t *schedule, int64_t now_ms, bool urgent)
{
    if (schedule->writing) {
        schedule->overtaken_ms = schedule->overtaken ? schedule->overtaken_ms : now_ms;
        schedule->overtaken = true;
        schedule->overtaken_urgent |= urgent;
        return;
    }
    schedule->since_ms = schedule->dirty ? schedule->since_ms : now_ms;
    schedule->dirty = true;
    schedule->urgent |= urgent;
}

int64_t flush_schedule_due(const flush_schedule_t *schedule)
{
    if (!schedule->dirty || schedule->writing) {
        return FLUSH_NEVER;
    }
    int64_t due = in_time(schedule);
    if (schedule->urgent) {
        int64_t early = later(schedule->last_flush_ms + GAP_MS, schedule->early_ms[schedule->next_early] + INTERVAL_MS);
        due = early < due ? early : due;
    }
    return later(due, schedule->retry_ms);
}

void flush_schedule_begin(flush_schedule_t *schedule, int64_t now_ms)
{
    schedule->writing = true;
    schedule->begun_ms = now_ms;
    schedule->overtaken = false;
    schedule->overtaken_urgent = false;
}

static void settle_written(flush_schedule_t *schedule)
{
    if (schedule->begun_ms < in_time(schedule)) {
        schedule->early_ms[schedule->next_early] = schedule->begun_ms;
        schedule->next_early = (schedule->next_early + 1) % EARLY_FLUSHES;
    }
    schedule->dirty = schedule->overtaken;
    schedule->urgent = schedule->overtaken_urgent;
    schedule->since_ms = schedule->overtaken_ms;
    schedule->last_flush_ms = schedule->begun_ms;
    schedule->retry_ms = LONG_AGO;
}

void flush_schedule_end(flush_schedule_t *schedule, int64_t now_ms, bool written)
{
    schedule->writing = false;
    if (written) {
        settle_written(schedule);
    } else {
        schedule->urgent |= schedule->overtaken_urgent;
        schedule->retry_ms = now_ms + RETRY_MS;
    }
}
