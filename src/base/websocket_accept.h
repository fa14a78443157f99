/* The one computation of the WebSocket handshake (RFC 6455, 1.3), needed by both ends: the answer to a
 * Sec-WebSocket-Key. SHA-1 is used for nothing else, so no crypto library is loaded for it. Any thread. */
#pragma once

#include <stddef.h>

#define WEBSOCKET_KEY_SIZE    25 /* base64 of 16 bytes and a NUL */
#define WEBSOCKET_ACCEPT_SIZE 29 /* base64 of 20 bytes and a NUL */

/* A fresh random key for a client. Returns `key`. */
char *websocket_make_key(char key[WEBSOCKET_KEY_SIZE]);

/* The value of Sec-WebSocket-Accept. -EINVAL when `key` is not the base64 of 16 bytes. */
int websocket_accept(const char *key, char accept[WEBSOCKET_ACCEPT_SIZE]);
