/* See the header. A call is a row in `calls` while its caller waits; answers find it by id, lost sessions by session.
 */
#include "cdp/client.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"
#include "cdp/page_json.h"
#include "cdp/sessions.h"
#include "cdp/websocket_client.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ID_LIMIT ((int64_t)1 << 31) /* the keeper takes ids below it only */

struct call {
    int64_t id;
    const char *session_id, *method;
    bool wants_tree, done;
    struct cdp_span raw; /* wants_tree false: into the socket's buffer */
    json_t *tree;
    int status; /* 0 or -errno */
    struct error error;
};

struct cdp_client {
    struct websocket *socket;
    cdp_event_handler *handler;
    cdp_idle_handler *idle; /* may be NULL */
    void *user;
    int64_t next_id;
    struct cdp_sessions sessions;
    struct text message; /* the one being written */
    struct call *calls;  /* those somebody waits for now: consecutive ids */
    size_t call_count;
    enum end_reason announced; /* by Replinet.ending */
};

static size_t message_max(void) {
    return (size_t)config_int(CONFIG_CDP_MESSAGE_MAX_MB) << 20;
}

static struct cdp_client *client_of(struct websocket *socket) {
    struct cdp_client *client = memory_alloc(sizeof *client);
    client->socket = socket;
    client->next_id = 1;
    return client;
}

int cdp_connect(const char *host, int port, const char *path, int64_t deadline, struct cdp_client **ret_client,
                struct error *e) {
    struct websocket *socket = NULL;
    int r = websocket_connect(host, port, path, message_max(), deadline, -1, &socket, e);
    if (!r)
        *ret_client = client_of(socket);
    return r;
}

struct cdp_client *cdp_adopt(int fd) {
    return client_of(websocket_adopt(fd, NULL, 0, message_max()));
}

void cdp_client_free(struct cdp_client *client) {
    if (!client)
        return;
    websocket_free(client->socket);
    cdp_sessions_done(&client->sessions);
    text_done(&client->message);
    free(client);
}

void cdp_client_free_value(struct cdp_client **client) {
    cdp_client_free(*client);
}

void cdp_client_set_handler(struct cdp_client *client, cdp_event_handler *handler, void *user) {
    client->handler = handler;
    client->user = user;
}

void cdp_client_set_idle(struct cdp_client *client, cdp_idle_handler *idle) {
    client->idle = idle;
}

void cdp_client_set_interrupt(struct cdp_client *client, int fd) {
    websocket_set_interrupt(client->socket, fd);
}

enum end_reason cdp_client_end_reason(const struct cdp_client *client) {
    int code = websocket_close_code(client->socket), reason = code - END_REASON_CLOSE_BASE;
    if (reason > END_REASON_NONE && reason < END_REASON_COUNT)
        return (enum end_reason)reason;
    return code ? client->announced : END_REASON_NONE;
}

/* Writing */

static int append_json(const char *data, size_t length, void *user) {
    text_append(user, data, length);
    return 0;
}

static void write_message(struct text *message, int64_t id, const char *session_id, const char *method,
                          const json_t *params) {
    text_clear(message);
    text_print(message, "{\"id\":%lld,\"method\":", (long long)id);
    text_append_json(message, method, strlen(method));
    if (session_id && *session_id) {
        text_append_string(message, ",\"sessionId\":");
        text_append_json(message, session_id, strlen(session_id));
    }
    if (params) {
        text_append_string(message, ",\"params\":");
        json_dump_callback(params, append_json, message, JSON_COMPACT);
    }
    text_append_char(message, '}');
}

/* A page whose process went answers nothing; only the Page domain, served by the browser process, brings it back. */
static enum cdp_life life_for(const struct cdp_client *client, const char *session_id, const char *method) {
    return !session_id || text_starts_with(method, "Page.") ? CDP_LIFE_ALIVE
                                                            : cdp_sessions_life(&client->sessions, session_id);
}

static int send_call(struct cdp_client *client, const char *session_id, const char *method, json_t *params,
                     int64_t *ret_id, struct error *e) {
    int64_t id = client->next_id++;
    if (client->next_id == ID_LIMIT)
        client->next_id = 1;
    write_message(&client->message, id, session_id, method, params);
    json_decref(params);
    enum cdp_life life = life_for(client, session_id, method);
    if (life == CDP_LIFE_CRASHED)
        return error_set(e, EIO, ERROR_BROWSER_CRASH, "%s: the page has crashed", method);
    /* What is going is told nothing any more: whether it closes or has crashed is the answer. */
    int r = life == CDP_LIFE_GOING
                ? 0
                : websocket_client_send(client->socket, client->message.data, client->message.length, e);
    if (!r)
        *ret_id = id;
    return r;
}

int cdp_send(struct cdp_client *client, const char *session_id, const char *method, json_t *params, struct error *e) {
    int64_t id;
    return send_call(client, session_id, method, params, &id, e);
}

/* Reading: answers */

static int end_call(struct call *call, int status) {
    call->status = status;
    call->done = true;
    return status;
}

/* Chromium's own words (content/browser/devtools/devtools_session.cc) for calls whose page went away. */
static const struct {
    const char *text;
    int err;
    enum error_code code;
} losses[] = {
    {"Target crashed", EIO, ERROR_BROWSER_CRASH},
    {"Inspected target navigated or closed", ESTALE, ERROR_BROWSER},
    {"Session with given id not found.", ESTALE, ERROR_BROWSER},
};

static void fail_call(struct cdp_client *client, struct call *call, struct cdp_span error) {
    cleanup_json json_t *tree = NULL;
    page_json_parse(error, "error", &tree, NULL);
    const char *text = json_text_or(tree, "message", "an error without a message");
    const char *detail = json_text_or(tree, "data", "");
    int err = EREMOTEIO;
    enum error_code code = ERROR_BROWSER;
    for (size_t i = 0; i < ARRAY_LENGTH(losses); i++)
        if (!strcmp(losses[i].text, text))
            err = losses[i].err, code = losses[i].code;
    if (code == ERROR_BROWSER_CRASH && cdp_sessions_take_crash(&client->sessions, call->session_id))
        return; /* until it is known what became of the page */
    end_call(call, error_set(&call->error, err, code, "%s: %s%s%s%s", call->method, text, *detail ? " (" : "", detail,
                             *detail ? ")" : ""));
}

static void answer_call(struct cdp_client *client, struct call *call, const struct cdp_envelope *envelope) {
    if (envelope->error.data)
        return fail_call(client, call, envelope->error);
    if (!envelope->result.data || envelope->result.data[0] != '{') {
        error_set(&call->error, EPROTO, ERROR_PROTOCOL, "%s: the answer has no result", call->method);
        end_call(call, -EPROTO);
        return;
    }
    if (!call->wants_tree) {
        call->raw = envelope->result;
        end_call(call, 0);
        return;
    }
    end_call(call, page_json_parse(envelope->result, call->method, &call->tree, &call->error));
}

static void take_answer(struct cdp_client *client, const struct cdp_envelope *envelope) {
    for (size_t i = 0; i < client->call_count; i++)
        if (client->calls[i].id == envelope->id && !client->calls[i].done)
            return answer_call(client, &client->calls[i], envelope);
}

/* Reading: events */

/* The one form in which the handler hears of a crash. */
static void announce_crash(struct cdp_client *client, const char *session_id) {
    if (client->handler)
        client->handler(client->user, session_id, "Inspector.targetCrashed", NULL);
}

static void on_session_lost(void *user, const char *session_id, enum cdp_loss loss) {
    struct cdp_client *client = user;
    bool crash = loss == CDP_LOSS_CRASHED;
    for (size_t i = 0; i < client->call_count; i++) {
        struct call *call = &client->calls[i];
        if (call->done || strcmp(call->session_id, session_id))
            continue;
        if (loss == CDP_LOSS_REPLACED && text_starts_with(call->method, "Page.")) /* the browser process answers */
            continue;
        end_call(call,
                 error_set(&call->error, crash ? EIO : ESTALE, crash ? ERROR_BROWSER_CRASH : ERROR_BROWSER, "%s: %s",
                           call->method, crash ? "the page crashed" : "the page or frame it was for went away"));
    }
    if (crash)
        announce_crash(client, session_id);
}

static void take_event(struct cdp_client *client, const struct cdp_envelope *envelope) {
    bool ending = !strcmp(envelope->method, "Replinet.ending");
    if (!client->handler && !ending && !cdp_sessions_want(envelope->method))
        return;
    cleanup_json json_t *params = NULL;
    if (envelope->params.data)
        page_json_parse(envelope->params, envelope->method, &params, NULL); /* wrong: as if it had none */
    if (ending)
        client->announced = end_reason_from_name(json_text_or(params, "reason", ""));
    bool going = cdp_sessions_take_event(&client->sessions, envelope->session_id, envelope->method, params,
                                         on_session_lost, client);
    if (client->handler && !going)
        client->handler(client->user, envelope->session_id, envelope->method, params);
}

/* The connection's end in the keeper's words. */
static int explain_end(struct cdp_client *client, int r, struct error *e) {
    enum end_reason reason = cdp_client_end_reason(client);
    if (r == -EPIPE && reason != END_REASON_NONE)
        return error_set(e, EPIPE, ERROR_CLOSED, "the browser ended (%s): %s", end_reason_name(reason),
                         end_reason_text(reason));
    return r;
}

/* Takes one message; the socket's buffer holds it until the next. */
static int receive(struct cdp_client *client, int64_t deadline, const char **ret_data, size_t *ret_length,
                   struct error *e) {
    for (;;) {
        struct error why;
        int64_t again = client->idle ? client->idle(client->user) : INT64_MAX;
        int r = websocket_receive(client->socket, again < deadline ? again : deadline, ret_data, ret_length, &why);
        if (r == -ETIMEDOUT && again < deadline)
            continue;
        if (r < 0 && e)
            *e = why;
        return r;
    }
}

static int serve_message(struct cdp_client *client, int64_t deadline, struct error *e) {
    const char *data = NULL;
    size_t length = 0;
    struct cdp_envelope envelope;
    int64_t due = client->sessions.due_ms ? client->sessions.due_ms : INT64_MAX;
    int r = receive(client, due < deadline ? due : deadline, &data, &length, e);
    /* Only when nothing is left to be read: the word that it closed may be there already. */
    if (r == -ETIMEDOUT && cdp_sessions_settle(&client->sessions, on_session_lost, client))
        return 0;
    if (r < 0)
        return explain_end(client, r, e);
    r = cdp_scan_trusted(data, length, &envelope, e);
    if (r < 0) {
        if (e)
            e->code = ERROR_PROTOCOL;
        error_prefix(e, "the browser's message");
        return -EPROTO;
    }
    if (envelope.has_id)
        take_answer(client, &envelope);
    else if (*envelope.method)
        take_event(client, &envelope);
    return 0;
}

/* Waiting */

static bool all_done(const struct cdp_client *client) {
    for (size_t i = 0; i < client->call_count; i++)
        if (!client->calls[i].done)
            return false;
    return true;
}

/* Serves messages until every call has an outcome; what ends the wait early becomes the outcome of the rest. */
static int wait_calls(struct cdp_client *client, struct call *calls, size_t count, int64_t timeout_ms,
                      struct error *e) {
    int64_t deadline = clock_deadline(timeout_ms < 0 ? 0 : timeout_ms);
    struct error failure = {0};
    int r = 0;
    client->calls = calls;
    client->call_count = count;
    while (!r && !all_done(client))
        r = serve_message(client, deadline, &failure);
    client->calls = NULL;
    client->call_count = 0;
    for (size_t i = 0; r < 0 && i < count; i++)
        if (!calls[i].done) {
            calls[i].error = failure;
            error_prefix(&calls[i].error, "%s", calls[i].method);
            end_call(&calls[i], r);
        }
    if (r < 0 && e)
        *e = failure;
    return r;
}

static int call_once(struct cdp_client *client, struct call *call, json_t *params, int64_t timeout_ms,
                     struct error *e) {
    int r = send_call(client, call->session_id, call->method, params, &call->id, e);
    if (r < 0)
        return r;
    wait_calls(client, call, 1, timeout_ms, NULL);
    if (call->status < 0 && e)
        *e = call->error;
    return call->status;
}

int cdp_call(struct cdp_client *client, const char *session_id, const char *method, json_t *params, int64_t timeout_ms,
             json_t **ret_result, struct error *e) {
    struct call call = {.session_id = session_id ? session_id : "", .method = method, .wants_tree = ret_result != NULL};
    int r = call_once(client, &call, params, timeout_ms, e);
    if (!r && ret_result)
        *ret_result = call.tree;
    return r;
}

int cdp_call_raw(struct cdp_client *client, const char *session_id, const char *method, json_t *params,
                 int64_t timeout_ms, struct cdp_span *ret_result, struct error *e) {
    struct call call = {.session_id = session_id ? session_id : "", .method = method};
    int r = call_once(client, &call, params, timeout_ms, e);
    if (!r)
        *ret_result = call.raw;
    return r;
}

static void begin_call(struct cdp_client *client, struct cdp_request *request, struct call *call) {
    *call = (struct call){.session_id = request->session_id ? request->session_id : "",
                          .method = request->method,
                          .wants_tree = true,
                          .id = -1};
    int r = send_call(client, call->session_id, call->method, take_pointer(request->params), &call->id, &call->error);
    if (r < 0)
        end_call(call, r);
}

int cdp_call_many(struct cdp_client *client, struct cdp_request *requests, size_t count, int64_t timeout_ms,
                  struct error *e) {
    cleanup_free struct call *calls = memory_alloc(count * sizeof *calls);
    for (size_t i = 0; i < count; i++)
        begin_call(client, &requests[i], &calls[i]);
    int r = wait_calls(client, calls, count, timeout_ms, e);
    for (size_t i = 0; i < count; i++) {
        requests[i].result = calls[i].tree;
        requests[i].error = calls[i].error;
    }
    return r;
}

int cdp_wait(struct cdp_client *client, bool (*done)(void *user), void *user, int64_t deadline, struct error *e) {
    int r = 0;
    while (!r && !done(user))
        r = serve_message(client, deadline, e);
    return r;
}

int cdp_poll(struct cdp_client *client, struct error *e) {
    int r;
    do
        r = serve_message(client, 0, e);
    while (!r);
    return r == -ETIMEDOUT ? 0 : r;
}
