/* The client's half of a WebSocket handshake: makes the request, judges the answer. No input or output of its own.
 * Owned by websocket_client.c; one thread. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "base/websocket_accept.h"
#include <llhttp.h>

#define WEBSOCKET_ANSWER_MAX 65536 /* bytes of head, or of a refusal with its body */

struct websocket_handshake {
    llhttp_t parser;
    char accept[WEBSOCKET_ACCEPT_SIZE]; /* what the server must answer */
    struct text name, value;            /* the header being read */
    bool upgraded, connected, accepted; /* the three headers that must be there */
    bool complete;                      /* the answer ended */
    struct text body;                   /* of a refusal */
    size_t total;
};

void websocket_handshake_start(struct websocket_handshake *handshake, const char *host, int port, const char *path,
                               struct text *ret_request);
void websocket_handshake_done(struct websocket_handshake *handshake);

/* Takes the next bytes of the answer. 1: the connection is a WebSocket now and bytes from *ret_used on are frames;
 * 0: more is needed; -errno: refused (the door's own error) or no WebSocket server (-EPROTO). */
int websocket_handshake_feed(struct websocket_handshake *handshake, const char *data, size_t length, size_t *ret_used,
                             struct error *e);
