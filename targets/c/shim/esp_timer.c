/*
 * esp_timer.c: one task (priority 22, core 0, made at the first start) runs all callbacks, one after another
 * (components/esp_timer/src/esp_timer.c).
 *
 * A periodic timer is armed again before its callback, and a service that fell behind calls back once for each missed
 * period unless the timer skips them. esp_timer_stop does not wait for a running callback; a timer deleted by or during
 * its own callback is freed after it.
 */
#include "shim.h"

#include "esp_timer.h"

enum { SERVICE_PRIORITY = 22, SERVICE_CORE = 0, SERVICE_STACK = 3584, SHORTEST_PERIOD_US = 50 };

struct esp_timer {
    uint32_t mark;
    bool skip_unhandled, armed;
    uint64_t alarm_us;
    uint64_t period_us;            /* 0: once */
    struct esp_timer *next;        /* among the armed ones, soonest first */
    esp_timer_cb_t callback;
    void *argument;
};
typedef struct esp_timer timer;

static struct { task *task; timer *armed; timer *running; bool running_deleted; } service;

static bool valid(const char *call, const timer *timer) {
    if (timer && UNLIKELY(timer->mark != MARK_ESP_TIMER)) shim_bad_handle(call, "esp_timer", timer, timer->mark);
    return timer != NULL;
}

static void arm(timer *armed, uint64_t alarm_us) {
    timer **place = &service.armed;
    while (*place && (*place)->alarm_us <= alarm_us) place = &(*place)->next;
    armed->alarm_us = alarm_us;
    armed->armed = true;
    armed->next = *place;
    *place = armed;
}

static void disarm(timer *disarmed) {
    timer **place = &service.armed;
    while (*place != disarmed) place = &(*place)->next;
    *place = disarmed->next;
    disarmed->armed = false;
}

/* ---- the service task ---- */

static void rearm(timer *due) {
    uint64_t now = port_now_us();
    uint64_t missed = (now - due->alarm_us) / due->period_us;
    arm(due, due->skip_unhandled && missed > 1 ? now + due->period_us : due->alarm_us + due->period_us);
}

static void destroy(timer *gone) {
    gone->mark = MARK_DEAD;
    port_free(gone);
}

static void fire(timer *due) {
    esp_timer_cb_t callback = due->callback;
    void *argument = due->argument;
    disarm(due);
    if (due->period_us) rearm(due);
    service.running = due;
    port_acquire(due);
    port_leave();
    callback(argument);
    port_enter("esp_timer", NULL);
    port_release(due);
    if (service.running_deleted) destroy(due);
    service.running = NULL;
    service.running_deleted = false;
}

static void serve(void *unused) {
    (void)unused;
    port_enter("esp_timer", NULL);
    for (;;) {
        timer *next = service.armed;
        if (next && next->alarm_us <= port_now_us()) fire(next);
        else shim_sleep(service.task, next ? next->alarm_us : PORT_FOREVER, "esp_timer", NULL);
    }
}

/* The service must look again when the soonest alarm has changed. */
static esp_err_t arm_and_tell(timer *armed, uint64_t alarm_us) {
    port_release(armed);
    arm(armed, alarm_us);
    if (service.task == NULL)
        service.task = shim_task_start("esp_timer_start", NULL, serve, "esp_timer", SERVICE_STACK, NULL,
                                       SERVICE_PRIORITY, SERVICE_CORE, NULL);
    else if (service.armed == armed && service.task->blocked && service.running == NULL)
        shim_wake(service.task);
    if (service.task) return ESP_OK;
    disarm(armed);
    return ESP_ERR_NO_MEM;
}

/* ---- what firmware calls ---- */

esp_err_t esp_timer_create(const esp_timer_create_args_t *arguments, esp_timer_handle_t *created) {
    if (arguments == NULL || arguments->callback == NULL || created == NULL ||
        arguments->dispatch_method != ESP_TIMER_TASK)
        return ESP_ERR_INVALID_ARG;
    port_enter("esp_timer_create", NULL);
    timer *made = port_reserve(sizeof *made);
    if (made) {
        *made = (timer){ .mark = MARK_ESP_TIMER, .skip_unhandled = arguments->skip_unhandled_events,
                         .callback = arguments->callback, .argument = arguments->arg };
        port_copy_to_user(created, &made, sizeof made);
    }
    port_leave();
    return made ? ESP_OK : ESP_ERR_NO_MEM;
}

static esp_err_t start(const char *call, timer *timer, uint64_t us, bool periodic) {
    port_enter(call, timer);
    esp_err_t result = ESP_ERR_INVALID_ARG;
    if (valid(call, timer) && (!periodic || us >= SHORTEST_PERIOD_US)) {
        result = ESP_ERR_INVALID_STATE;
        if (!timer->armed) {
            timer->period_us = periodic ? us : 0;
            result = arm_and_tell(timer, port_now_us() + us);
        }
    }
    port_leave();
    return result;
}

esp_err_t esp_timer_start_once(esp_timer_handle_t timer, uint64_t timeout_us) {
    return start("esp_timer_start_once", timer, timeout_us, false);
}

esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t period_us) {
    return start("esp_timer_start_periodic", timer, period_us, true);
}

esp_err_t esp_timer_restart(esp_timer_handle_t timer, uint64_t timeout_us) {
    static const char call[] = "esp_timer_restart";
    port_enter(call, timer);
    esp_err_t result = ESP_ERR_INVALID_ARG;
    if (valid(call, timer)) {
        result = ESP_ERR_INVALID_STATE;
        if (timer->armed && timer->period_us && timeout_us < SHORTEST_PERIOD_US) {
            result = ESP_ERR_INVALID_ARG;
        } else if (timer->armed) {
            disarm(timer);
            if (timer->period_us) timer->period_us = timeout_us;
            result = arm_and_tell(timer, port_now_us() + timeout_us);
        }
    }
    port_leave();
    return result;
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer) {
    port_enter("esp_timer_stop", timer);
    esp_err_t result = ESP_ERR_INVALID_ARG;
    if (valid("esp_timer_stop", timer)) {
        result = timer->armed ? ESP_OK : ESP_ERR_INVALID_STATE;
        if (timer->armed) disarm(timer);
    }
    port_leave();
    return result;
}

esp_err_t esp_timer_delete(esp_timer_handle_t timer) {
    port_enter("esp_timer_delete", timer);
    esp_err_t result = ESP_ERR_INVALID_ARG;
    if (valid("esp_timer_delete", timer)) {
        result = timer->armed ? ESP_ERR_INVALID_STATE : ESP_OK;
        if (!timer->armed && service.running == timer) service.running_deleted = true;
        else if (!timer->armed) destroy(timer);
    }
    port_leave();
    return result;
}

bool esp_timer_is_active(esp_timer_handle_t timer) {
    port_enter("esp_timer_is_active", timer);
    bool active = valid("esp_timer_is_active", timer) && (timer->armed || service.running == timer);
    port_leave();
    return active;
}

int64_t esp_timer_get_time(void) {
    port_enter("esp_timer_get_time", NULL);
    uint64_t now = port_read_clock_us();
    port_leave();
    return (int64_t)now;
}

int64_t esp_timer_get_next_alarm(void) {
    port_enter("esp_timer_get_next_alarm", NULL);
    int64_t alarm = service.armed ? (int64_t)service.armed->alarm_us : INT64_MAX;
    port_leave();
    return alarm;
}

int64_t esp_timer_get_next_alarm_for_wake_up(void) {
    port_enter("esp_timer_get_next_alarm_for_wake_up", NULL);
    timer *next = service.armed;
    while (next && next->skip_unhandled) next = next->next;
    int64_t alarm = next ? (int64_t)next->alarm_us : INT64_MAX;
    port_leave();
    return alarm;
}

esp_err_t esp_timer_get_period(esp_timer_handle_t timer, uint64_t *period) {
    if (timer == NULL || period == NULL) return ESP_ERR_INVALID_ARG;
    port_enter("esp_timer_get_period", timer);
    valid("esp_timer_get_period", timer);
    port_copy_to_user(period, &timer->period_us, sizeof *period);
    port_leave();
    return ESP_OK;
}

/* Only a one-shot timer has an expiry time. */
esp_err_t esp_timer_get_expiry_time(esp_timer_handle_t timer, uint64_t *expiry) {
    if (timer == NULL || expiry == NULL) return ESP_ERR_INVALID_ARG;
    port_enter("esp_timer_get_expiry_time", timer);
    valid("esp_timer_get_expiry_time", timer);
    esp_err_t result = timer->period_us ? ESP_ERR_NOT_SUPPORTED : ESP_OK;
    if (result == ESP_OK) port_copy_to_user(expiry, &timer->alarm_us, sizeof *expiry);
    port_leave();
    return result;
}

/* The service is always there; ESP-IDF starts it before app_main. */
esp_err_t esp_timer_early_init(void) { return ESP_OK; }
esp_err_t esp_timer_init(void) { return ESP_ERR_INVALID_STATE; }
esp_err_t esp_timer_deinit(void) { return ESP_ERR_NOT_SUPPORTED; }
