/* event_groups.h: 24 bits that tasks wait for, any or all of them. */
#ifndef P4V_FREERTOS_EVENT_GROUPS_H
#define P4V_FREERTOS_EVENT_GROUPS_H

#include "freertos/timers.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct EventGroupDef_t *EventGroupHandle_t;
typedef TickType_t EventBits_t;

EventGroupHandle_t xEventGroupCreate(void);
EventGroupHandle_t xEventGroupCreateStatic(StaticEventGroup_t *memory);
void vEventGroupDelete(EventGroupHandle_t group);
/* The bits when the wait ended, before any were cleared on exit. */
EventBits_t xEventGroupWaitBits(EventGroupHandle_t group, EventBits_t bits, BaseType_t clear_on_exit,
                                BaseType_t wait_for_all, TickType_t ticks);
EventBits_t xEventGroupSync(EventGroupHandle_t group, EventBits_t set, EventBits_t wait_for, TickType_t ticks);
EventBits_t xEventGroupSetBits(EventGroupHandle_t group, EventBits_t bits);
EventBits_t xEventGroupClearBits(EventGroupHandle_t group, EventBits_t bits);
EventBits_t xEventGroupGetBits(EventGroupHandle_t group);
EventBits_t xEventGroupGetBitsFromISR(EventGroupHandle_t group);
/* Both are done later, by the timer task, as on the device. */
BaseType_t xEventGroupSetBitsFromISR(EventGroupHandle_t group, EventBits_t bits, BaseType_t *woken);
BaseType_t xEventGroupClearBitsFromISR(EventGroupHandle_t group, EventBits_t bits);

#ifdef __cplusplus
}
#endif
#endif
