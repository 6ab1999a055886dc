/*
 * event_groups.c: tasks wait for any or all of 24 bits (K/event_groups.c).
 *
 * Setting bits decides at once, for every waiter, whether its wish is met; bits to be cleared on exit are cleared after
 * all waiters have been looked at, so one set can release several. A waiter that times out looks a last time.
 */
#include "shim.h"

#include "freertos/event_groups.h"

#define CONTROL_BITS 0xff000000u
enum wish_flags { WISH_CLEAR = 1u << 24, WISH_MET = 1u << 25, WISH_ALL = 1u << 26 };

struct EventGroupDef_t {
    uint32_t mark;
    bool from_heap;
    EventBits_t bits;
    task *waiters;
};

_Static_assert(sizeof(struct EventGroupDef_t) <= sizeof(StaticEventGroup_t), "StaticEventGroup_t holds a group");

static void check(const char *call, EventGroupHandle_t group) {
    if (UNLIKELY(group == NULL || group->mark != MARK_EVENTS))
        shim_bad_handle(call, "event group", group, group ? group->mark : 0);
}

static void check_bits(const char *call, EventBits_t bits, bool some) {
    SHIM_ASSERT((bits & CONTROL_BITS) == 0, "%s: the bits 0x%08x reach into the upper 8", call, (unsigned)bits);
    SHIM_ASSERT(bits || !some, "%s: there are no bits to wait for", call);
}

static EventGroupHandle_t begin(struct EventGroupDef_t *group, bool from_heap) {
    if (group) *group = (struct EventGroupDef_t){ .mark = MARK_EVENTS, .from_heap = from_heap };
    return group;
}

EventGroupHandle_t xEventGroupCreate(void) {
    port_enter("xEventGroupCreate", NULL);
    EventGroupHandle_t group = begin(port_reserve(sizeof *group), true);
    port_leave();
    return group;
}

EventGroupHandle_t xEventGroupCreateStatic(StaticEventGroup_t *memory) {
    port_enter("xEventGroupCreateStatic", memory);
    SHIM_ASSERT(memory, "xEventGroupCreateStatic: the memory is NULL");
    EventGroupHandle_t group = begin((EventGroupHandle_t)memory, false);
    port_leave();
    return group;
}

static void release(task *waiter, EventBits_t bits) {
    waiter->event_wish = bits | WISH_MET;
    shim_wake(waiter);
}

/* Whoever waits is released and told that no bit was set. */
void vEventGroupDelete(EventGroupHandle_t group) {
    port_enter("vEventGroupDelete", group);
    check("vEventGroupDelete", group);
    while (group->waiters) release(group->waiters, 0);
    group->mark = MARK_DEAD;
    if (group->from_heap) port_free(group);
    port_leave();
}

static bool met(EventBits_t bits, EventBits_t wanted, bool all) {
    return all ? (bits & wanted) == wanted : (bits & wanted) != 0;
}

static void set_bits(EventGroupHandle_t group, EventBits_t bits) {
    EventBits_t clear = 0;
    port_release(group);
    group->bits |= bits;
    for (task *waiter = group->waiters, *next; waiter; waiter = next) {
        next = waiter->wait_next;
        EventBits_t wanted = waiter->event_wish & ~CONTROL_BITS;
        if (!shim_still_waits(waiter) || !met(group->bits, wanted, waiter->event_wish & WISH_ALL)) continue;
        if (waiter->event_wish & WISH_CLEAR) clear |= wanted;
        release(waiter, group->bits);
    }
    group->bits &= ~clear;
}

/* Waits until `wish` is met or time is up; the bits at that moment. `group` may have been deleted meanwhile. */
static EventBits_t await(const char *call, task *self, EventGroupHandle_t group, uint32_t wish, TickType_t ticks) {
    self->event_wish = wish;
    shim_wait(self, &group->waiters, shim_deadline(ticks), call, group, NULL);
    port_acquire(group);
    if (self->event_wish & WISH_MET) return self->event_wish & ~CONTROL_BITS;
    EventBits_t bits = group->bits;
    if ((wish & WISH_CLEAR) && met(bits, wish & ~CONTROL_BITS, wish & WISH_ALL)) group->bits &= ~wish;
    return bits;
}

EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t wanted, BaseType_t clear_on_exit,
                                BaseType_t wait_for_all, TickType_t ticks) {
    static const char call[] = "xEventGroupWaitBits";
    port_enter(call, group);
    check(call, group);
    check_bits(call, wanted, true);
    task *self = shim_self();
    if (ticks) shim_may_block(call, self);
    EventBits_t bits = group->bits;
    if (met(bits, wanted, wait_for_all)) {
        port_acquire(group);
        if (clear_on_exit) group->bits &= ~wanted;
    } else if (ticks) {
        uint32_t wish = wanted | (clear_on_exit ? WISH_CLEAR : 0) | (wait_for_all ? WISH_ALL : 0);
        bits = await(call, self, group, wish, ticks);
    }
    return (EventBits_t)port_answer((long)bits);
}

EventBits_t xEventGroupSync(EventGroupHandle_t group, EventBits_t set, EventBits_t wanted, TickType_t ticks) {
    static const char call[] = "xEventGroupSync";
    port_enter(call, group);
    check(call, group);
    check_bits(call, set, false);
    check_bits(call, wanted, true);
    task *self = shim_self();
    if (ticks) shim_may_block(call, self);
    EventBits_t bits = group->bits | set;
    set_bits(group, set);
    if (met(bits, wanted, true)) {
        port_acquire(group);
        group->bits &= ~wanted;
    } else {
        bits = ticks ? await(call, self, group, wanted | WISH_CLEAR | WISH_ALL, ticks) : group->bits;
    }
    return (EventBits_t)port_answer((long)bits);
}

EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits) {
    port_enter("xEventGroupSetBits", group);
    check("xEventGroupSetBits", group);
    check_bits("xEventGroupSetBits", bits, false);
    set_bits(group, bits);
    bits = group->bits;
    port_leave();
    return bits;
}

EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits) {
    port_enter("xEventGroupClearBits", group);
    check("xEventGroupClearBits", group);
    check_bits("xEventGroupClearBits", bits, false);
    EventBits_t before = group->bits;
    group->bits &= ~bits;
    port_leave();
    return before;
}

static EventBits_t bits_of(const char *call, EventGroupHandle_t group) {
    port_enter(call, group);
    check(call, group);
    EventBits_t bits = group->bits;
    port_acquire(group);   /* polling it is a way to wait */
    port_leave();
    return bits;
}

EventBits_t xEventGroupGetBits(EventGroupHandle_t group) { return bits_of("xEventGroupGetBits", group); }
EventBits_t xEventGroupGetBitsFromISR(EventGroupHandle_t group) {
    return bits_of("xEventGroupGetBitsFromISR", group);
}

static void set_later(void *group, uint32_t bits) { xEventGroupSetBits(group, bits); }
static void clear_later(void *group, uint32_t bits) { xEventGroupClearBits(group, bits); }

BaseType_t xEventGroupSetBitsFromISR(EventGroupHandle_t group, EventBits_t bits, BaseType_t *woken) {
    return xTimerPendFunctionCallFromISR(set_later, group, bits, woken);
}
BaseType_t xEventGroupClearBitsFromISR(EventGroupHandle_t group, EventBits_t bits) {
    return xTimerPendFunctionCallFromISR(clear_later, group, bits, NULL);
}
