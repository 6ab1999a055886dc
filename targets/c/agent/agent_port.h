/*
 * agent_port.h: what the agent's core needs and FreeRTOS does not give it without side effects.
 * Implemented once per target.
 */
#ifndef P4V_AGENT_PORT_H
#define P4V_AGENT_PORT_H

#include <stdbool.h>
#include <stdint.h>

uint64_t agent_now_us(void);   /* reading it costs no time and is no schedule point */
void agent_lock(void);         /* makes a ring write atomic; nothing under controlled fibers */
void agent_unlock(void);
void agent_spend(uint64_t us); /* keeps the core busy that long */
void agent_rest(bool rests);   /* while it does, no frame on the calling task's stack is the firmware's or an adapter's */
void agent_block(uint64_t us); /* the calling task sleeps that long: finer than vTaskDelay, whose unit is the tick */

/* This boot ends as a value of the stream "power" says (0: not before the run does). Called only when the program has
 * that stream, before the adapters boot. */
void agent_power(int64_t cut);
void agent_frame(bool before); /* a frame of telemetry begins or has ended: the power may be cut here */

#endif
