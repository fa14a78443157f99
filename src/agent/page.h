/* One page of the browser over CDP: its sessions (one per process that shows part of it), what has loaded, and calls
 * into the library that page/ holds, in an isolated world of each session.
 *
 * Owned by the run, one thread. Every function that waits takes a deadline (clock_deadline). -EAGAIN means that the
 * page changed underneath (navigation, a frame gone): the caller looks again. */
#pragma once

#include "agent/dialogs.h"
#include "base/json.h"
#include "cdp/client.h"

enum page_stage { PAGE_COMMIT, PAGE_DOM, PAGE_LOAD, PAGE_QUIET };

struct page;

/* What a page reports besides; each may be NULL. `data` is stolen. */
struct page_listener {
    void *user;
    void (*note)(void *user, int level /* enum log_level */, const char *kind, const char *message, json_t *data);
    /* A page, frame or worker has come and is stopped at its birth: what is sent to it now comes before its script.
     * With NULL frames are not stopped and workers not attached. Also called inside events. */
    void (*target)(void *user, const char *session_id, const char *type);
    /* A person did something in a page that is recorded (page_record): {"action", "targets", "address", "url",
     * "outside"?, ...} of page/record.js; borrowed. Called inside events. */
    void (*acted)(void *user, struct page *page, json_t *act);
};

/* A page whose target was attached to as `session_id`. tabs.c makes, frees and feeds it; `dialogs` is borrowed. */
struct page *page_make(struct cdp_client *client, const struct page_listener *listener, struct dialogs *dialogs,
                       const char *target, const char *session_id);
void page_free(struct page *page); /* NULL is fine */

/* Asks the page for its events and lets it run, when it waits for that: without waiting for the answers, or with. */
void page_listen(struct page *page);
int page_listen_now(struct page *page, int64_t deadline, struct error *e);

/* Takes an event when it is one of the page's sessions'. */
bool page_event(struct page *page, const char *session_id, const char *method, const json_t *params);
/* An event of the browser as a whole: about downloads, for the current page only. */
void page_browser_event(struct page *page, const char *method, const json_t *params);
void page_set_closed(struct page *page);

const char *page_target(const struct page *page);
/* Whether it has shown nothing but an empty document so far. */
bool page_is_blank(const struct page *page);

int page_navigate(struct page *page, const char *url, enum page_stage stage, int64_t deadline, struct error *e);
int page_wait_stage(struct page *page, enum page_stage stage, int64_t deadline, struct error *e);

/* As page_wait_stage for the document that comes after the `commits` there were (page_commits). */
int page_wait_next(struct page *page, enum page_stage stage, int64_t commits, int64_t deadline, struct error *e);
int64_t page_commits(const struct page *page);
/* The same where a move within the document counts as well (page_moves), as it does in the tab's history. */
int page_wait_moved(struct page *page, enum page_stage stage, int64_t moves, int64_t deadline, struct error *e);
int64_t page_moves(const struct page *page);
enum page_stage page_stage_of(const char *name, enum page_stage fallback);

/* Waits until no navigation of the page is under way and its document is whole. */
int page_settle(struct page *page, int64_t deadline, struct error *e);

size_t page_session_count(const struct page *page);
const char *page_session_id(const struct page *page, size_t session); /* 0 is the page itself */
/* The frame that a session shows, and the session around it (SIZE_MAX for the page itself). */
const char *page_session_frame(const struct page *page, size_t session);
size_t page_session_parent(const struct page *page, size_t session);

/* Calls a function of the library: replinet[function](...arguments). `arguments` is stolen. The answer is an object
 * with "state". */
int page_call(struct page *page, size_t session, const char *function, json_t *arguments, int64_t deadline,
              json_t **ret_answer, struct error *e);
/* The same in every session at once; ret_answers has one answer (or null) per session. */
int page_call_all(struct page *page, const char *function, json_t *arguments, int64_t deadline, json_t **ret_answers,
                  struct error *e);

/* The same where session i's first argument is item i of `firsts` (borrowed; NULL: as given). */
int page_call_each(struct page *page, const char *function, const json_t *firsts, json_t *arguments, int64_t deadline,
                   json_t **ret_answers, struct error *e);

/* Looks for closed shadow roots and shows them to the library. Whether there are new ones. Cheap when called often. */
bool page_find_closed_roots(struct page *page, int64_t deadline);
/* Hands nodes (at most 256), by their backendNodeId, to a function of a session's library. *ret_found becomes true when
 * it says true of one. */
int page_hand_over(struct page *page, size_t session, const int64_t *ids, size_t count, const char *function,
                   int64_t deadline, bool *ret_found, struct error *e);
/* page_find_closed_roots at once, however lately that was done. */
bool page_show_closed_roots(struct page *page, int64_t deadline);

/* Evaluates an expression in the library's world of a session; a value that is an object stays there and is named by
 * its objectId. The answer is Runtime.evaluate's. */
int page_world_evaluate(struct page *page, size_t session, const char *expression, int64_t deadline,
                        json_t **ret_answer, struct error *e);

/* The same as a request among others, in a world that is there already. -EAGAIN: it is not. */
int page_world_prepare(struct page *page, size_t session, const char *expression, struct cdp_request *ret_request);

/* Downloads, oldest first. */
struct page_download {
    char id[64]; /* its file's name in the transfer folder */
    char *name, *url;
    int64_t bytes;
    enum { DOWNLOAD_GOING_ON, DOWNLOAD_DONE, DOWNLOAD_FAILED } state;
};
size_t page_download_count(const struct page *page);
const struct page_download *page_download(const struct page *page, size_t i);
/* Waits until there are more than `before` downloads, which is to begin in time, and the one at `before` has ended. */
int page_wait_download(struct page *page, size_t before, int64_t begin_deadline, int64_t deadline, struct error *e);

/* What the page wants to drag (Input.DragData), when a drag began since the last call; the caller's, or NULL. */
json_t *page_take_drag(struct page *page);

/* The file chooser that the page wanted to open last (Page.fileChooserOpened with the id of its "session"); the
 * caller's, or NULL. */
bool page_has_chooser(const struct page *page);
json_t *page_take_chooser(struct page *page);

/* Recording of what a person does in the page (page/record.js); call it again and again while it goes on, since
 * documents come and go. */
void page_record(struct page *page, bool on, int64_t deadline);
/* A person has asked for another document (an address, back, reload): the next one that the page did not ask for is
 * told as {"action": "goto", "url", "fresh"?: the tab was empty}. */
void page_expect_move(struct page *page);
/* Where the page was when that was last done; "": not known. */
const char *page_recorded_url(const struct page *page);

bool page_crashed(const struct page *page);
/* Its tab has closed: by itself, or by somebody. What waits for such a page fails with -ENOLINK, ERROR_STEP. */
bool page_closed(const struct page *page);
struct cdp_client *page_client(struct page *page);
