/*
 * bus.h: the event bus of the run, for adapters that subscribe or publish. The event_bus adapter owns it and boots
 * first.
 */
#ifndef P4V_BUS_H
#define P4V_BUS_H

#include "event_bus.h"

event_bus_t *p4v_bus(void);

#endif
