/* reset_end.c: the end of the reset range (see reset_begin.c). */
char p4v_data_end[16] __attribute__((aligned(16), used)) = {1};
char p4v_bss_end[16] __attribute__((aligned(16), used));
