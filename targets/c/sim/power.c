/*
 * power.c: how a boot ends before its execution does.
 */
#include "engine.h"

void port_power_step(enum port_power_step step) { (void)step; }
