/*
 * flush_schedule.h: when a value that changed in RAM is written to flash.
 *
 * A change is written within CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS. One that is urgent is written early: the gap
 * after the last write, and the number of early writes per interval, are limited, so that a value that changes all the
 * time does not wear the flash out. What failed is tried again, and a change that arrives during a write is not taken
 * for written. Pure functions on values; the caller does the locking and brings the time.
 */
#ifndef FLUSH_SCHEDULE_H
#define FLUSH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "sdkconfig.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FLUSH_NEVER INT64_MAX

/* All times are ms since boot. */
typedef struct {
    bool dirty;            /* NVS lacks a change */
    bool urgent;           /* of which one is worth an early write */
    int64_t since_ms;      /* the oldest of them */
    bool writing;
    int64_t begun_ms;      /* the write under way */
    bool overtaken;        /* changed again since the write began */
    bool overtaken_urgent;
    int64_t overtaken_ms;  /* the oldest of those */
    int64_t last_flush_ms;  /* when the last write that succeeded began */
    int64_t retry_ms;      /* not before, after a failure */
    int64_t early_ms[CONFIG_REMOTE_EVENT_CACHE_EARLY_FLUSHES];  /* the last ones, a ring */
    unsigned next_early;
} flush_schedule_t;

void flush_schedule_init(flush_schedule_t *schedule);
/* The value changed. */
void flush_schedule_mark(flush_schedule_t *schedule, int64_t now_ms, bool urgent);
/* When to write; FLUSH_NEVER when nothing is to be written. */
int64_t flush_schedule_due(const flush_schedule_t *schedule);
/* Around each write: begin when the value is copied, end when the outcome is known. */
void flush_schedule_begin(flush_schedule_t *schedule, int64_t now_ms);
void flush_schedule_end(flush_schedule_t *schedule, int64_t now_ms, bool written);

#ifdef __cplusplus
}
#endif
#endif
