#include "cdp/sessions.h"
#include "base/json.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* A page that opens frames without end must not fill the run's memory with rows. */
#define SESSIONS_MAX 4096

struct cdp_session {
    char id[CDP_SESSION_ID_MAX], parent[CDP_SESSION_ID_MAX], target[CDP_SESSION_ID_MAX];
    bool crashed, losing;
};

struct event {
    struct cdp_sessions *sessions;
    const char *session_id;
    const json_t *params;
    cdp_loss_handler *lost;
    void *user;
};

static struct cdp_session *find(const struct cdp_sessions *sessions, const char *id) {
    for (size_t i = 0; i < sessions->count; i++)
        if (!strcmp(sessions->items[i].id, id))
            return &sessions->items[i];
    return NULL;
}

static void copy_id(char to[CDP_SESSION_ID_MAX], const char *from) {
    snprintf(to, CDP_SESSION_ID_MAX, "%s", from);
}

static void on_attached(const struct event *event) {
    struct cdp_sessions *sessions = event->sessions;
    const char *id = json_text_or(event->params, "sessionId", "");
    if (!*id || find(sessions, id) || sessions->count == SESSIONS_MAX)
        return;
    if (sessions->count == sessions->room) {
        sessions->room = sessions->room ? sessions->room * 2 : 16;
        sessions->items = memory_resize(sessions->items, sessions->room * sizeof *sessions->items);
    }
    struct cdp_session *session = &sessions->items[sessions->count++];
    *session = (struct cdp_session){0};
    copy_id(session->id, id);
    copy_id(session->parent, event->session_id);
    copy_id(session->target, json_text_or(json_object_get(event->params, "targetInfo"), "targetId", ""));
}

static void mark(struct cdp_sessions *sessions, const char *id) {
    struct cdp_session *session = find(sessions, id);
    if (session)
        session->losing = true;
}

/* Spreads the mark to children until nothing changes: a tree has few levels, and its order is not known. */
static void mark_descendants(struct cdp_sessions *sessions) {
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < sessions->count; i++) {
            struct cdp_session *session = &sessions->items[i], *parent = find(sessions, session->parent);
            if (!session->losing && parent && parent->losing)
                session->losing = more = true;
        }
    }
}

static void lose_marked(const struct event *event, enum cdp_loss loss) {
    struct cdp_sessions *sessions = event->sessions;
    size_t kept = 0;
    mark_descendants(sessions);
    for (size_t i = 0; i < sessions->count; i++) {
        struct cdp_session *session = &sessions->items[i];
        bool losing = session->losing;
        session->losing = false;
        if (losing)
            event->lost(event->user, session->id, loss);
        session->crashed |= losing;
        if (!losing || loss == CDP_LOSS_CRASHED)
            sessions->items[kept++] = *session;
    }
    sessions->count = kept;
}

/* `id` may be a session nobody announced: it is told of nevertheless. */
static void lose(const struct event *event, const char *id, enum cdp_loss loss) {
    if (!find(event->sessions, id))
        event->lost(event->user, id, loss);
    mark(event->sessions, id);
    lose_marked(event, loss);
}

static void on_detached(const struct event *event) {
    lose(event, json_text_or(event->params, "sessionId", ""), CDP_LOSS_DETACHED);
}

static void on_crashed(const struct event *event) {
    lose(event, event->session_id, CDP_LOSS_CRASHED);
}

static void on_target_crashed(const struct event *event) {
    const char *target = json_text_or(event->params, "targetId", "");
    for (size_t i = 0; i < event->sessions->count; i++)
        event->sessions->items[i].losing = *target && !strcmp(event->sessions->items[i].target, target);
    lose_marked(event, CDP_LOSS_CRASHED);
}

static void on_inspector_detached(const struct event *event) {
    bool crash = !strcmp(json_text_or(event->params, "reason", ""), "Render process gone.");
    lose(event, event->session_id, crash ? CDP_LOSS_CRASHED : CDP_LOSS_DETACHED);
}

static void on_reloaded(const struct event *event) {
    struct cdp_session *session = find(event->sessions, event->session_id);
    if (session)
        session->crashed = false;
}

static const struct {
    const char *method;
    void (*take)(const struct event *event);
} rows[] = {
    {"Target.attachedToTarget", on_attached},      {"Target.detachedFromTarget", on_detached},
    {"Target.targetCrashed", on_target_crashed},   {"Inspector.targetCrashed", on_crashed},
    {"Inspector.detached", on_inspector_detached}, {"Inspector.targetReloadedAfterCrash", on_reloaded},
};

static int row_of(const char *method) {
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (!strcmp(rows[i].method, method))
            return (int)i;
    return -1;
}

bool cdp_sessions_want(const char *method) {
    return row_of(method) >= 0;
}

void cdp_sessions_take_event(struct cdp_sessions *sessions, const char *session_id, const char *method,
                             const json_t *params, cdp_loss_handler *lost, void *user) {
    int row = row_of(method);
    struct event event = {sessions, session_id, params, lost, user};
    if (row >= 0)
        rows[row].take(&event);
}

bool cdp_sessions_is_crashed(const struct cdp_sessions *sessions, const char *session_id) {
    const struct cdp_session *session = find(sessions, session_id);
    return session && session->crashed;
}

void cdp_sessions_done(struct cdp_sessions *sessions) {
    free(sessions->items);
    *sessions = (struct cdp_sessions){0};
}
