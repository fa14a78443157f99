/* The engine's connection: a SEQPACKET socket that only its user may open. One at a time; a new one replaces the old.
 * Replies wait in a queue while the engine is slow to read. One thread. */
#pragma once

#include "base/error.h"
#include "base/process.h"
#include "browsers/protocol/launcher_protocol.h"

struct connection_handlers {
    void (*request)(const struct launcher_request *request, int fd); /* `fd` (-1: none) is borrowed */
    void (*replaced)(void); /* another engine has come: answers to the one before are for nobody */
};

int connection_listen(const char *path, const struct process_user *engine, const struct connection_handlers *handlers,
                      struct error *e);
void connection_close(void);

/* Queues or sends a reply; dropped when no engine is connected. `fd` (-1: none) is closed in any case. */
void connection_send(const struct launcher_reply *reply, int fd);

/* A reply to `operation` with that serial and id, otherwise empty. */
struct launcher_reply connection_reply(enum launcher_operation operation, uint32_t serial, const char *id);
/* Sends such a reply with status `r` and, when it failed, the error's text. */
void connection_answer(enum launcher_operation operation, uint32_t serial, const char *id, int r,
                       const struct error *e);
