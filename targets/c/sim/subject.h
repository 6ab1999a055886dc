/*
 * subject.h: what the engine executes again and again. Linked in once: the agent with a program (agent_subject.c), or
 * a self-contained file (litmus_subject.c).
 */
#ifndef P4V_SUBJECT_H
#define P4V_SUBJECT_H

#include "../agent/agent.h"
#include "digest.h"

/* Where an execution's observable history goes: the agent's records, or what a litmus file printed. */
extern agent_ring session_ring;

struct subject {
    bool takes_program;
    bool is_process;                                              /* exit(0) is a good end of it */
    unsigned priority;                                            /* of the main task */
    void (*start)(void);                                          /* once, before the first execution's state is saved */
    size_t (*describe)(uint8_t *bytes, size_t capacity);          /* the rest of HELLO */
    const char *(*load)(const uint8_t *program, size_t length);   /* NULL, or what is wrong with it */
    void (*entry)(void *unused);                                  /* the main task */
    void (*log)(const char *text, size_t length);                 /* what the firmware prints */
    struct digest (*hash)(uint64_t seed, uint32_t quantum_us);    /* of what invariants read in session_ring */
};
extern const struct subject subject;

#endif
