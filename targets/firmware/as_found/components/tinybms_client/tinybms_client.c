/*
 * tinybms_client.c: transactions over UART1, one at a time; tinybms_rx queues what arrives for whoever waits.
 */
#include "tinybms_client.h"

#include <stdbool.h>

#include "driver/uart.h"
#include "esp_log.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "tinybms_frame.h"

#define PORT UART_NUM_1
#define TX_GPIO 26
#define RX_GPIO 27
#define BAUD_RATE 115200
#define RX_BUFFER_BYTES 512
#define TX_BUFFER_BYTES 256
#define UART_EVENTS 8
#define RESPONSES 4
#define CHUNK_BYTES 32u
#define RX_STACK 4096
#define RX_PRIORITY 6
#define TEST_REGISTER 0x012C
#define RESTART_REGISTER 0x0086
#define RESTART_VALUE 0xA55A

static const char *TAG = "tinybms_client";

typedef struct {
    uint8_t bytes[CHUNK_BYTES];
    size_t length;
} chunk_t;

static struct {
    event_bus_t *bus;
    SemaphoreHandle_t uart_mutex;
    QueueHandle_t uart_events;
    QueueHandle_t responses;  /* of chunk_t */
    tinybms_parser_t parser;
    tinybms_state_t state;
    tinybms_stats_t stats;
} s_client;

/* ---- tinybms_rx ---- */

static void forward_bytes(void)
{
    chunk_t chunk;
    int count;
    while ((count = uart_read_bytes(PORT, chunk.bytes, CHUNK_BYTES, 0)) > 0) {
        chunk.length = (size_t)count;
        xQueueSend(s_client.responses, &chunk, 0);
    }
}

static void rx_task(void *argument)
{
    (void)argument;
    for (;;) {
        uart_event_t event;
        xQueueReceive(s_client.uart_events, &event, portMAX_DELAY);
        if (event.type == UART_FIFO_OVF || event.type == UART_BUFFER_FULL) {
            uart_flush_input(PORT);
            xQueueReset(s_client.uart_events);
        } else if (event.type == UART_DATA) {
            forward_bytes();
        }
    }
}

/* ---- transactions: the caller holds the mutex ---- */

static bool is_wanted(tinybms_reply_kind_t kind, bool value_wanted)
{
    bool is_value = kind == TINYBMS_REPLY_VALUE || kind == TINYBMS_REPLY_VALUE_OF;
    return value_wanted ? is_value : kind == TINYBMS_REPLY_ACK;
}

/* The next reply on the wire. */
static esp_err_t wait_reply(tinybms_reply_t *reply)
{
    tinybms_parsed_t parsed;
    while ((parsed = tinybms_parser_next(&s_client.parser, reply)) == TINYBMS_PARSED_NOTHING) {
        chunk_t chunk;
        if (xQueueReceive(s_client.responses, &chunk, pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS)) != pdTRUE) {
            s_client.stats.timeouts++;
            return ESP_ERR_TIMEOUT;
        }
        tinybms_parser_put(&s_client.parser, chunk.bytes, chunk.length);
    }
    if (parsed == TINYBMS_PARSED_BAD_CRC) {
        s_client.stats.crc_errors++;
        return ESP_ERR_INVALID_CRC;
    }
    return ESP_OK;
}

static esp_err_t wait_response(bool value_wanted, uint16_t *value)
{
    tinybms_reply_t reply;
    esp_err_t result;
    do {
        result = wait_reply(&reply);
        if (result == ESP_OK && reply.kind == TINYBMS_REPLY_NACK) {
            s_client.stats.nacks++;
            return ESP_FAIL;
        }
    } while (result == ESP_OK && !is_wanted(reply.kind, value_wanted));
    if (result == ESP_OK) {
        *value = reply.value;
    }
    return result;
}

static esp_err_t exchange(const tinybms_frame_t *frame, bool value_wanted, uint16_t *value)
{
    uart_write_bytes(PORT, frame->bytes, frame->length);
    return wait_response(value_wanted, value);
}

static esp_err_t read_once(uint16_t address, uint16_t *value)
{
    tinybms_frame_t frame;
    tinybms_read_frame(&frame, address, false);
    return exchange(&frame, true, value);
}

static esp_err_t write_once(uint16_t address, uint16_t value)
{
    uint16_t ignored;
    tinybms_frame_t frame;
    tinybms_write_frame(&frame, address, value);
    return exchange(&frame, false, &ignored);
}

static void pause_before_retry(void)
{
    s_client.stats.retries++;
    vTaskDelay(pdMS_TO_TICKS(TINYBMS_RETRY_PAUSE_MS));
}

static esp_err_t read_register_internal(uint16_t address, uint16_t *value)
{
    esp_err_t result = read_once(address, value);
    for (int attempt = 1; attempt < TINYBMS_RETRY_COUNT && result != ESP_OK; attempt++) {
        pause_before_retry();
        result = read_once(address, value);
    }
    return result;
}

static esp_err_t write_and_verify(uint16_t address, uint16_t value, uint16_t *verified)
{
    esp_err_t result = write_once(address, value);
    if (result != ESP_OK) {
        return result;
    }
    vTaskDelay(pdMS_TO_TICKS(TINYBMS_VERIFY_PAUSE_MS));
    result = read_once(address, verified);
    return result == ESP_OK && *verified != value ? ESP_FAIL : result;
}

static esp_err_t write_register_internal(uint16_t address, uint16_t value, uint16_t *verified)
{
    esp_err_t result = write_and_verify(address, value, verified);
    for (int attempt = 1; attempt < TINYBMS_RETRY_COUNT && result != ESP_OK; attempt++) {
        pause_before_retry();
        result = write_and_verify(address, value, verified);
    }
    return result;
}

static esp_err_t restart_internal(void)
{
    esp_err_t result = write_once(RESTART_REGISTER, RESTART_VALUE);
    for (int attempt = 1; attempt < TINYBMS_RETRY_COUNT && result != ESP_OK; attempt++) {
        pause_before_retry();
        result = write_once(RESTART_REGISTER, RESTART_VALUE);
    }
    return result;
}

/* ---- the component's interface ---- */

static void publish_stats(void)
{
    tinybms_stats_event_t payload = {
        .stats = s_client.stats, .timestamp_ms = (uint64_t)(esp_timer_get_time() / 1000)};
    event_t event = {.type = EVENT_TINYBMS_STATS_UPDATED, .data = &payload, .data_size = sizeof(payload)};
    event_bus_publish(s_client.bus, &event);
}

static void count_read(esp_err_t result)
{
    if (result == ESP_OK) {
        s_client.stats.reads_ok++;
    } else {
        s_client.stats.reads_failed++;
    }
    publish_stats();
}

static void count_write(esp_err_t result)
{
    if (result == ESP_OK) {
        s_client.stats.writes_ok++;
    } else {
        s_client.stats.writes_failed++;
    }
    publish_stats();
}

esp_err_t tinybms_read_register(uint16_t address, uint16_t *value)
{
    if (value == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (s_client.uart_mutex == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    xSemaphoreTake(s_client.uart_mutex, portMAX_DELAY);
    esp_err_t result = read_register_internal(address, value);
    xSemaphoreGive(s_client.uart_mutex);
    count_read(result);
    return result;
}

esp_err_t tinybms_write_register(uint16_t address, uint16_t value, uint16_t *verified)
{
    if (s_client.uart_mutex == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    uint16_t read_back = 0;
    xSemaphoreTake(s_client.uart_mutex, portMAX_DELAY);
    esp_err_t result = write_register_internal(address, value, &read_back);
    xSemaphoreGive(s_client.uart_mutex);
    if (verified != NULL) {
        *verified = read_back;
    }
    count_write(result);
    return result;
}

esp_err_t tinybms_restart(void)
{
    if (s_client.uart_mutex == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    xSemaphoreTake(s_client.uart_mutex, portMAX_DELAY);
    esp_err_t result = restart_internal();
    xSemaphoreGive(s_client.uart_mutex);
    count_write(result);
    return result;
}

tinybms_state_t tinybms_get_state(void)
{
    return s_client.state;
}

esp_err_t tinybms_get_stats(tinybms_stats_t *stats)
{
    if (stats == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    *stats = s_client.stats;
    return ESP_OK;
}

void tinybms_reset_stats(void)
{
    s_client.stats = (tinybms_stats_t){0};
}

/* ---- bringing it up ---- */

static esp_err_t configure_uart(void)
{
    const uart_config_t config = {
        .baud_rate = BAUD_RATE, .data_bits = UART_DATA_8_BITS, .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1, .flow_ctrl = UART_HW_FLOWCTRL_DISABLE, .source_clk = UART_SCLK_DEFAULT,
    };
    esp_err_t result = uart_driver_install(PORT, RX_BUFFER_BYTES, TX_BUFFER_BYTES, UART_EVENTS, &s_client.uart_events, 0);
    if (result == ESP_OK) {
        result = uart_param_config(PORT, &config);
    }
    if (result == ESP_OK) {
        result = uart_set_pin(PORT, TX_GPIO, RX_GPIO, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE);
    }
    return result;
}

esp_err_t tinybms_client_init(event_bus_t *bus)
{
    if (bus == NULL) {
        return ESP_ERR_INVALID_ARG;
    }
    if (s_client.uart_mutex != NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    s_client.bus = bus;
    s_client.responses = xQueueCreate(RESPONSES, sizeof(chunk_t));
    esp_err_t result = s_client.responses != NULL ? configure_uart() : ESP_ERR_NO_MEM;
    if (result != ESP_OK) {
        return result;
    }
    s_client.uart_mutex = xSemaphoreCreateMutex();
    bool made = s_client.uart_mutex != NULL &&
                xTaskCreate(rx_task, "tinybms_rx", RX_STACK, NULL, RX_PRIORITY, NULL) == pdPASS;
    return made ? ESP_OK : ESP_ERR_NO_MEM;
}

esp_err_t tinybms_client_start(void)
{
    if (s_client.uart_mutex == NULL) {
        return ESP_ERR_INVALID_STATE;
    }
    s_client.state = TINYBMS_STATE_CONNECTING;
    uint16_t value;
    if (tinybms_read_register(TEST_REGISTER, &value) != ESP_OK) {
        ESP_LOGW(TAG, "no answer from the BMS");
        s_client.state = TINYBMS_STATE_DISCONNECTED;
        return ESP_OK;
    }
    s_client.state = TINYBMS_STATE_CONNECTED;
    event_t event = {.type = EVENT_TINYBMS_CONNECTED};
    return event_bus_publish(s_client.bus, &event) ? ESP_OK : ESP_ERR_NO_MEM;
}
