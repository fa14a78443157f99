/* From clients to the browser: checked calls in fresh envelopes. */
#include "base/memory.h"
#include "browsers/keeper/method_policy.h"
#include "browsers/keeper/mux_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void close_caller(struct mux_client *client, const struct cdp_envelope *call) {
    client->mux->outputs.close_client(client->connection, 1000, "Browser.close");
}

static void enable_events(struct mux_client *client, const struct cdp_envelope *call) {
    client->wants_events = true;
    mux_tell_lasting(client);
}

static void set_run(struct mux_client *client, const struct cdp_envelope *call) {
    char state[16] = "";
    cdp_span_get_string(call->params, "state", state, sizeof(state));
    client->has_run = true;
    client->mux->outputs.run_is(client->mux->user, strcmp(state, "paused") ? "running" : "paused");
}

/* The LOCAL rows of method_table.h. Each is answered with an empty result first. */
static const struct {
    const char *method;
    void (*run)(struct mux_client *client, const struct cdp_envelope *call);
} local_methods[] = {
    {"Browser.close", close_caller},
    {"Replinet.enable", enable_events},
    {"Replinet.setRun", set_run},
};

static void run_local(struct mux_client *client, const struct cdp_envelope *call) {
    mux_answer_empty(client, call->id, call->session_id);
    for (size_t i = 0; i < ARRAY_LENGTH(local_methods); i++)
        if (!strcmp(local_methods[i].method, call->method))
            local_methods[i].run(client, call);
}

static void pass_on(struct mux_client *client, struct session *session, const struct cdp_envelope *call,
                    struct cdp_span params, struct block *block) {
    struct mux *mux = client->mux;
    char head[CDP_METHOD_MAX + 64], tail[CDP_SESSION_ID_MAX + 32];
    int32_t id;
    bool room = client->open_calls < MUX_CALLS_PER_CLIENT && mux->calls.open < MUX_CALLS_CLIENTS;
    struct call *open = room ? call_open(&mux->calls, &id) : NULL;
    if (!open) {
        mux_answer_error(client, call->id, call->session_id, CDP_SERVER_ERROR, "Too many calls wait for an answer.");
        return;
    }
    client->open_calls++;
    open->client = client;
    open->client_id = call->id;
    open->session = session;
    snprintf(head, sizeof(head), "{\"id\":%d,\"method\":\"%s\",\"params\":", id, call->method);
    int tail_length = snprintf(tail, sizeof(tail), ",\"sessionId\":\"%s\"}", session->id);
    const uv_buf_t parts[] = {PART(head), span_part(params), uv_buf_init(tail, (unsigned)tail_length + 1)};
    mux->outputs.to_browser(mux->user, parts, ARRAY_LENGTH(parts), block);
}

static void judge(struct mux_client *client, struct session *session, const struct cdp_envelope *call,
                  struct block *block) {
    struct method_verdict verdict;
    struct error e;
    if (method_judge(call->method, call->params, &verdict, &e) < 0) {
        client->mux->counters.refused++;
        mux_answer_error(client, call->id, call->session_id, CDP_SERVER_ERROR, e.text);
        return;
    }
    cleanup_free char *replaced = verdict.params;
    struct cdp_span params = replaced            ? (struct cdp_span){replaced, strlen(replaced)}
                             : call->params.data ? call->params
                                                 : (struct cdp_span){"{}", 2};
    if (verdict.action == METHOD_LOCAL)
        run_local(client, call);
    else
        pass_on(client, session, call, params, block);
}

static const char *complaint_about(const struct cdp_envelope *call) {
    return !call->has_id                                    ? "Message must have integer 'id' property"
           : !mux_is_plain_name(call->method)               ? "Message must have string 'method' property"
           : call->params.data && *call->params.data != '{' ? "'params' must be an object"
                                                            : NULL;
}

void mux_from_client(struct mux_client *client, struct block *block, size_t length) {
    struct cdp_envelope call;
    struct error e;
    client->mux->counters.from_clients++;
    if (!client->root)
        return; /* its root session has ended; the connection is about to */
    if (cdp_scan(block->data, length, &call, &e) < 0) {
        mux_answer_error(client, -1, "", CDP_PARSE_ERROR, e.text);
        return;
    }
    const char *complaint = complaint_about(&call);
    if (complaint) {
        mux_answer_error(client, call.has_id ? call.id : -1, "", CDP_INVALID_REQUEST, complaint);
        return;
    }
    struct session *session = *call.session_id ? session_find(&client->mux->sessions, call.session_id) : client->root;
    if (!session || session->owner != client || (*call.session_id && session == client->root))
        mux_answer_error(client, call.id, "", CDP_SESSION_NOT_FOUND, "Session with given id not found.");
    else
        judge(client, session, &call, block);
}
