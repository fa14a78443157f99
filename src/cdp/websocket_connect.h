/* Opens a WebSocket: TCP connection and handshake, for websocket_client.c. One thread. */
#pragma once

#include "base/error.h"
#include "base/text.h"

/* A connection to the door, non-blocking: ERROR_UNAVAILABLE when nobody listens, ERROR_TIMEOUT, ERROR_CANCELLED. */
int websocket_client_connect(const char *host, int port, int64_t deadline, int interrupt_fd, struct error *e);

/* A connected, non-blocking descriptor whose handshake is done; `rest` gets the bytes that came after it.
 * ERROR_UNAVAILABLE when nobody listens, ERROR_TIMEOUT, ERROR_CANCELLED, or the door's refusal. */
int websocket_client_open(const char *host, int port, const char *path, int64_t deadline, int interrupt_fd,
                          struct text *rest, struct error *e);
