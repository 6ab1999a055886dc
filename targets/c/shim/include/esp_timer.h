/*
 * esp_timer.h: one-shot and periodic timers in microseconds. One task "esp_timer" (priority 22, core 0) runs all
 * callbacks, one after another. Dispatch from an interrupt (ESP_TIMER_ISR) is not offered.
 */
#ifndef P4V_ESP_TIMER_H
#define P4V_ESP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct esp_timer *esp_timer_handle_t;
typedef void (*esp_timer_cb_t)(void *arg);
typedef enum { ESP_TIMER_TASK, ESP_TIMER_MAX } esp_timer_dispatch_t;

typedef struct {
    esp_timer_cb_t callback;
    void *arg;
    esp_timer_dispatch_t dispatch_method;
    const char *name;
    bool skip_unhandled_events;
} esp_timer_create_args_t;

esp_err_t esp_timer_early_init(void);
esp_err_t esp_timer_init(void);
esp_err_t esp_timer_deinit(void);
/* ESP_ERR_INVALID_ARG, ESP_ERR_NO_MEM. */
esp_err_t esp_timer_create(const esp_timer_create_args_t *arguments, esp_timer_handle_t *created);
/* ESP_ERR_INVALID_STATE while armed; ESP_ERR_INVALID_ARG for a NULL handle or a period below 50 us. */
esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout_us);
esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t period_us);
/* A periodic timer gets a new period; ESP_ERR_INVALID_STATE when it is not armed. */
esp_err_t esp_timer_restart(esp_timer_handle_t timer, uint64_t timeout_us);
/* Does not wait for a running callback; ESP_ERR_INVALID_STATE when it is not armed. */
esp_err_t esp_timer_stop(esp_timer_handle_t timer);
esp_err_t esp_timer_delete(esp_timer_handle_t timer);
int64_t esp_timer_get_time(void);       /* microseconds since boot */
int64_t esp_timer_get_next_alarm(void); /* INT64_MAX when nothing is armed */
int64_t esp_timer_get_next_alarm_for_wake_up(void);
esp_err_t esp_timer_get_period(esp_timer_handle_t timer, uint64_t *period);
esp_err_t esp_timer_get_expiry_time(esp_timer_handle_t timer, uint64_t *expiry);
/* True also while its callback runs, as in newer ESP-IDF; older ones said false there for a one-shot timer. */
bool esp_timer_is_active(esp_timer_handle_t timer);

#ifdef __cplusplus
}
#endif
#endif
