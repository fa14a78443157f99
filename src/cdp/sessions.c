#include "cdp/sessions.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* A page that opens frames without end must not fill the run's memory with rows. */
#define SESSIONS_MAX 4096

/* How long a session may be going before that is a crash. A process that died is told as a crash, one that ended in
 * good order as gone: that is what closing does, and hardly anything else. */
#define CRASHED_MS 1000
#define GONE_MS    5000

struct cdp_session {
    char id[CDP_SESSION_ID_MAX], parent[CDP_SESSION_ID_MAX], target[CDP_SESSION_ID_MAX];
    enum cdp_life life;
    int64_t due_ms; /* of one that is going: when it counts as crashed */
    bool losing;
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

static bool on_attached(const struct event *event) {
    struct cdp_sessions *sessions = event->sessions;
    const char *id = json_text_or(event->params, "sessionId", "");
    if (!*id || find(sessions, id) || sessions->count == SESSIONS_MAX)
        return false;
    if (sessions->count == sessions->room) {
        sessions->room = sessions->room ? sessions->room * 2 : 16;
        sessions->items = memory_resize(sessions->items, sessions->room * sizeof *sessions->items);
    }
    struct cdp_session *session = &sessions->items[sessions->count++];
    *session = (struct cdp_session){0};
    copy_id(session->id, id);
    copy_id(session->parent, event->session_id);
    copy_id(session->target, json_text_or(json_object_get(event->params, "targetInfo"), "targetId", ""));
    return false;
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

static void lose_marked(const struct event *event) {
    struct cdp_sessions *sessions = event->sessions;
    size_t kept = 0;
    mark_descendants(sessions);
    for (size_t i = 0; i < sessions->count; i++) {
        struct cdp_session *session = &sessions->items[i];
        if (session->losing)
            event->lost(event->user, session->id, CDP_LOSS_DETACHED);
        else
            sessions->items[kept++] = *session;
    }
    sessions->count = kept;
}

/* A session nobody announced is told of nevertheless. */
static void lose_unknown(const struct event *event, const char *id, enum cdp_loss loss) {
    if (!find(event->sessions, id))
        event->lost(event->user, id, loss);
}

static void lose(const struct event *event, const char *id) {
    lose_unknown(event, id, CDP_LOSS_DETACHED);
    mark(event->sessions, id);
    lose_marked(event);
}

static void go_marked(struct cdp_sessions *sessions, int64_t within_ms) {
    int64_t due = clock_deadline(within_ms);
    mark_descendants(sessions);
    for (size_t i = 0; i < sessions->count; i++) {
        struct cdp_session *session = &sessions->items[i];
        if (session->losing && session->life == CDP_LIFE_ALIVE) {
            session->life = CDP_LIFE_GOING;
            session->due_ms = due;
        }
        session->losing = false;
    }
    if (!sessions->due_ms || due < sessions->due_ms)
        sessions->due_ms = due;
}

static void go(const struct event *event, const char *id, int64_t within_ms) {
    lose_unknown(event, id, CDP_LOSS_CRASHED);
    mark(event->sessions, id);
    go_marked(event->sessions, within_ms);
}

static bool on_detached(const struct event *event) {
    lose(event, json_text_or(event->params, "sessionId", ""));
    return false;
}

static bool on_crashed(const struct event *event) {
    go(event, event->session_id, CRASHED_MS);
    return true;
}

static bool on_target_crashed(const struct event *event) {
    const char *target = json_text_or(event->params, "targetId", "");
    for (size_t i = 0; i < event->sessions->count; i++)
        event->sessions->items[i].losing = *target && !strcmp(event->sessions->items[i].target, target);
    go_marked(event->sessions, CRASHED_MS);
    return true;
}

static bool on_inspector_detached(const struct event *event) {
    bool gone = !strcmp(json_text_or(event->params, "reason", ""), "Render process gone.");
    if (gone)
        go(event, event->session_id, GONE_MS);
    else
        lose(event, event->session_id);
    return gone;
}

static bool on_reloaded(const struct event *event) {
    struct cdp_session *session = find(event->sessions, event->session_id);
    if (session)
        session->life = CDP_LIFE_ALIVE;
    return false;
}

/* A page whose process went lives on in another one when that one makes a context for it: the first, empty document of
 * a tab is left like that. */
static bool on_context(const struct event *event) {
    struct cdp_session *session = find(event->sessions, event->session_id);
    if (session && session->life == CDP_LIFE_GOING) {
        session->life = CDP_LIFE_ALIVE;
        event->lost(event->user, event->session_id, CDP_LOSS_REPLACED);
    }
    return false;
}

static const struct {
    const char *method;
    bool (*take)(const struct event *event); /* whether a process went */
} rows[] = {
    {"Target.attachedToTarget", on_attached},        {"Target.detachedFromTarget", on_detached},
    {"Target.targetCrashed", on_target_crashed},     {"Inspector.targetCrashed", on_crashed},
    {"Inspector.detached", on_inspector_detached},   {"Inspector.targetReloadedAfterCrash", on_reloaded},
    {"Runtime.executionContextCreated", on_context},
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

bool cdp_sessions_take_event(struct cdp_sessions *sessions, const char *session_id, const char *method,
                             const json_t *params, cdp_loss_handler *lost, void *user) {
    int row = row_of(method);
    struct event event = {sessions, session_id, params, lost, user};
    return row >= 0 && rows[row].take(&event);
}

bool cdp_sessions_take_crash(struct cdp_sessions *sessions, const char *session_id) {
    const struct cdp_session *session = find(sessions, session_id);
    if (!session || session->life == CDP_LIFE_CRASHED)
        return false;
    mark(sessions, session_id);
    go_marked(sessions, CRASHED_MS);
    return true;
}

static int64_t earliest_due(const struct cdp_sessions *sessions) {
    int64_t earliest = 0;
    for (size_t i = 0; i < sessions->count; i++) {
        const struct cdp_session *session = &sessions->items[i];
        if (session->life == CDP_LIFE_GOING && (!earliest || session->due_ms < earliest))
            earliest = session->due_ms;
    }
    return earliest;
}

bool cdp_sessions_settle(struct cdp_sessions *sessions, cdp_loss_handler *lost, void *user) {
    int64_t now = clock_monotonic_ms();
    if (!sessions->due_ms || sessions->due_ms > now)
        return false;
    for (size_t i = 0; i < sessions->count; i++) {
        struct cdp_session *session = &sessions->items[i];
        if (session->life != CDP_LIFE_GOING || session->due_ms > now)
            continue;
        session->life = CDP_LIFE_CRASHED;
        lost(user, session->id, CDP_LOSS_CRASHED);
    }
    sessions->due_ms = earliest_due(sessions);
    return true;
}

enum cdp_life cdp_sessions_life(const struct cdp_sessions *sessions, const char *session_id) {
    const struct cdp_session *session = find(sessions, session_id);
    return session ? session->life : CDP_LIFE_ALIVE;
}

void cdp_sessions_done(struct cdp_sessions *sessions) {
    free(sessions->items);
    *sessions = (struct cdp_sessions){0};
}
