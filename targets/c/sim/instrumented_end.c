/* instrumented_end.c: after the last instrumented object, before the first plain one (see reset_begin.c). */
void p4v_code_end(void);
void p4v_code_end(void) {}
