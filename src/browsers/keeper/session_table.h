/* The CDP sessions of one browser and whose they are. A session belongs to the client whose session announced it.
 * Owned by the mux; the loop's thread only. */
#pragma once

#include "cdp/scanner.h"
#include <stdbool.h>

#define SESSION_BUCKETS 64

struct session {
    struct session *next;
    struct session *parent; /* NULL for a client's root session */
    void *owner;
    char id[CDP_SESSION_ID_MAX];
};

struct session_table {
    struct session *buckets[SESSION_BUCKETS];
    size_t count;
};

/* NULL when there is no such session. */
struct session *session_find(const struct session_table *table, const char *id);
/* The session with this id; made when it is not there yet. */
struct session *session_add(struct session_table *table, const char *id, void *owner, struct session *parent);
/* Removes the session and those that were announced in it; `gone` is called for each before it is freed. */
void session_remove(struct session_table *table, struct session *session, void (*gone)(void *user, struct session *),
                    void *user);
void session_table_done(struct session_table *table);
