/* Who has the browser in hand: one person at a time. The run's client is told (Replinet.control) and waits between two
 * steps. Whoever has control keeps it over a lost connection for LIVE_GRACE_MS. */
#include "base/log.h"
#include "base/memory.h"
#include "browsers/keeper/live_internal.h"
#include "browsers/protocol/live_protocol.h"
#include <string.h>

bool live_is_controlled(const struct live *live) {
    return live->held;
}

bool live_is_holder(const struct live_viewer *viewer) {
    return viewer->live->held && viewer->may_control && !strcmp(viewer->live->holder, viewer->subject);
}

static void announce(struct live *live) {
    cleanup_json json_t *params =
        json_pack("{s:b, s:s?}", "held", (int)live->held, "by", live->held ? live->holder_name : NULL);
    cleanup_free char *text = json_print(params);
    mux_announce_lasting(live->keeper->mux, "Replinet.control", text);
    live_tell_state(live);
}

static void listen_in_tabs(struct live *live, bool on) {
    for (struct live_tab *tab = live->tabs; tab; tab = tab->next)
        live_listen_for_control(live, tab, on);
}

void live_take_control(struct live_viewer *viewer) {
    struct live *live = viewer->live;
    if (live_is_holder(viewer))
        return;
    if (!viewer->may_control) {
        live_refuse(viewer, ERROR_FORBIDDEN, "you may watch this browser but not take it over");
        return;
    }
    if (live->held) {
        live_refuse(viewer, ERROR_CONFLICT, "somebody else has this browser in hand");
        return;
    }
    live->held = true;
    snprintf(live->holder, sizeof(live->holder), "%s", viewer->subject);
    snprintf(live->holder_name, sizeof(live->holder_name), "%s", viewer->name);
    listen_in_tabs(live, true);
    lease_note_use(live->keeper);
    announce(live);
    log_info("a person took control", LOG_BROWSER(live->keeper->id), LOG_TEXT("user.id", live->holder));
}

void live_return_control(struct live *live) {
    if (!live->held)
        return;
    live->held = false;
    uv_timer_stop(&live->grace);
    if (live->dialog) /* the run will not see it: it was not told that it opened */
        live_call_in(live, live->dialog_session, "Page.handleJavaScriptDialog", json_pack("{s:b}", "accept", 0));
    live->chooser = 0;
    listen_in_tabs(live, false);
    lease_note_use(live->keeper);
    announce(live);
    log_info("a person gave control back", LOG_BROWSER(live->keeper->id), LOG_TEXT("user.id", live->holder));
    if (!live->viewer_count)
        live_stop(live);
}

static void grace_is_over(uv_timer_t *timer) {
    live_return_control(timer->data);
}

void live_viewer_came(struct live_viewer *viewer) {
    struct live *live = viewer->live;
    if (!live_is_holder(viewer))
        return;
    uv_timer_stop(&live->grace);
    if (live->dialog_message)
        live_tell(viewer, json_incref(live->dialog_message));
}

void live_viewer_went(struct live_viewer *viewer) {
    struct live *live = viewer->live;
    if (!live_is_holder(viewer) || live->keeper->state != KEEPER_LEASED)
        return;
    for (const struct live_viewer *other = live->viewers; other; other = other->next)
        if (live_is_holder(other))
            return;
    uv_timer_start(&live->grace, grace_is_over, LIVE_GRACE_MS, 0);
}
