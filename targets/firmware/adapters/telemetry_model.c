/*
 * telemetry_model.c: boots the model, and sees what its polling reads.
 *
 * tinybms_model_read_register is wrapped by the linker, whoever defines it: the firmware, a stub of the user's, or the
 * double in tinybms_model_double.c. A value that is no register's for any token is shown as token 0.
 */
#include "telemetry_model.h"

#include <math.h>

#include "bus.h"
#include "p4v_adapter.h"
#include "tinybms_model.h"
#include "tokens.h"
#if __has_include("tinybms_registers.h")
#include "tinybms_registers.h"
#endif
#include "register_lookup.h"

P4V_WRAP(tinybms_model_read_register)

#define LAST_TOKEN 398u
#define SAME_VALUE 1e-3f

esp_err_t __real_tinybms_model_read_register(uint16_t address, float *value);
esp_err_t __wrap_tinybms_model_read_register(uint16_t address, float *value);

static p4v_observer read_seen = {.name = "tm.read", .fields = "address:u16,ok:bool,token:u32"};

/* Values are linear in the token. */
static uint32_t token_of(uint16_t address, float value)
{
    const bms_register *from = register_at(address);
    if (from == NULL) {
        return 0;
    }
    float origin = register_value(from->number, 0), step = register_value(from->number, 1) - origin;
    float nearest = roundf((value - origin) / step);
    if (!(nearest >= 1.0f && nearest <= (float)LAST_TOKEN)) {
        return 0;
    }
    uint32_t token = (uint32_t)nearest;
    return fabsf(register_value(from->number, token) - value) < SAME_VALUE ? token : 0;
}

static void observe_read(uint16_t address, bool ok, uint32_t token)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, address, 2);
    p4v_put_uint(&writer, ok, 1);
    p4v_put_uint(&writer, token, 4);
    p4v_observe_end(&read_seen, &writer);
}

esp_err_t __wrap_tinybms_model_read_register(uint16_t address, float *value)
{
    esp_err_t result = __real_tinybms_model_read_register(address, value);
    bool ok = result == ESP_OK;
    observe_read(address, ok, ok ? token_of(address, *value) : 0);
    return result;
}

/* ---- the adapter ---- */

static bool boot(void)
{
    return telemetry_model_init(p4v_bus()) == ESP_OK && telemetry_model_start() == ESP_OK;
}

static const p4v_operation operations[] = {{0}};
static p4v_observer *const observers[] = {&read_seen, NULL};

const p4v_adapter p4v_adapter_telemetry_model = {
    .name = "telemetry_model", .boot = boot, .operations = operations, .observers = observers,
};
