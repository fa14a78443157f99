/* Clients and sessions of the mux. */
#include "base/memory.h"
#include "base/text.h"
#include "browsers/keeper/mux_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mux *mux_new(const struct mux_outputs *outputs, void *user) {
    struct mux *mux = memory_alloc(sizeof(*mux));
    mux->outputs = *outputs;
    mux->user = user;
    return mux;
}

void mux_count(const struct mux *mux, struct mux_counters *ret_counters) {
    *ret_counters = mux->counters;
}

void mux_free(struct mux *mux) {
    if (!mux)
        return;
    for (struct mux_client *client; (client = mux->clients);) {
        mux->clients = client->next;
        free(client);
    }
    session_table_done(&mux->sessions);
    call_table_done(&mux->calls);
    free(mux->lasting);
    free(mux);
}

void mux_call_in(struct mux *mux, const char *session_id, const char *method, const char *params,
                 call_answered *answered, void *user) {
    cleanup_text struct text message = {0};
    int32_t id;
    struct call *call = call_open(&mux->calls, &id);
    if (!call)
        return;
    call->answered = answered;
    call->user = user;
    call->session = *session_id ? session_find(&mux->sessions, session_id) : NULL;
    text_print(&message, "{\"id\":%d,\"method\":\"%s\",\"params\":%s", id, method, params);
    if (*session_id)
        text_print(&message, ",\"sessionId\":\"%s\"", session_id);
    text_append_char(&message, '}');
    const uv_buf_t part = uv_buf_init(message.data, (unsigned)message.length + 1);
    mux->outputs.to_browser(mux->user, &part, 1, NULL);
}

void mux_call(struct mux *mux, const char *method, const char *params, call_answered *answered, void *user) {
    mux_call_in(mux, "", method, params, answered, user);
}

static void detach(struct mux *mux, const char *session_id) {
    char params[CDP_SESSION_ID_MAX + 32];
    snprintf(params, sizeof(params), "{\"sessionId\":\"%s\"}", session_id);
    mux_call(mux, "Target.detachFromTarget", params, NULL, NULL);
}

static void unlink_client(struct mux_client *client) {
    struct mux_client **link = &client->mux->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    free(client);
}

bool mux_is_plain_name(const char *name) {
    return *name && !name[strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_")];
}

static void root_is_attached(void *user, const struct cdp_envelope *answer) {
    struct mux_client *client = user;
    struct mux *mux = client->mux;
    char id[CDP_SESSION_ID_MAX] = "";
    client->awaits_root = false;
    bool good = cdp_span_get_string(answer->result, "sessionId", id, sizeof(id)) == 0 && mux_is_plain_name(id) &&
                !session_find(&mux->sessions, id); /* one that is another's: only a hijacked browser says so */
    if (client->left) {
        if (good)
            detach(mux, id);
        unlink_client(client);
    } else if (good) {
        client->root = session_add(&mux->sessions, id, client, NULL);
        if (client->insider)
            client->insider->ready(client->connection, id);
        else
            mux->outputs.client_is_ready(client->connection);
    } else if (!client->insider)
        mux->outputs.close_client(client->connection, 1011, "the browser gave no session");
}

struct mux_client *mux_add_insider(struct mux *mux, const struct mux_insider *insider, void *connection) {
    struct mux_client *client = memory_alloc(sizeof(*client));
    *client = (struct mux_client){
        .next = mux->clients, .mux = mux, .insider = insider, .connection = connection, .awaits_root = true};
    mux->clients = client;
    mux_call(mux, "Target.attachToBrowserTarget", "{}", root_is_attached, client);
    return client;
}

struct mux_client *mux_add(struct mux *mux, void *connection) {
    return mux_add_insider(mux, NULL, connection);
}

void mux_close_call(struct mux *mux, struct call *call) {
    if (call->client)
        ((struct mux_client *)call->client)->open_calls--;
    call_close(&mux->calls, call);
}

static bool went_to(const struct call *call, const void *session) {
    if (call->session != session)
        return false;
    if (call->client)
        ((struct mux_client *)call->client)->open_calls--;
    return true;
}

/* Chromium does not answer calls of a session that is gone. */
static void session_is_gone(void *user, struct session *session) {
    struct mux *mux = user;
    struct mux_client *client = session->owner;
    call_close_if(&mux->calls, went_to, session);
    if (client->root == session)
        client->root = NULL;
}

void mux_forget_session(struct mux *mux, struct session *session) {
    session_remove(&mux->sessions, session, session_is_gone, mux);
}

void mux_remove(struct mux_client *client) {
    struct mux *mux = client->mux;
    client->left = true;
    client->connection = NULL;
    if (client->has_run)
        mux->outputs.run_is(mux->user, "none");
    if (client->root) {
        detach(mux, client->root->id);
        mux_forget_session(mux, client->root);
    }
    if (!client->awaits_root) /* else root_is_attached frees it */
        unlink_client(client);
}

static void send_text(struct mux_client *client, const struct text *message) {
    const uv_buf_t part = uv_buf_init(message->data, (unsigned)message->length);
    client->mux->outputs.to_client(client->connection, &part, 1, NULL);
}

static void finish_message(struct text *message, const char *session) {
    if (*session)
        text_print(message, ",\"sessionId\":\"%s\"", session);
    text_append_char(message, '}');
}

void mux_answer_error(struct mux_client *client, int64_t id, const char *session, int code, const char *text) {
    cleanup_text struct text message = {0};
    text_append_char(&message, '{');
    if (id >= 0)
        text_print(&message, "\"id\":%lld,", (long long)id);
    text_print(&message, "\"error\":{\"code\":%d,\"message\":", code);
    text_append_json(&message, text, strlen(text));
    text_append_char(&message, '}');
    finish_message(&message, session);
    send_text(client, &message);
}

void mux_answer_empty(struct mux_client *client, int64_t id, const char *session) {
    cleanup_text struct text message = {0};
    text_print(&message, "{\"id\":%lld,\"result\":{}", (long long)id);
    finish_message(&message, session);
    send_text(client, &message);
}

static void announce(struct mux *mux, const struct text *message) {
    for (struct mux_client *client = mux->clients; client; client = client->next)
        if (client->wants_events && !client->left)
            send_text(client, message);
}

void mux_announce(struct mux *mux, const char *method, const char *params) {
    cleanup_text struct text message = {0};
    text_print(&message, "{\"method\":\"%s\",\"params\":%s}", method, params);
    announce(mux, &message);
}

void mux_announce_lasting(struct mux *mux, const char *method, const char *params) {
    mux_announce(mux, method, params);
    free(mux->lasting);
    mux->lasting = memory_print("{\"method\":\"%s\",\"params\":%s}", method, params);
}

void mux_tell_lasting(struct mux_client *client) {
    if (!client->mux->lasting)
        return;
    const struct text message = {client->mux->lasting, strlen(client->mux->lasting), 0};
    send_text(client, &message);
}
