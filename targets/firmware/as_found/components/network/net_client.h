/*
 * net_client.h: requests to the S3 gateway.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Blocks until the answer or the time-out (5 s). True when the gateway answered with a 2xx status. */
bool net_client_send_http_request(const char *path, const char *method, const char *body, size_t length);

#ifdef __cplusplus
}
#endif
#endif
