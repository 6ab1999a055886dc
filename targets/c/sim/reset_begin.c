/*
 * reset_begin.c: first in link order. What is linked between this file and reset_end.c is copied back between
 * executions; the code between this file and instrumented_end.c carries hooks, and its calls of the C library tear.
 */
char p4v_data_begin[16] __attribute__((aligned(16), used)) = {1};
char p4v_bss_begin[16] __attribute__((aligned(16), used));
void p4v_code_begin(void);
void p4v_code_begin(void) {}
