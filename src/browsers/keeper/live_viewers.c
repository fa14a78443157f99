/* The WebSockets of those who watch. */
#include "base/memory.h"
#include "browsers/keeper/live_internal.h"
#include "browsers/protocol/live_protocol.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void live_tell(struct live_viewer *viewer, json_t *message) {
    cleanup_free char *text = json_print(message);
    json_decref(message);
    const uv_buf_t part = uv_buf_init(text, (unsigned)strlen(text));
    if (!viewer->leaving)
        websocket_send_text(viewer->websocket, &part, 1, NULL);
}

void live_tell_all(struct live *live, json_t *message) {
    for (struct live_viewer *viewer = live->viewers; viewer; viewer = viewer->next)
        live_tell(viewer, json_incref(message));
    json_decref(message);
}

void live_tell_holder(struct live *live, json_t *message) {
    for (struct live_viewer *viewer = live->viewers; viewer; viewer = viewer->next)
        if (live_is_holder(viewer))
            live_tell(viewer, json_incref(message));
    json_decref(message);
}

void live_refuse(struct live_viewer *viewer, enum error_code code, const char *text) {
    live_tell(viewer, json_pack("{s:s, s:s, s:s}", "type", "error", "code", error_name(code), "detail", text));
}

static json_t *tabs_json(const struct live *live) {
    json_t *tabs = json_array();
    for (const struct live_tab *tab = live->tabs; tab; tab = tab->next)
        json_array_append_new(tabs, json_pack("{s:s, s:s, s:s, s:b}", "id", tab->target, "title", tab->title, "url",
                                              tab->url, "active", tab == live->front));
    return tabs;
}

static void tell_state(struct live_viewer *viewer) {
    const struct live *live = viewer->live;
    const struct live_tab *front = live->front;
    live_tell(viewer,
              json_pack("{s:s, s:o, s:s, s:s, s:{s:I, s:I}, s:{s:b, s:b, s:s?}, s:s}", "type", "state", "tabs",
                        tabs_json(live), "title", front ? front->title : "", "url", front ? front->url : "", "viewport",
                        "width", (json_int_t)live->css_width, "height", (json_int_t)live->css_height, "control", "held",
                        (int)live->held, "mine", (int)live_is_holder(viewer), "by",
                        live->held ? live->holder_name : NULL, "run", live->run));
}

void live_tell_state(struct live *live) {
    for (struct live_viewer *viewer = live->viewers; viewer; viewer = viewer->next)
        tell_state(viewer);
}

static void from_viewer(void *user, struct block *block, size_t length) {
    struct live_viewer *viewer = user;
    if (!viewer->leaving && viewer->live->keeper->state == KEEPER_LEASED)
        live_take_message(viewer, block->data, length);
}

static void viewer_moved(void *user) {
    struct live_viewer *viewer = user;
    if (viewer->behind)
        live_send_frame(viewer);
}

static void viewer_is_gone(void *user) {
    struct live_viewer *viewer = user, **link = &viewer->live->viewers;
    struct live *live = viewer->live;
    while (*link != viewer)
        link = &(*link)->next;
    *link = viewer->next;
    live->viewer_count--;
    live_viewer_went(viewer);
    free(viewer);
    if (!live->viewer_count && !live->held)
        live_stop(live);
}

static struct live_viewer *viewer_new(struct live *live, const json_t *claims) {
    struct live_viewer *viewer = memory_alloc(sizeof(*viewer));
    viewer->live = live;
    viewer->may_control = json_bool_or(claims, "control", false);
    snprintf(viewer->subject, sizeof(viewer->subject), "%s", json_text_or(claims, "sub", ""));
    snprintf(viewer->name, sizeof(viewer->name), "%s", json_text_or(claims, "name", viewer->subject));
    return viewer;
}

static void welcome(struct live *live, struct live_viewer *viewer) {
    viewer->next = live->viewers;
    live->viewers = viewer;
    live->viewer_count++;
    live_start(live);
    live_viewer_came(viewer);
    tell_state(viewer);
    live_send_frame(viewer);
    websocket_set_reading(viewer->websocket, true);
}

int live_attach(struct live *live, int fd, const char *key, const void *head, size_t head_length, const json_t *claims,
                struct error *e) {
    static const struct websocket_events events = {from_viewer, viewer_moved, viewer_is_gone};
    if (live->viewer_count >= LIVE_VIEWERS_MAX) {
        int result = error_set(e, EMFILE, ERROR_LIMIT, "%d people watch this browser already", LIVE_VIEWERS_MAX);
        clients_refuse(fd, e);
        return result;
    }
    struct live_viewer *viewer = viewer_new(live, claims);
    int result = websocket_open(&live->keeper->loop, fd, key, head, head_length, LIVE_MESSAGE_MAX, &events, viewer,
                                &viewer->websocket, e);
    if (result < 0)
        free(viewer);
    else
        welcome(live, viewer);
    return result;
}

void live_close_all(struct live *live, unsigned code, const char *reason, const char *text) {
    for (struct live_viewer *viewer = live->viewers; viewer; viewer = viewer->next) {
        live_tell(viewer, json_pack("{s:s, s:s, s:s}", "type", "ended", "reason", reason, "text", text));
        viewer->leaving = true;
        websocket_close(viewer->websocket, code, reason);
    }
}
