/* The browser's tabs and windows. Each is a page (page.h); one of them is the current one, which steps act on. Tabs
 * that pages open are attached as they come, so that their dialogs are answered and steps can go on in them.
 *
 * Owned by the run, one thread. A page lives until its tab has closed and another one is current. */
#pragma once

#include "agent/page.h"

/* More than a person would have open; what comes after them is closed again, so that a page cannot fill the browser. */
#define TABS_MAX 24

struct tabs;

/* Takes the browser's tabs and makes one when there is none. The client's events must go to tabs_event. ret_tabs is
 * set at once, also for a failure. */
int tabs_open(struct cdp_client *client, const struct page_listener *listener, struct dialogs *dialogs,
              int64_t deadline, struct tabs **ret_tabs, struct error *e);
void tabs_free(struct tabs *tabs); /* NULL is fine */

/* To be called for every event of the client. */
void tabs_event(struct tabs *tabs, const char *session_id, const char *method, const json_t *params);

/* The current tab's page; NULL before the first one is there. */
struct page *tabs_current(const struct tabs *tabs);

/* How many are open. */
size_t tabs_count(const struct tabs *tabs);

/* One of them, the oldest is 0. Whoever waits for a page that is not the current one holds it meanwhile: it may close.
 * One page at a time. */
struct page *tabs_hold(struct tabs *tabs, size_t i);
void tabs_let_go(struct tabs *tabs);

/* The one with this target; NULL: there is none. */
struct page *tabs_find(const struct tabs *tabs, const char *target);

/* Its number among the open ones, from 1; 0: it is none of them. */
int64_t tabs_number(const struct tabs *tabs, const struct page *page);

/* Changes whenever a tab has come or a document in one. */
int64_t tabs_changes(const struct tabs *tabs);

/* The number of tabs that have come so far, open or closed. */
int64_t tabs_seen(const struct tabs *tabs);

/* [{"number", "id", "title", "url", "current"}], oldest first. */
int tabs_list(struct tabs *tabs, int64_t deadline, json_t **ret_list, struct error *e);

/* Makes the tab with this id the current one. -ENOENT when there is none. */
int tabs_switch(struct tabs *tabs, const char *id, int64_t deadline, struct error *e);

/* Opens an empty tab and makes it the current one. */
int tabs_add(struct tabs *tabs, int64_t deadline, struct error *e);

/* Waits until there is a tab that came after the first `seen` and was opened by the current one, makes it current and
 * waits for its page. */
int tabs_follow(struct tabs *tabs, int64_t seen, int64_t deadline, struct error *e);

/* The tab that tabs_follow would go to now; NULL: none. Borrowed. */
const char *tabs_opened(struct tabs *tabs, int64_t seen);

/* Closes a tab and waits until it is gone; a page that asks whether it may be left is answered by a plan for dialogs.
 */
int tabs_close(struct tabs *tabs, const char *id, int64_t deadline, struct error *e);

/* When the current tab has closed: goes to the one that opened it, else to the last one, else to a new one.
 * `ret_moved` says whether that was done. */
int tabs_settle(struct tabs *tabs, int64_t deadline, bool *ret_moved, struct error *e);
