/*
 * agent_port.h: what the agent's core needs and FreeRTOS does not give it without side effects.
 * Implemented once per target.
 */
#ifndef P4V_AGENT_PORT_H
#define P4V_AGENT_PORT_H

#include <stdint.h>

uint64_t agent_now_us(void);   /* reading it costs no time and is no schedule point */
void agent_lock(void);         /* makes a ring write atomic; nothing under controlled fibers */
void agent_unlock(void);
void agent_spend(uint64_t us); /* keeps the core busy that long */
void agent_block(uint64_t us); /* the calling task sleeps that long: finer than vTaskDelay, whose unit is the tick */

#endif
