/* Calls that went to the browser and have no answer yet. The id on the pipe is a slot's number and how often the slot
 * was used, so it stays below 2^31, an answer finds its call at once, and a late answer to a forgotten call finds
 * nothing. Owned by the mux; the loop's thread only. */
#pragma once

#include "cdp/scanner.h"
#include <stdbool.h>

#define CALL_SLOT_BITS 16 /* at most 65536 open calls */

struct session;

typedef void call_answered(void *user, const struct cdp_envelope *answer);

struct call {
    void *client;            /* NULL: the keeper's own */
    struct session *session; /* the session it went to; NULL: the browser's */
    int64_t client_id;       /* the id that the client gave it */
    call_answered *answered; /* the keeper's own calls; may be NULL */
    void *user;
    bool used;
    uint16_t turn;
    uint32_t next_free;
};

struct call_table {
    struct call *slots;
    uint32_t room, touched; /* slots that exist, slots that were ever used */
    uint32_t first_free;    /* index + 1; 0: none */
    uint32_t open;
};

/* NULL when too many calls are open. `ret_id` goes on the pipe. The pointer holds until the next call_open. */
struct call *call_open(struct call_table *table, int32_t *ret_id);
struct call *call_find(const struct call_table *table, int64_t id);
void call_close(struct call_table *table, struct call *call);
/* Forgets the calls for which `is_over` says so. */
void call_close_if(struct call_table *table, bool (*is_over)(const struct call *, const void *), const void *what);
void call_table_done(struct call_table *table);
