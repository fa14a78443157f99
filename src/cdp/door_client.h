/* A blocking client of the engine's door: lease, release and inspect browsers. Used by jobs, worker and CLI. Each call
 * is one HTTP request with a deadline. Tickets are made here from the ticket key. Answers and errors are those of
 * browsers/protocol/door_protocol.h; one thread. */
#pragma once

#include "base/json.h"
#include "base/ticket.h"

#define DOOR_RETRY_MS 5000

struct door {
    const char *host; /* borrowed */
    int port;
    const struct ticket_key *key; /* borrowed */
    int interrupt_fd;             /* readable: give up with ERROR_CANCELLED; -1: none */
    int answer_ms;                /* how long an answer may take that waits for nothing; 0: 15 seconds */
};

/* From DOOR_HOST, DOOR_PORT and SECRET_KEY; when that is empty (root's command line beside a running instance) from
 * STATE_DIR/secret/secret_key. The key is written to `key_storage`, which must outlive the door. */
int door_open(struct ticket_key *key_storage, struct door *ret_door, struct error *e);

/* Leases a browser as `lease` (borrowed; keeper_protocol.h) says; waits in the engine's queue up to its queue_ms.
 * ret_browser is the door's browser object. Asking again with the same lease_id gives the same browser, so an engine
 * that restarts meanwhile is asked again for DOOR_RETRY_MS. ERROR_CAPACITY when all are busy, ERROR_UNAVAILABLE when
 * the door does not answer. */
int door_lease(const struct door *door, const char *lease_id, json_t *lease, json_t **ret_browser, struct error *e);

/* As door_lease, for a lease whose member "profile" is true: the browser begins with the profile in the file `profile`
 * (-1: an empty one; borrowed), as door_read_profile gave it. ERROR_BAD_INPUT when it is refused. */
int door_lease_with_profile(const struct door *door, const char *lease_id, json_t *lease, int profile,
                            json_t **ret_browser, struct error *e);

/* What a browser of such a lease left, after its release: `write` gets it piece by piece, as of door_read_file.
 * -ENOENT when it left none. */
int door_read_profile(const struct door *door, const char *browser_id,
                      int (*write)(void *user, const void *data, size_t length), void *user, struct error *e);

/* Ends a browser; 0 also when it is gone already. `reason` is "released" or "killed". Tries again as door_lease. */
int door_release(const struct door *door, const char *browser_id, const char *reason, struct error *e);

/* The same for whichever browser a lease has, by the id that it was asked for with. */
int door_release_lease(const struct door *door, const char *lease_id, struct error *e);

int door_get(const struct door *door, const char *browser_id, json_t **ret_browser, struct error *e);
int door_list(const struct door *door, json_t **ret_list, struct error *e); /* {"items":[...],"total"} */
/* How many browsers a user has leased for programs of their own, that of `except_lease` left out. */
int door_count_own(const struct door *door, const char *user_id, const char *except_lease, int64_t *ret_count,
                   struct error *e);
int door_statistics(const struct door *door, json_t **ret_statistics, struct error *e);
/* The same for whoever has no door open and little time. */
int door_look_at_statistics(int answer_ms, json_t **ret_statistics, struct error *e);

/* Path and query for cdp_connect: "/browsers/ID/cdp?ticket=...". free() */
int door_cdp_path(const struct door *door, const char *browser_id, char **ret_path, struct error *e);

/* The same for GET /browsers/ID/live: who watches (a user's id), what others may call them, whether they may take
 * control. */
struct door_viewer {
    const char *id, *name;
    bool may_control;
};
int door_live_path(const struct door *door, const char *browser_id, const struct door_viewer *viewer, char **ret_path,
                   struct error *e);
/* A socket to the door for a request like these, non-blocking. */
int door_connect(const struct door *door, struct error *e);

/* Reads a file of the browser's transfer folder: `write` gets it piece by piece and returns 0 or -errno to stop. */
int door_read_file(const struct door *door, const char *browser_id, const char *name,
                   int (*write)(void *user, const void *data, size_t length), void *user, struct error *e);

/* Makes a new file `name` in its transfer folder (inside: LAUNCHER_TRANSFER_PATH "/name"): `read` gives its `size`
 * bytes
 * (-1: until it returns 0) piece by piece, or -errno to stop. ERROR_CONFLICT when there is one, ERROR_TOO_LARGE past
 * TRANSFER_MAX_MB; nothing is left of a file that failed. */
int door_write_file(const struct door *door, const char *browser_id, const char *name, int64_t size,
                    ssize_t (*read)(void *user, void *data, size_t room), void *user, struct error *e);
