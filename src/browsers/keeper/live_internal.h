/* What the files of the live view share; see live.h. */
#pragma once

#include "browsers/keeper/keeper_internal.h"
#include "browsers/keeper/live.h"
#include "net/websocket.h"

#define LIVE_TARGET_MAX  64
#define LIVE_TABS_MAX    64 /* further tabs are neither shown nor listed */
#define LIVE_VIEWERS_MAX 32
#define LIVE_NAME_MAX    128

/* A tab. */
struct live_tab {
    struct live_tab *next;
    struct live *live;
    char target[LIVE_TARGET_MAX];
    char session[CDP_SESSION_ID_MAX]; /* empty until it is attached */
    char *title, *url;
    int64_t cast_id;        /* of its screencast, for acknowledgements */
    int64_t unacknowledged; /* frames that came and were not acknowledged */
    bool casting;
    bool visible;   /* as it said last */
    bool was_there; /* before the first viewer */
};

struct live_viewer {
    struct live_viewer *next;
    struct live *live;
    struct websocket *websocket;
    char subject[LIVE_NAME_MAX], name[LIVE_NAME_MAX]; /* who it is, and what others may call it */
    bool may_control, leaving, behind;                /* behind: there is a newer frame than it was sent */
    int64_t max_width, max_height, quality;
    unsigned in_flight; /* frames sent and not acknowledged */
};

struct live_cast {
    int64_t width, height, quality;
};

struct live {
    struct keeper *keeper;
    struct mux_client *insider; /* NULL while nobody watches */
    char root[CDP_SESSION_ID_MAX];
    struct live_tab *tabs, *front; /* in the order of their making; the one that is shown */
    size_t tab_count;
    bool discovering; /* the tabs that come are those that were there before */
    char run[16];

    /* live_frames.c */
    struct live_cast cast;
    struct block *frame; /* the newest, with its head; NULL: none yet */
    size_t frame_length;
    uint32_t sequence;
    uint64_t frames_sent;
    int64_t css_width, css_height;
    uv_timer_t pace;
    bool pace_runs;

    /* live_viewers.c */
    struct live_viewer *viewers;
    size_t viewer_count;

    /* live_control.c */
    bool held;
    char holder[LIVE_NAME_MAX], holder_name[LIVE_NAME_MAX]; /* subject and name */
    uv_timer_t grace;

    /* live.c */
    uv_timer_t titles;
    int64_t chooser, dialog; /* numbers of the open ones; 0: none */
    int64_t last_number;
    char chooser_session[CDP_SESSION_ID_MAX], dialog_session[CDP_SESSION_ID_MAX];
    int64_t chooser_node;
    json_t *dialog_message; /* what viewers were told about it; NULL: none is open */
};

/* live.c */
void live_start(struct live *live);
void live_stop(struct live *live);
struct live_tab *live_find_tab(const struct live *live, const char *target);
/* A call in a tab's session or, without a tab, in the browser's; `params` is stolen (NULL: none). */
void live_call(struct live *live, const struct live_tab *tab, const char *method, json_t *params);
void live_call_in(struct live *live, const char *session, const char *method, json_t *params);

/* Clients that emulate focus (Playwright does) make every tab say that it is in front, and send pictures: of those that
 * were there before anybody watched, one that shows something goes before an empty one. */
bool live_is_worse_guess(const struct live *live, const struct live_tab *tab);

void live_bring_to_front(struct live *live, struct live_tab *tab);
/* Turns on or off what only a person who has control needs in each tab. */
void live_listen_for_control(struct live *live, struct live_tab *tab, bool on);

/* live_frames.c */
void live_frames_start(struct live *live);
void live_frames_stop(struct live *live);
void live_cast_tab(struct live *live, struct live_tab *tab);
void live_cast_again(struct live *live);
/* Begins again when the viewers' wishes together are others than they were. */
void live_wishes_changed(struct live *live);
void live_take_frame(struct live *live, struct live_tab *tab, struct cdp_span params);
void live_send_frame(struct live_viewer *viewer);
void live_acknowledge(struct live_viewer *viewer, uint32_t sequence);

/* live_viewers.c: messages are stolen. */
void live_tell(struct live_viewer *viewer, json_t *message);
void live_tell_all(struct live *live, json_t *message);
void live_tell_holder(struct live *live, json_t *message);
void live_tell_state(struct live *live);
void live_refuse(struct live_viewer *viewer, enum error_code code, const char *text);

/* live_control.c */
bool live_is_holder(const struct live_viewer *viewer);
void live_take_control(struct live_viewer *viewer);
void live_return_control(struct live *live);
void live_viewer_came(struct live_viewer *viewer);
void live_viewer_went(struct live_viewer *viewer);

/* live_input.c */
void live_take_message(struct live_viewer *viewer, const char *text, size_t length);
