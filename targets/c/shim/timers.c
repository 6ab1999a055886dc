/*
 * timers.c: software timers, as K/timers.c has them.
 *
 * A call only posts a command; the task "Tmr Svc" (priority 1, made when first needed) carries it out and runs the
 * callbacks. A timer stays active until its stop has been carried out, and one that was started and stopped while that
 * task could not run for a whole period still fires: firmware must cope with both, and sees both here. Times are in
 * ticks, as 64 bits so that they never wrap.
 */
#include "shim.h"

#include "freertos/timers.h"

struct tmrTimerControl {
    uint32_t mark;
    bool from_heap, active, auto_reload;
    TickType_t period;
    uint64_t expiry;
    struct tmrTimerControl *next;  /* in the list of active timers, soonest first */
    const char *name;
    void *id;
    TimerCallbackFunction_t callback;
};
typedef struct tmrTimerControl timer;

_Static_assert(sizeof(timer) <= sizeof(StaticTimer_t), "StaticTimer_t holds a timer");

enum command_kind { START, STOP, CHANGE_PERIOD, DELETE, CALL };
struct command {
    enum command_kind kind;
    uint32_t value;                /* the new period, or the function's second argument */
    uint64_t tick;                 /* when it was given */
    void *target;                  /* the timer, or the function's first argument */
    PendedFunction_t function;
};

static struct { task *task; queue *commands; timer *active; } service;

static uint64_t now_ticks(void) { return port_now_us() / TICK_US; }

static void check(const char *call, const timer *timer) {
    if (UNLIKELY(timer == NULL || timer->mark != MARK_TIMER))
        shim_bad_handle(call, "timer", timer, timer ? timer->mark : 0);
}

/* ---- the service task ---- */

static void deactivate(timer *stopped) {
    timer **place = &service.active;
    while (*place && *place != stopped) place = &(*place)->next;
    if (*place) *place = stopped->next;
    stopped->active = false;
}

static void activate(timer *started, uint64_t expiry) {
    timer **place = &service.active;
    while (*place && (*place)->expiry <= expiry) place = &(*place)->next;
    started->expiry = expiry;
    started->active = true;
    started->next = *place;
    *place = started;
}

static void run_callback(timer *due) {
    TimerCallbackFunction_t callback = due->callback;
    port_leave();
    callback(due);
    port_enter("Tmr Svc", NULL);
}

/* An auto-reload timer that fell behind calls back once for each period that it missed (prvReloadTimer). */
static void fire(timer *due) {
    uint64_t expiry = due->expiry, now = now_ticks();
    deactivate(due);
    if (due->auto_reload) {
        for (; expiry + due->period <= now; expiry += due->period) run_callback(due);
        activate(due, expiry + due->period);
    }
    run_callback(due);
}

static void delete_timer(timer *gone) {
    gone->mark = MARK_DEAD;
    if (gone->from_heap) port_free(gone);
}

static void carry_out(const struct command *command) {
    if (command->kind == CALL) {
        port_leave();
        command->function(command->target, command->value);
        port_enter("Tmr Svc", NULL);
        return;
    }
    timer *target = command->target;
    check("Tmr Svc", target);
    if (target->active) deactivate(target);
    if (command->kind == DELETE) delete_timer(target);
    if (command->kind == CHANGE_PERIOD) target->period = command->value;
    if (command->kind == CHANGE_PERIOD) activate(target, now_ticks() + target->period);
    if (command->kind != START) return;
    activate(target, command->tick + target->period);
    if (target->expiry <= now_ticks()) fire(target);
}

static TickType_t ticks_until_due(void) {
    if (service.active == NULL) return portMAX_DELAY;
    uint64_t now = now_ticks();
    return service.active->expiry > now ? (TickType_t)(service.active->expiry - now) : 0;
}

static void serve(void *unused) {
    (void)unused;
    struct command command;
    port_enter("Tmr Svc", NULL);
    for (;;) {
        TickType_t ticks = ticks_until_due();
        if (ticks == 0) fire(service.active);
        while (shim_queue_receive("Tmr Svc", service.commands, &command, ticks, false, NULL)) {
            carry_out(&command);
            ticks = 0;
        }
    }
}

static bool start_service(const char *call) {
    if (service.task) return true;
    service.commands = shim_queue_create(call, NULL, NULL, configTIMER_QUEUE_LENGTH, sizeof(struct command),
                                         KIND_QUEUE);
    if (service.commands)
        service.task = shim_task_start(call, NULL, serve, "Tmr Svc", 2048, NULL, configTIMER_TASK_PRIORITY,
                                       tskNO_AFFINITY, NULL);
    return service.task != NULL;
}

/* ---- what firmware calls ---- */

static TimerHandle_t create(const char *call, timer *memory, const char *name, TickType_t period,
                            BaseType_t auto_reload, void *id, TimerCallbackFunction_t callback) {
    port_enter(call, memory);
    SHIM_ASSERT(period > 0, "%s: the period is 0", call);
    timer *made = memory ? memory : port_reserve(sizeof *made);
    if (made)
        *made = (timer){ .mark = MARK_TIMER, .from_heap = memory == NULL, .auto_reload = auto_reload != 0,
                         .period = period, .name = name, .id = id, .callback = callback };
    port_leave();
    return made;
}

TimerHandle_t xTimerCreate(const char *name, TickType_t period, BaseType_t auto_reload, void *id,
                           TimerCallbackFunction_t callback) {
    return create("xTimerCreate", NULL, name, period, auto_reload, id, callback);
}

TimerHandle_t xTimerCreateStatic(const char *name, TickType_t period, BaseType_t auto_reload, void *id,
                                 TimerCallbackFunction_t callback, StaticTimer_t *memory) {
    SHIM_ASSERT(memory, "xTimerCreateStatic: the memory is NULL");
    return create("xTimerCreateStatic", (timer *)memory, name, period, auto_reload, id, callback);
}

static BaseType_t post(const char *call, struct command command, TickType_t ticks, BaseType_t *woken) {
    port_enter(call, command.target);
    if (command.kind != CALL) check(call, command.target);
    command.tick = now_ticks();
    BaseType_t posted = pdFAIL;
    if (start_service(call))
        posted = shim_queue_send(call, service.commands, &command, ticks, TO_BACK, woken);
    port_leave();
    return posted;
}

static BaseType_t post_timer(const char *call, enum command_kind kind, TimerHandle_t timer, uint32_t value,
                             TickType_t ticks, BaseType_t *woken) {
    SHIM_ASSERT(kind != CHANGE_PERIOD || value > 0, "%s: the period is 0", call);
    return post(call, (struct command){ .kind = kind, .value = value, .target = timer }, ticks, woken);
}

BaseType_t xTimerStart(TimerHandle_t timer, TickType_t ticks) {
    return post_timer("xTimerStart", START, timer, 0, ticks, NULL);
}
BaseType_t xTimerReset(TimerHandle_t timer, TickType_t ticks) {
    return post_timer("xTimerReset", START, timer, 0, ticks, NULL);
}
BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks) {
    return post_timer("xTimerStop", STOP, timer, 0, ticks, NULL);
}
BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks) {
    return post_timer("xTimerChangePeriod", CHANGE_PERIOD, timer, period, ticks, NULL);
}
BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks) {
    return post_timer("xTimerDelete", DELETE, timer, 0, ticks, NULL);
}
BaseType_t xTimerStartFromISR(TimerHandle_t timer, BaseType_t *woken) {
    return post_timer("xTimerStartFromISR", START, timer, 0, 0, woken);
}
BaseType_t xTimerResetFromISR(TimerHandle_t timer, BaseType_t *woken) {
    return post_timer("xTimerResetFromISR", START, timer, 0, 0, woken);
}
BaseType_t xTimerStopFromISR(TimerHandle_t timer, BaseType_t *woken) {
    return post_timer("xTimerStopFromISR", STOP, timer, 0, 0, woken);
}
BaseType_t xTimerChangePeriodFromISR(TimerHandle_t timer, TickType_t period, BaseType_t *woken) {
    return post_timer("xTimerChangePeriodFromISR", CHANGE_PERIOD, timer, period, 0, woken);
}

BaseType_t xTimerPendFunctionCall(PendedFunction_t function, void *argument, uint32_t value, TickType_t ticks) {
    struct command command = { .kind = CALL, .value = value, .target = argument, .function = function };
    return post("xTimerPendFunctionCall", command, ticks, NULL);
}
BaseType_t xTimerPendFunctionCallFromISR(PendedFunction_t function, void *argument, uint32_t value,
                                         BaseType_t *woken) {
    struct command command = { .kind = CALL, .value = value, .target = argument, .function = function };
    return post("xTimerPendFunctionCallFromISR", command, 0, woken);
}

static const timer *enter(const char *call, TimerHandle_t timer) {
    port_enter(call, timer);
    check(call, timer);
    return timer;
}

BaseType_t xTimerIsTimerActive(TimerHandle_t timer) {
    BaseType_t active = enter("xTimerIsTimerActive", timer)->active;
    port_leave();
    return active;
}
void *pvTimerGetTimerID(TimerHandle_t timer) {
    void *id = enter("pvTimerGetTimerID", timer)->id;
    port_leave();
    return id;
}
void vTimerSetTimerID(TimerHandle_t timer, void *id) {
    enter("vTimerSetTimerID", timer);
    timer->id = id;
    port_leave();
}
const char *pcTimerGetName(TimerHandle_t timer) {
    const char *name = enter("pcTimerGetName", timer)->name;
    port_leave();
    return name;
}
TickType_t xTimerGetPeriod(TimerHandle_t timer) {
    TickType_t period = enter("xTimerGetPeriod", timer)->period;
    port_leave();
    return period;
}
TickType_t xTimerGetExpiryTime(TimerHandle_t timer) {
    TickType_t expiry = (TickType_t)enter("xTimerGetExpiryTime", timer)->expiry;
    port_leave();
    return expiry;
}
void vTimerSetReloadMode(TimerHandle_t timer, BaseType_t auto_reload) {
    enter("vTimerSetReloadMode", timer);
    timer->auto_reload = auto_reload != 0;
    port_leave();
}
BaseType_t xTimerGetReloadMode(TimerHandle_t timer) {
    BaseType_t auto_reload = enter("xTimerGetReloadMode", timer)->auto_reload;
    port_leave();
    return auto_reload;
}
TaskHandle_t xTimerGetTimerDaemonTaskHandle(void) {
    port_enter("xTimerGetTimerDaemonTaskHandle", NULL);
    TaskHandle_t daemon = start_service("xTimerGetTimerDaemonTaskHandle") ? service.task : NULL;
    port_leave();
    return daemon;
}
