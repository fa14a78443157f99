/* The insides of a page, shared by page.c (opening, navigating), page_events.c and page_world.c. */
#pragma once

#include "agent/page.h"

#define PAGE_SESSIONS_MAX  128
#define PAGE_DOWNLOADS_MAX 256
#define PAGE_ID_SIZE       129
/* Console lines that are reported; afterwards the page's console is no longer listened to. */
#define PAGE_CONSOLE_MAX 200
/* Dialogs of a page that are told; whenever so many came, its document gets no further ones (on_dialog). */
#define PAGE_DIALOGS_MAX  50
#define PAGE_SILENCED_MAX 20
#define PAGE_WORLD_NAME   "replinet"
/* The binding that tells acts of a person (page/record.js), and what one may take in bytes. */
#define PAGE_ACTED   "replinetActed"
#define PAGE_ACT_MAX 65536

struct page_session {
    char id[PAGE_ID_SIZE], frame[PAGE_ID_SIZE], parent[PAGE_ID_SIZE];
    bool has_world; /* `world` is the context in which the library is installed */
    int64_t world;
    int64_t roots_world, roots_next_ms, roots_pause_ms; /* when closed shadow roots were last asked for, and of what */
    int64_t told_world; /* the parent's context that knows this frame's element; -1: none */
};

struct page {
    struct cdp_client *client;
    struct page_listener listener;
    char target[PAGE_ID_SIZE], loader[PAGE_ID_SIZE];
    char coming[PAGE_ID_SIZE]; /* loader of the document that a navigation is to bring; "": none was told of */
    bool coming_shows;         /* that is more than an empty one */
    struct page_session sessions[PAGE_SESSIONS_MAX];
    size_t session_count;
    bool reached[PAGE_QUIET + 1];              /* of the document that is there now */
    int64_t commits, within;                   /* documents that came; moves within one, as by history.pushState */
    int64_t unfinished;                        /* the commit whose document never came whole: not waited for again */
    bool navigation_asked, navigation_started; /* of the main frame, not committed yet */
    int64_t navigation_asked_ms;
    int64_t context_resets;      /* changes whenever a world may have gone */
    bool crashed, closed, shown; /* shown: more than an empty document */
    struct dialogs *dialogs;
    struct page_download downloads[PAGE_DOWNLOADS_MAX];
    size_t download_count;
    json_t *chooser; /* Page.fileChooserOpened with its "session"; NULL */
    json_t *drag;    /* what the browser handed over when a drag began; NULL */
    int console_lines, dialogs_told;
    bool recorded;        /* what a person does is told (page_record) */
    char *recorded_url;   /* where it was then; NULL: not known */
    bool moved_by_itself; /* the page asked for the navigation that is under way */
    bool moved_by_person; /* a person has asked for one (page_expect_move) */
};

bool page_is_navigating(const struct page *page);
/* 0, or why nothing can be asked of the page any more. */
int page_check_alive(const struct page *page, struct error *e);
struct page_session *page_find_session(struct page *page, const char *session_id);
/* Asks a new session for its events (no waiting): also called from within events. */
void page_listen_worker(struct page *page, const char *session_id, const char *type);
void page_listen_session(struct page *page, const char *session_id);
