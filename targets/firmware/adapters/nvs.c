/*
 * nvs.c: sees every call of NVS and what it answered, and opens the storage first, as app_main does.
 *
 * The linker wraps the calls, so this works on a board as well. What became durable only a double can tell: it calls
 * p4v_nvs_stored. It refuses to show values: a stored configuration holds a password.
 */
#include "nvs.h"

#include <stdatomic.h>
#include <string.h>

#include "nvs_flash.h"
#include "p4v_adapter.h"
#include "p4v_doubles.h"

P4V_WRAP(nvs_flash_init)
P4V_WRAP(nvs_open)
P4V_WRAP(nvs_close)
P4V_WRAP(nvs_commit)
P4V_WRAP(nvs_erase_key)
P4V_WRAP(nvs_erase_all)
P4V_WRAP(nvs_set_i8)
P4V_WRAP(nvs_set_u8)
P4V_WRAP(nvs_set_i16)
P4V_WRAP(nvs_set_u16)
P4V_WRAP(nvs_set_i32)
P4V_WRAP(nvs_set_u32)
P4V_WRAP(nvs_set_i64)
P4V_WRAP(nvs_set_u64)
P4V_WRAP(nvs_set_str)
P4V_WRAP(nvs_set_blob)
P4V_WRAP(nvs_get_i8)
P4V_WRAP(nvs_get_u8)
P4V_WRAP(nvs_get_i16)
P4V_WRAP(nvs_get_u16)
P4V_WRAP(nvs_get_i32)
P4V_WRAP(nvs_get_u32)
P4V_WRAP(nvs_get_i64)
P4V_WRAP(nvs_get_u64)
P4V_WRAP(nvs_get_str)
P4V_WRAP(nvs_get_blob)

enum { CALL_OPEN = 1, CALL_GET, CALL_SET, CALL_COMMIT, CALL_ERASE, CALL_CLOSE, CALL_FLASH_INIT };

static p4v_observer call_seen = {.name = "nvs.call", .fields = "call:u8,namespace:str,key:str,length:u32"};
static p4v_observer return_seen = {.name = "nvs.return", .fields = "call:u8,result:i32"};
static p4v_observer stored_seen = {.name = "nvs.stored", .fields = "key:str,length:u32,writes:u32"};

/* ---- whose handle it is ---- */

#define OPEN_MAX 16u
#define CLAIMED UINT32_MAX

static struct {
    _Atomic nvs_handle_t handle; /* 0: free */
    char namespace[NVS_KEY_NAME_MAX_SIZE];
} opened[OPEN_MAX];

/* More handles than there are places stay without a name. */
static void remember(nvs_handle_t handle, const char *namespace)
{
    for (unsigned i = 0; i < OPEN_MAX; i++) {
        nvs_handle_t unused = 0;
        if (atomic_compare_exchange_strong(&opened[i].handle, &unused, CLAIMED)) {
            strncpy(opened[i].namespace, namespace, sizeof(opened[i].namespace) - 1);
            atomic_store(&opened[i].handle, handle);
            return;
        }
    }
}

static const char *namespace_of(nvs_handle_t handle)
{
    for (unsigned i = 0; i < OPEN_MAX; i++) {
        if (atomic_load(&opened[i].handle) == handle) {
            return opened[i].namespace;
        }
    }
    return "";
}

static void forget(nvs_handle_t handle)
{
    for (unsigned i = 0; i < OPEN_MAX; i++) {
        nvs_handle_t expected = handle;
        if (atomic_compare_exchange_strong(&opened[i].handle, &expected, CLAIMED)) {
            memset(opened[i].namespace, 0, sizeof(opened[i].namespace));
            atomic_store(&opened[i].handle, 0);
        }
    }
}

/* ---- what is seen ---- */

static void put_text(p4v_writer *writer, const char *text)
{
    p4v_put_bytes(writer, text, text == NULL ? 0 : strlen(text));
}

static void observe_call(unsigned call, const char *namespace, const char *key, size_t length)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, call, 1);
    put_text(&writer, namespace);
    put_text(&writer, key);
    p4v_put_uint(&writer, length, 4);
    p4v_observe_end(&call_seen, &writer);
}

static esp_err_t observe_return(unsigned call, esp_err_t result)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, call, 1);
    p4v_put_uint(&writer, (uint64_t)(uint32_t)result, 4);
    p4v_observe_end(&return_seen, &writer);
    return result;
}

void p4v_nvs_stored(const char *key, size_t length, uint32_t writes)
{
    p4v_writer writer = p4v_observe_begin();
    put_text(&writer, key);
    p4v_put_uint(&writer, length, 4);
    p4v_put_uint(&writer, writes, 4);
    p4v_observe_end(&stored_seen, &writer);
}

/* ---- the calls: `length` is what is set, or what there is room for ---- */

#define SEEN(number, name, parameters, arguments, length)                         \
    esp_err_t __real_##name parameters;                                           \
    esp_err_t __wrap_##name parameters;                                           \
    esp_err_t __wrap_##name parameters                                            \
    {                                                                             \
        observe_call(number, namespace_of(handle), key, length);                  \
        return observe_return(number, __real_##name arguments);                   \
    }
#define NUMBER(name, type)                                                                                    \
    SEEN(CALL_SET, nvs_set_##name, (nvs_handle_t handle, const char *key, type value), (handle, key, value),  \
         sizeof(type))                                                                                        \
    SEEN(CALL_GET, nvs_get_##name, (nvs_handle_t handle, const char *key, type *value), (handle, key, value), \
         sizeof(type))
NUMBER(i8, int8_t)
NUMBER(u8, uint8_t)
NUMBER(i16, int16_t)
NUMBER(u16, uint16_t)
NUMBER(i32, int32_t)
NUMBER(u32, uint32_t)
NUMBER(i64, int64_t)
NUMBER(u64, uint64_t)

static size_t room(const void *value, const size_t *length)
{
    return value == NULL || length == NULL ? 0 : *length;
}

SEEN(CALL_SET, nvs_set_str, (nvs_handle_t handle, const char *key, const char *value), (handle, key, value),
     value == NULL ? 0 : strlen(value) + 1)
SEEN(CALL_SET, nvs_set_blob, (nvs_handle_t handle, const char *key, const void *value, size_t length),
     (handle, key, value, length), length)
SEEN(CALL_GET, nvs_get_str, (nvs_handle_t handle, const char *key, char *value, size_t *length),
     (handle, key, value, length), room(value, length))
SEEN(CALL_GET, nvs_get_blob, (nvs_handle_t handle, const char *key, void *value, size_t *length),
     (handle, key, value, length), room(value, length))
SEEN(CALL_ERASE, nvs_erase_key, (nvs_handle_t handle, const char *key), (handle, key), 0)

#define SEEN_WITHOUT_KEY(number, name)                             \
    esp_err_t __real_##name(nvs_handle_t handle);                  \
    esp_err_t __wrap_##name(nvs_handle_t handle);                  \
    esp_err_t __wrap_##name(nvs_handle_t handle)                   \
    {                                                              \
        observe_call(number, namespace_of(handle), "", 0);         \
        return observe_return(number, __real_##name(handle));      \
    }
SEEN_WITHOUT_KEY(CALL_ERASE, nvs_erase_all)
SEEN_WITHOUT_KEY(CALL_COMMIT, nvs_commit)

esp_err_t __real_nvs_open(const char *namespace, nvs_open_mode_t mode, nvs_handle_t *handle);
esp_err_t __wrap_nvs_open(const char *namespace, nvs_open_mode_t mode, nvs_handle_t *handle);
esp_err_t __wrap_nvs_open(const char *namespace, nvs_open_mode_t mode, nvs_handle_t *handle)
{
    observe_call(CALL_OPEN, namespace, "", 0);
    esp_err_t result = __real_nvs_open(namespace, mode, handle);
    if (result == ESP_OK) {
        remember(*handle, namespace);
    }
    return observe_return(CALL_OPEN, result);
}

void __real_nvs_close(nvs_handle_t handle);
void __wrap_nvs_close(nvs_handle_t handle);
void __wrap_nvs_close(nvs_handle_t handle)
{
    observe_call(CALL_CLOSE, namespace_of(handle), "", 0);
    forget(handle);
    __real_nvs_close(handle);
    observe_return(CALL_CLOSE, ESP_OK);
}

esp_err_t __real_nvs_flash_init(void);
esp_err_t __wrap_nvs_flash_init(void);
esp_err_t __wrap_nvs_flash_init(void)
{
    observe_call(CALL_FLASH_INIT, "", "", 0);
    return observe_return(CALL_FLASH_INIT, __real_nvs_flash_init());
}

/* ---- the adapter ---- */

/* Not the firmware's call, and so not shown. */
static bool boot(void)
{
    return __real_nvs_flash_init() == ESP_OK;
}

static const p4v_operation operations[] = {{0}};
static p4v_observer *const observers[] = {&call_seen, &return_seen, &stored_seen, NULL};

const p4v_adapter p4v_adapter_nvs = {
    .name = "nvs", .boot = boot, .operations = operations, .observers = observers,
};
