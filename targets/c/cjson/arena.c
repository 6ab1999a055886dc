/*
 * arena.c: the system's cJSON library takes its memory from the firmware's heap, as the firmware's own copy would.
 *
 * The library lies outside of what is copied back between executions, so that it is told once, before the first. Its
 * code has no hooks: a tree is read and written word by word only by the firmware itself.
 */
#include <cJSON.h>
#include <stdlib.h>

static void use_the_firmwares_heap(void) __attribute__((constructor));

static void use_the_firmwares_heap(void)
{
    cJSON_Hooks hooks = {.malloc_fn = malloc, .free_fn = free};
    cJSON_InitHooks(&hooks);
}
