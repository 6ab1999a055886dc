/* catalogue.h: the operations and observers of all adapters, by number. Number 0 is the agent's own "agent.idle". */
#ifndef P4V_AGENT_CATALOGUE_H
#define P4V_AGENT_CATALOGUE_H

#include "p4v_adapter.h"

const p4v_operation *catalogue_operation(uint16_t number); /* NULL beyond the last one */
uint16_t catalogue_operations(void);                       /* how many */
uint16_t catalogue_observers(void);                        /* of the adapters; probes are numbered after them */
/* Are these bytes values of this signature, no more and no less? */
bool catalogue_accepts(const char *signature, p4v_reader values);

#endif
