/* CDP clients: a WebSocket each, joined to the mux, with back-pressure both ways.
 *
 * A client that does not read: past STALL_BYTES the pipe is not read any more, so Chromium waits, and neither is this
 * client, since whatever it sends may cause an answer; a client that has not caught up within STALL_MS is dropped,
 * because the others wait with it. A browser that does not read: no client
 * is read until it does; the ping decides about the browser. */
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/keeper/keeper_internal.h"
#include "browsers/keeper/live.h"
#include "net/websocket.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STALL_BYTES  ((size_t)16 << 20)
#define RESUME_BYTES ((size_t)2 << 20)
#define STALL_MS     5000
#define KEEPALIVE_MS 30000 /* keeps proxies between client and door from giving up on a quiet connection */
#define CLIENTS_MAX  64

struct client {
    struct client *next;
    struct keeper *keeper;
    struct websocket *websocket;
    struct mux_client *mux;
    bool ready, stalled, leaving;
};

static void set_reading(struct keeper *keeper) {
    for (struct client *client = keeper->clients; client; client = client->next)
        websocket_set_reading(client->websocket,
                              client->leaving || (client->ready && !client->stalled && !keeper->browser_stalled));
}

static void look_at_stalls(struct keeper *keeper) {
    bool stalled = false;
    for (struct client *client = keeper->clients; client; client = client->next) {
        size_t queued = websocket_queued(client->websocket);
        client->stalled = queued > (client->stalled ? RESUME_BYTES : STALL_BYTES);
        stalled |= client->stalled;
    }
    if (stalled || keeper->clients_stalled)
        set_reading(keeper);
    if (stalled == keeper->clients_stalled)
        return;
    keeper->clients_stalled = stalled;
    browser_pipe_set_reading(&keeper->pipe, !stalled);
    if (!stalled) {
        uv_timer_stop(&keeper->stall_timer);
        health_forgive(keeper);
    }
}

static void drop_stalled(uv_timer_t *timer) {
    struct keeper *keeper = timer->data;
    for (struct client *client = keeper->clients; client; client = client->next)
        if (client->stalled) {
            log_warn("a CDP client does not read; dropped", LOG_BROWSER(keeper->id),
                     LOG_INT("replinet.client.queued_bytes", websocket_queued(client->websocket)));
            websocket_drop(client->websocket);
        }
}

static void watch_stalls(struct keeper *keeper) {
    bool before = keeper->clients_stalled;
    look_at_stalls(keeper);
    if (!before && keeper->clients_stalled)
        uv_timer_start(&keeper->stall_timer, drop_stalled, STALL_MS, STALL_MS);
}

static void from_client(void *user, struct block *block, size_t length) {
    struct client *client = user;
    struct keeper *keeper = client->keeper;
    if (client->leaving || keeper->state == KEEPER_ENDING)
        return;
    lease_note_use(keeper);
    mux_from_client(client->mux, block, length);
}

static void client_moved(void *user) {
    struct client *client = user;
    watch_stalls(client->keeper);
}

static void client_is_gone(void *user) {
    struct client *client = user;
    struct keeper *keeper = client->keeper;
    struct client **link = &keeper->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    keeper->client_count--;
    mux_remove(client->mux);
    free(client);
    watch_stalls(keeper);
    lease_note_clients(keeper);
    keeper_end_if_done(keeper);
}

static void keep_alive(uv_timer_t *timer) {
    struct keeper *keeper = timer->data;
    for (struct client *client = keeper->clients; client; client = client->next)
        websocket_ping(client->websocket);
}

void clients_start(struct keeper *keeper) {
    uv_timer_init(&keeper->loop, &keeper->stall_timer);
    uv_timer_init(&keeper->loop, &keeper->keepalive_timer);
    keeper->stall_timer.data = keeper->keepalive_timer.data = keeper;
}

void clients_refuse(int fd, const struct error *why) {
    cleanup_text struct text body = {0}, answer = {0};
    text_append_string(&body, "{\"detail\":");
    text_append_json(&body, why->text, strlen(why->text));
    text_print(&body, ",\"code\":\"%s\"}\n", error_name(why->code));
    text_print(&answer,
               "HTTP/1.1 %d Refused\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
               "Connection: close\r\n\r\n%s",
               error_http_status(why->code), body.length, body.data);
    /* A fresh socket's buffer takes this at once; nobody waits for a client that is refused. */
    (void)!write(fd, answer.data, answer.length);
    close(fd);
}

int clients_attach(struct keeper *keeper, int fd, const char *key, const void *head, size_t head_length,
                   struct error *e) {
    static const struct websocket_events events = {from_client, client_moved, client_is_gone};
    if (keeper->client_count >= CLIENTS_MAX) {
        int result = error_set(e, EMFILE, ERROR_LIMIT, "the browser has %d clients already", CLIENTS_MAX);
        clients_refuse(fd, e);
        return result;
    }
    struct client *client = memory_alloc(sizeof(*client));
    size_t message_max = (size_t)config_int(CONFIG_CDP_MESSAGE_MAX_MB) << 20;
    int result =
        websocket_open(&keeper->loop, fd, key, head, head_length, message_max, &events, client, &client->websocket, e);
    if (result < 0) {
        free(client);
        return result;
    }
    client->keeper = keeper;
    client->next = keeper->clients;
    keeper->clients = client;
    keeper->client_count++;
    client->mux = mux_add(keeper->mux, client);
    uv_timer_start(&keeper->keepalive_timer, keep_alive, KEEPALIVE_MS, KEEPALIVE_MS);
    lease_note_clients(keeper);
    return 0;
}

static void to_client(void *connection, const uv_buf_t *parts, size_t count, struct block *owner) {
    struct client *client = connection;
    websocket_send_text(client->websocket, parts, count, owner);
    if (websocket_queued(client->websocket) > STALL_BYTES)
        watch_stalls(client->keeper);
}

static void client_is_ready(void *connection) {
    struct client *client = connection;
    client->ready = true;
    websocket_set_reading(client->websocket, !client->keeper->browser_stalled);
}

static void close_client(void *connection, unsigned code, const char *reason) {
    struct client *client = connection;
    client->leaving = true;
    websocket_close(client->websocket, code, reason);
}

void clients_close_all(struct keeper *keeper, unsigned code, const char *reason) {
    for (struct client *client = keeper->clients; client; client = client->next)
        close_client(client, code, reason);
    uv_timer_stop(&keeper->keepalive_timer);
}

static void set_browser_stalled(struct keeper *keeper, bool stalled) {
    if (keeper->browser_stalled == stalled)
        return;
    keeper->browser_stalled = stalled;
    set_reading(keeper);
}

static void to_browser(void *user, const uv_buf_t *parts, size_t count, struct block *owner) {
    struct keeper *keeper = user;
    browser_pipe_write(&keeper->pipe, parts, count, owner);
    if (browser_pipe_queued(&keeper->pipe) > STALL_BYTES)
        set_browser_stalled(keeper, true);
}

static void target_crashed(void *user) {
    health_look_at_memory(user);
}

static void run_is(void *user, const char *state) {
    struct keeper *keeper = user;
    live_set_run(keeper->live, state);
    lease_note_run(keeper, !strcmp(state, "paused"));
}

const struct mux_outputs clients_mux_outputs = {to_browser,   to_client,      client_is_ready,
                                                close_client, target_crashed, run_is};

static void from_browser(void *user, const char *message, size_t length, struct block *block) {
    struct keeper *keeper = user;
    mux_from_browser(keeper->mux, message, length, block);
}

static void answer_too_large(void *user, int64_t id) {
    struct keeper *keeper = user;
    log_warn("a message from the browser was too large", LOG_BROWSER(keeper->id));
    mux_answer_too_large(keeper->mux, id, keeper->pipe.message_max);
}

static void browser_reads(void *user) {
    struct keeper *keeper = user;
    if (browser_pipe_queued(&keeper->pipe) < RESUME_BYTES)
        set_browser_stalled(keeper, false);
}

static void browser_is_gone(void *user) {
    struct keeper *keeper = user;
    keeper->browser_gone = true;
    keeper_end(keeper, health_explain_end(keeper));
    keeper_end_if_done(keeper);
}

const struct browser_pipe_events clients_pipe_events = {from_browser, answer_too_large, browser_reads, browser_is_gone};

void clients_announce_egress(struct keeper *keeper, const struct gate_event *event) {
    cleanup_json json_t *event_json = gate_event_json(event);
    cleanup_free char *params = json_print(event_json);
    mux_announce(keeper->mux, "Replinet.egress", params);
}
