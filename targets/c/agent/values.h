/* values.h: what values.c offers to the agent itself, beside p4v_adapter.h. */
#ifndef P4V_AGENT_VALUES_H
#define P4V_AGENT_VALUES_H

#include <stddef.h>
#include <stdint.h>

void values_copy(uint8_t *to, const uint8_t *from, size_t length);

#endif
