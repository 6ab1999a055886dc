/* system.c: restart, random numbers, the busy wait, and what identifies the chip. */
#include "shim.h"

#include <string.h>

#include "esp_idf_version.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_rom_sys.h"
#include "esp_system.h"

enum { SHUTDOWN_HANDLERS = 5 };

static shutdown_handler_t shutdown_handlers[SHUTDOWN_HANDLERS];
static uint32_t random_state = 0x9e3779b9;

static shutdown_handler_t *find_handler(shutdown_handler_t handler) {
    for (int i = 0; i < SHUTDOWN_HANDLERS; i++)
        if (shutdown_handlers[i] == handler) return &shutdown_handlers[i];
    return NULL;
}

esp_err_t esp_register_shutdown_handler(shutdown_handler_t handler) {
    port_enter("esp_register_shutdown_handler", NULL);
    shutdown_handler_t *place = find_handler(NULL);
    esp_err_t result = find_handler(handler) ? ESP_ERR_INVALID_STATE : place ? ESP_OK : ESP_ERR_NO_MEM;
    if (result == ESP_OK) *place = handler;
    port_leave();
    return result;
}

esp_err_t esp_unregister_shutdown_handler(shutdown_handler_t handler) {
    port_enter("esp_unregister_shutdown_handler", NULL);
    shutdown_handler_t *place = find_handler(handler);
    if (place) *place = NULL;
    port_leave();
    return place ? ESP_OK : ESP_ERR_INVALID_STATE;
}

void esp_restart(void) {
    for (int i = SHUTDOWN_HANDLERS - 1; i >= 0; i--)
        if (shutdown_handlers[i]) shutdown_handlers[i]();
    port_restart();
}

void esp_system_abort(const char *details) { port_fail(PORT_ASSERTION, "esp_system_abort: %s", details); }
esp_reset_reason_t esp_reset_reason(void) { return (esp_reset_reason_t)port_boot_reason(); }
const char *esp_get_idf_version(void) { return "v6.2-dev"; }

/* xorshift32, from the same start in every execution */
static uint32_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

uint32_t esp_random(void) {
    port_enter("esp_random", NULL);
    uint32_t number = next_random();
    port_leave();
    return number;
}

void esp_fill_random(void *buffer, size_t bytes) {
    uint8_t *to = buffer;
    port_enter("esp_fill_random", buffer);
    for (size_t done = 0; done < bytes;) {
        uint32_t number = next_random();
        size_t part = bytes - done < sizeof number ? bytes - done : sizeof number;
        port_copy_to_user(to + done, &number, part);
        done += part;
    }
    port_leave();
}

void esp_rom_delay_us(uint32_t us) { port_spend(us); }

esp_err_t esp_read_mac(uint8_t *mac, esp_mac_type_t type) {
    static const uint8_t documentation[6] = { 0x00, 0x00, 0x5e, 0x00, 0x53, 0x00 };
    if (mac == NULL) return ESP_ERR_INVALID_ARG;
    memcpy(mac, documentation, sizeof documentation);
    mac[5] = (uint8_t)type;
    return ESP_OK;
}
esp_err_t esp_efuse_mac_get_default(uint8_t *mac) { return esp_read_mac(mac, ESP_MAC_BASE); }
esp_err_t esp_base_mac_addr_get(uint8_t *mac) { return esp_read_mac(mac, ESP_MAC_BASE); }
