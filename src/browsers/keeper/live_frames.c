/* Pictures: Chromium's screencast of the tab in front, passed on as fast as the fastest viewer takes it.
 *
 * Every tab is cast, because only a tab that is in front sends pictures: the first one that comes tells which it is.
 * Chromium sends two frames ahead of their acknowledgement; holding it back is what slows it down. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/keeper/live_internal.h"
#include "browsers/protocol/live_protocol.h"
#include <stdlib.h>
#include <string.h>

#define PACE_MS      40                   /* at most 25 pictures a second */
#define QUEUED_MOST  ((size_t)512 * 1024) /* a viewer with more bytes on the way gets the next picture later */
#define QUALITY_USED 60                   /* when no viewer says */
#define WIDTH_USED   1280

static int64_t wish(int64_t wanted, int64_t so_far) {
    return wanted > so_far ? wanted : so_far;
}

/* The largest wish of all viewers. */
static struct live_cast wanted_cast(const struct live *live) {
    struct live_cast cast = {0};
    for (const struct live_viewer *viewer = live->viewers; viewer; viewer = viewer->next) {
        cast.width = wish(viewer->max_width ? viewer->max_width : WIDTH_USED, cast.width);
        cast.height = wish(viewer->max_height ? viewer->max_height : WIDTH_USED, cast.height);
        cast.quality = wish(viewer->quality ? viewer->quality : QUALITY_USED, cast.quality);
    }
    return cast;
}

void live_cast_tab(struct live *live, struct live_tab *tab) {
    if (tab->casting)
        live_call(live, tab, "Page.stopScreencast", NULL);
    tab->casting = true;
    tab->unacknowledged = 0;
    live_call(live, tab, "Page.startScreencast",
              json_pack("{s:s, s:I, s:I, s:I}", "format", "jpeg", "quality", (json_int_t)live->cast.quality, "maxWidth",
                        (json_int_t)live->cast.width, "maxHeight", (json_int_t)live->cast.height));
}

void live_cast_again(struct live *live) {
    live->cast = wanted_cast(live);
    for (struct live_tab *tab = live->tabs; tab; tab = tab->next)
        if (*tab->session)
            live_cast_tab(live, tab);
}

void live_wishes_changed(struct live *live) {
    struct live_cast wanted = wanted_cast(live);
    if (memcmp(&wanted, &live->cast, sizeof(wanted)))
        live_cast_again(live);
}

void live_frames_start(struct live *live) {
    live->cast = wanted_cast(live);
}

void live_frames_stop(struct live *live) {
    uv_timer_stop(&live->pace);
    live->pace_runs = false;
    block_unref(take_pointer(live->frame));
    live->frame_length = 0;
}

/* The size is in the first frame header (ITU T.81, B.2.2) whose marker is SOF0 or SOF2. */
static bool read_jpeg_size(const unsigned char *data, size_t length, unsigned *ret_width, unsigned *ret_height) {
    for (size_t at = 2; at + 9 < length && data[at] == 0xff;) {
        if (data[at + 1] == 0xc0 || data[at + 1] == 0xc2) {
            *ret_height = (unsigned)data[at + 5] << 8 | data[at + 6];
            *ret_width = (unsigned)data[at + 7] << 8 | data[at + 8];
            return true;
        }
        at += 2 + ((size_t)data[at + 2] << 8 | data[at + 3]);
    }
    return false;
}

static char *put(char *at, uint32_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (char)(value >> (8 * i));
    return at;
}

static void keep_frame(struct live *live, const unsigned char *jpeg, size_t length, unsigned width, unsigned height) {
    block_unref(live->frame);
    live->frame = block_new(LIVE_FRAME_HEAD + length);
    live->frame_length = LIVE_FRAME_HEAD + length;
    char *at = put(live->frame->data, ++live->sequence, 4);
    at = put(at, width, 2);
    at = put(at, height, 2);
    at = put(at, (uint32_t)live->css_width, 2);
    at = put(at, (uint32_t)live->css_height, 2);
    at = put(at, (uint32_t)clock_monotonic_ms(), 4);
    memcpy(at, jpeg, length);
}

/* The view's size in CSS pixels; false when the event does not say. */
static bool read_view(struct live *live, struct cdp_span params, bool *ret_changed) {
    struct cdp_span raw;
    cleanup_json json_t *metadata = NULL;
    if (cdp_span_get(params, "metadata", &raw) < 0 || json_parse(raw.data, raw.length, "metadata", &metadata, NULL) < 0)
        return false;
    double width = json_real_or(metadata, "deviceWidth", 0), height = json_real_or(metadata, "deviceHeight", 0);
    if (!(width >= 1 && width < 65536 && height >= 1 && height < 65536))
        return false;
    *ret_changed = live->css_width != (int64_t)width || live->css_height != (int64_t)height;
    live->css_width = (int64_t)width;
    live->css_height = (int64_t)height;
    return true;
}

static bool read_frame(struct live *live, struct cdp_span params) {
    struct cdp_span text;
    cleanup_free unsigned char *jpeg = NULL;
    size_t length = 0;
    unsigned width = 0, height = 0;
    if (cdp_span_get(params, "data", &text) < 0 || text.length < 2 ||
        text_decode_base64(text.data + 1, text.length - 2, &jpeg, &length) < 0 ||
        !read_jpeg_size(jpeg, length, &width, &height))
        return false;
    keep_frame(live, jpeg, length, width, height);
    return true;
}

static bool is_ready(const struct live_viewer *viewer) {
    return !viewer->leaving && viewer->in_flight < LIVE_IN_FLIGHT && websocket_queued(viewer->websocket) < QUEUED_MOST;
}

void live_send_frame(struct live_viewer *viewer) {
    struct live *live = viewer->live;
    if (!live->frame)
        return;
    viewer->behind = !is_ready(viewer);
    if (viewer->behind)
        return;
    viewer->in_flight++;
    live->frames_sent++;
    const uv_buf_t part = uv_buf_init(live->frame->data, (unsigned)live->frame_length);
    websocket_send_binary(viewer->websocket, &part, 1, live->frame);
}

uint64_t live_frames_sent(const struct live *live) {
    return live->frames_sent;
}

static bool somebody_is_ready(const struct live *live) {
    for (const struct live_viewer *viewer = live->viewers; viewer; viewer = viewer->next)
        if (is_ready(viewer))
            return true;
    return false;
}

/* Lets Chromium go on when a viewer has room for another picture. */
static void go_on(struct live *live) {
    struct live_tab *tab = live->front;
    if (live->pace_runs || !tab || !tab->unacknowledged || !somebody_is_ready(live))
        return;
    for (; tab->unacknowledged > 0; tab->unacknowledged--)
        live_call(live, tab, "Page.screencastFrameAck", json_pack("{s:I}", "sessionId", (json_int_t)tab->cast_id));
}

static void pace_is_over(uv_timer_t *timer) {
    struct live *live = timer->data;
    live->pace_runs = false;
    go_on(live);
}

void live_take_frame(struct live *live, struct live_tab *tab, struct cdp_span params) {
    struct cdp_span number;
    bool changed = live->front != tab;
    tab->unacknowledged++;
    if (cdp_span_get(params, "sessionId", &number) == 0)
        tab->cast_id = strtoll(number.data, NULL, 10);
    if (live_is_worse_guess(live, tab))
        return;
    live->front = tab;
    bool other_view = false;
    if (!read_view(live, params, &other_view) || !read_frame(live, params))
        return;
    if (changed || other_view)
        live_tell_state(live);
    for (struct live_viewer *viewer = live->viewers; viewer; viewer = viewer->next)
        live_send_frame(viewer);
    live->pace_runs = true;
    uv_timer_start(&live->pace, pace_is_over, PACE_MS, 0);
}

void live_acknowledge(struct live_viewer *viewer, uint32_t sequence) {
    if (viewer->in_flight > 0)
        viewer->in_flight--;
    if (viewer->behind)
        live_send_frame(viewer);
    go_on(viewer->live);
}
