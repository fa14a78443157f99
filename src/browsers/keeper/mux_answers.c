/* From the browser to clients: answers to their calls, events of their sessions. */
#include "base/log.h"
#include "base/memory.h"
#include "browsers/keeper/method_policy.h"
#include "browsers/keeper/mux_internal.h"
#include <stdio.h>
#include <string.h>

/* `head` + body + the session, unless that is the client's root. */
static void send_enveloped(struct mux_client *client, const struct session *session, const char *head,
                           struct cdp_span body, struct block *block) {
    char tail[CDP_SESSION_ID_MAX + 32] = "}";
    if (client->left)
        return;
    if (session && session != client->root)
        snprintf(tail, sizeof(tail), ",\"sessionId\":\"%s\"}", session->id);
    const uv_buf_t parts[] = {PART(head), span_part(body), PART(tail)};
    client->mux->outputs.to_client(client->connection, parts, ARRAY_LENGTH(parts), block);
}

static void take_answer(struct mux *mux, const struct cdp_envelope *message, struct block *block) {
    struct call *open = call_find(&mux->calls, message->id);
    if (!open)
        return; /* its client or session has gone */
    struct call call = *open;
    mux_close_call(mux, open);
    if (!call.client) {
        if (call.answered)
            call.answered(call.user, message);
        return;
    }
    char head[64];
    bool failed = message->error.data;
    struct cdp_span body = failed ? message->error : message->result;
    snprintf(head, sizeof(head), "{\"id\":%lld,\"%s\":", (long long)call.client_id, failed ? "error" : "result");
    send_enveloped(call.client, call.session, head, body.data ? body : (struct cdp_span){"{}", 2}, block);
}

/* Chromium's own pages (its address bar's popup is one) hold rights that no page has. Clients do not see them and get
 * no session in them. */
static bool is_hidden_target(const struct cdp_envelope *event) {
    struct cdp_span target, url;
    char start[METHOD_URL_START];
    if (cdp_span_get(event->params, "targetInfo", &target) < 0 || cdp_span_get(target, "url", &url) < 0 ||
        url.length < 2)
        return false;
    snprintf(start, sizeof(start), "%.*s", (int)(url.length - 2), url.data + 1);
    return !method_target_is_allowed(start);
}

static bool is_visible(struct mux *mux, struct session *session, const struct cdp_envelope *event) {
    return !is_hidden_target(event);
}

/* A hidden target goes on as if nobody had attached. */
static void let_go(struct mux *mux, const struct session *parent, const char *id) {
    char params[CDP_SESSION_ID_MAX + 32];
    snprintf(params, sizeof(params), "{\"sessionId\":\"%s\"}", id);
    mux_call_in(mux, id, "Runtime.runIfWaitingForDebugger", "{}", NULL, NULL);
    mux_call_in(mux, parent->id, "Target.detachFromTarget", params, NULL, NULL);
}

static bool session_announced(struct mux *mux, struct session *parent, const struct cdp_envelope *event) {
    char id[CDP_SESSION_ID_MAX];
    if (cdp_span_get_string(event->params, "sessionId", id, sizeof(id)) < 0 || !mux_is_plain_name(id))
        return false;
    if (is_hidden_target(event)) {
        let_go(mux, parent, id);
        return false;
    }
    if (mux->sessions.count >= MUX_SESSIONS_MAX)
        return false;
    session_add(&mux->sessions, id, parent->owner, parent);
    return true;
}

static struct session *session_of(const struct mux *mux, const struct session *parent,
                                  const struct cdp_envelope *event) {
    char id[CDP_SESSION_ID_MAX];
    if (cdp_span_get_string(event->params, "sessionId", id, sizeof(id)) < 0)
        return NULL;
    struct session *session = session_find(&mux->sessions, id);
    return session && session->parent == parent ? session : NULL;
}

static bool session_is_known(struct mux *mux, struct session *parent, const struct cdp_envelope *event) {
    return session_of(mux, parent, event);
}

static void session_ended(struct mux *mux, struct session *parent, const struct cdp_envelope *event) {
    mux_forget_session(mux, session_of(mux, parent, event));
}

static void target_crashed(struct mux *mux, struct session *session, const struct cdp_envelope *event) {
    mux->outputs.target_crashed(mux->user);
}

/* Events that the keeper acts on: before they are passed on, and whether they are; and after that. */
static const struct watched_event {
    const char *method;
    bool (*before)(struct mux *mux, struct session *session, const struct cdp_envelope *event);
    void (*after)(struct mux *mux, struct session *session, const struct cdp_envelope *event);
} watched_events[] = {
    {"Target.attachedToTarget", session_announced, NULL},
    {"Target.detachedFromTarget", session_is_known, session_ended},
    {"Target.targetCreated", is_visible, NULL},
    {"Target.targetInfoChanged", is_visible, NULL},
    {"Target.targetCrashed", NULL, target_crashed},
    {"Inspector.targetCrashed", NULL, target_crashed},
};

static const struct watched_event *find_watched(const char *method) {
    static const struct watched_event other;
    for (size_t i = 0; i < ARRAY_LENGTH(watched_events); i++)
        if (!strcmp(watched_events[i].method, method))
            return &watched_events[i];
    return &other;
}

static void take_event(struct mux *mux, const struct cdp_envelope *event, struct block *block) {
    char head[CDP_METHOD_MAX + 32];
    struct session *session = *event->session_id ? session_find(&mux->sessions, event->session_id) : NULL;
    if (!session || !mux_is_plain_name(event->method))
        return;
    const struct watched_event *watched = find_watched(event->method);
    if (watched->before && !watched->before(mux, session, event))
        return;
    struct mux_client *client = session->owner;
    snprintf(head, sizeof(head), "{\"method\":\"%s\",\"params\":", event->method);
    if (!client->insider)
        send_enveloped(client, session, head, event->params.data ? event->params : (struct cdp_span){"{}", 2}, block);
    else if (!client->left)
        client->insider->event(client->connection, event);
    if (watched->after)
        watched->after(mux, session, event);
}

/* Said at the first, second, fourth, eighth...: a hijacked browser could say nothing else, as fast as the pipe takes.
 */
static void note_nonsense(struct mux *mux, const struct error *e) {
    mux->nonsense++;
    if (!(mux->nonsense & (mux->nonsense - 1)))
        log_warning(e, "the browser sent something that is no CDP message",
                    LOG_INT("replinet.messages", (int64_t)mux->nonsense));
}

void mux_from_browser(struct mux *mux, const char *message, size_t length, struct block *block) {
    struct cdp_envelope envelope;
    struct error e;
    mux->counters.from_browser++;
    if (cdp_scan_trusted(message, length, &envelope, &e) < 0) {
        note_nonsense(mux, &e);
        return;
    }
    if (envelope.has_id)
        take_answer(mux, &envelope, block);
    else
        take_event(mux, &envelope, block);
}

void mux_answer_too_large(struct mux *mux, int64_t id, size_t limit) {
    char text[128];
    struct call *open = call_find(&mux->calls, id);
    if (!open || !open->client)
        return;
    struct call call = *open;
    struct mux_client *client = call.client;
    mux_close_call(mux, open);
    snprintf(text, sizeof(text), "The answer is larger than %zu MB (CDP_MESSAGE_MAX_MB).", limit >> 20);
    mux_answer_error(client, call.client_id, call.session && call.session != client->root ? call.session->id : "",
                     CDP_SERVER_ERROR, text);
}
