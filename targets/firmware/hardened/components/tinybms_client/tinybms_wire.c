/*
 * tinybms_wire.c: exchanges over UART1, each with one deadline that no amount of noise moves.
 */
#include "tinybms_wire.h"

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "tinybms_client.h"
#include "tinybms_counters.h"

#define PORT UART_NUM_1
#define TX_GPIO 26
#define RX_GPIO 27
#define BAUD_RATE 115200
#define RX_BUFFER_BYTES 512
#define TX_BUFFER_BYTES 256
#define CHUNK_BYTES 32u

#ifdef CONFIG_TINYBMS_REPLIES_ECHO_ADDRESS
#define ECHO_FIRST true
#else
#define ECHO_FIRST false
#endif

static tinybms_parser_t s_parser;
static TickType_t s_sent_at;
static bool s_echo = ECHO_FIRST;
static bool s_dialect_known;

esp_err_t tinybms_wire_init(void)
{
    const uart_config_t config = {
        .baud_rate = BAUD_RATE, .data_bits = UART_DATA_8_BITS, .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1, .flow_ctrl = UART_HW_FLOWCTRL_DISABLE, .source_clk = UART_SCLK_DEFAULT,
    };
    esp_err_t result = uart_driver_install(PORT, RX_BUFFER_BYTES, TX_BUFFER_BYTES, 0, NULL, 0);
    if (result == ESP_OK) {
        result = uart_param_config(PORT, &config);
    }
    if (result == ESP_OK) {
        result = uart_set_pin(PORT, TX_GPIO, RX_GPIO, UART_PIN_NO_CHANGE, UART_PIN_NO_CHANGE);
    }
    return result;
}

void tinybms_wire_read_frame(tinybms_frame_t *frame, uint16_t address)
{
    tinybms_read_frame(frame, address, s_echo);
}

void tinybms_wire_send(const tinybms_frame_t *frame)
{
    s_parser.length = 0;
    uart_flush_input(PORT);
    s_sent_at = xTaskGetTickCount();
    uart_write_bytes(PORT, frame->bytes, frame->length);
}

/* ---- receiving ---- */

static TickType_t ticks_left(void)
{
    TickType_t passed = xTaskGetTickCount() - s_sent_at;
    return passed < pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS) ? pdMS_TO_TICKS(TINYBMS_TIMEOUT_MS) - passed : 0;
}

/* Waits for a byte, then takes with it what else has arrived. */
static bool read_more(void)
{
    uint8_t bytes[CHUNK_BYTES];
    TickType_t ticks = ticks_left();
    if (ticks == 0 || uart_read_bytes(PORT, bytes, 1, ticks) != 1) {
        return false;
    }
    size_t waiting = 0;
    uart_get_buffered_data_len(PORT, &waiting);
    size_t wanted = waiting < CHUNK_BYTES - 1 ? waiting : CHUNK_BYTES - 1;
    int rest = wanted > 0 ? uart_read_bytes(PORT, bytes + 1, (uint32_t)wanted, 0) : 0;
    tinybms_parser_put(&s_parser, bytes, 1u + (rest > 0 ? (size_t)rest : 0u));
    return true;
}

/* The next reply on the wire. A wrong checksum ends the wait only when nothing after it may still become a reply. */
static esp_err_t receive_any(tinybms_reply_t *reply)
{
    bool corrupt = false;
    for (;;) {
        tinybms_parsed_t parsed = tinybms_parser_next(&s_parser, reply);
        if (parsed == TINYBMS_PARSED_REPLY) {
            return ESP_OK;
        }
        corrupt = corrupt || parsed == TINYBMS_PARSED_BAD_CRC;
        bool starved = parsed == TINYBMS_PARSED_NOTHING;
        if (starved && ((corrupt && s_parser.length == 0) || !read_more())) {
            return corrupt ? ESP_ERR_INVALID_CRC : ESP_ERR_TIMEOUT;
        }
    }
}

typedef bool (*answers_t)(const tinybms_reply_t *reply, uint16_t address);

static bool is_value(const tinybms_reply_t *reply, uint16_t address)
{
    bool addressed = reply->kind == TINYBMS_REPLY_VALUE_OF && reply->address == address;
    bool plain = reply->kind == TINYBMS_REPLY_VALUE && !(s_dialect_known && s_echo);
    return addressed || plain;
}

static bool is_ack(const tinybms_reply_t *reply, uint16_t address)
{
    (void)address;
    return reply->kind == TINYBMS_REPLY_ACK;
}

static esp_err_t receive(answers_t answers, uint16_t address, tinybms_reply_t *reply)
{
    esp_err_t result;
    do {
        result = receive_any(reply);
        if (result == ESP_OK && reply->kind == TINYBMS_REPLY_NACK) {
            result = ESP_FAIL;
        }
    } while (result == ESP_OK && !answers(reply, address));
    tinybms_count_exchange(result);
    return result;
}

/* Whichever reply comes shows the dialect: it may be the late one to an earlier request. */
static void note_dialect(esp_err_t result, const tinybms_reply_t *reply)
{
    if (result == ESP_OK) {
        s_echo = reply->kind == TINYBMS_REPLY_VALUE_OF;
        s_dialect_known = true;
    } else if (result == ESP_ERR_TIMEOUT && !s_dialect_known) {
        s_echo = !s_echo;
    }
}

esp_err_t tinybms_wire_receive_value(uint16_t address, uint16_t *value)
{
    tinybms_reply_t reply;
    esp_err_t result = receive(is_value, address, &reply);
    note_dialect(result, &reply);
    if (result == ESP_OK) {
        *value = reply.value;
    }
    return result;
}

esp_err_t tinybms_wire_receive_ack(void)
{
    tinybms_reply_t reply;
    return receive(is_ack, 0, &reply);
}
