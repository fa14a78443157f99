/* The engine's side of the keeper: keeper_protocol.h over a SEQPACKET socket. */
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include "base/ticket.h"
#include "browsers/keeper/keeper_internal.h"
#include "browsers/keeper/live.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
    json_t *body;
    int *fd; /* the descriptor that came along, -1: none; set to -1 when taken */
};

static void free_handle(uv_handle_t *handle) {
    free(handle);
}

static void disconnect(struct keeper *keeper) {
    if (keeper->control_fd < 0)
        return;
    uv_close((uv_handle_t *)keeper->control, free_handle);
    close(keeper->control_fd);
    keeper->control_fd = -1;
}

/* An engine that does not read its socket is cut off; it gets a status when it comes back. */
static void send_message(struct keeper *keeper, json_t *message) {
    cleanup_free char *text = json_print(message);
    if (keeper->control_fd >= 0 && io_send_message(keeper->control_fd, text, strlen(text), NULL, 0) < 0)
        disconnect(keeper);
}

static json_t *text_or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *leased_at(const struct keeper *keeper) {
    char text[CLOCK_TEXT_SIZE];
    return text_or_null(keeper->lease ? clock_format(keeper->leased_at_us, text) : NULL);
}

static void add_status(const struct keeper *keeper, json_t *message) {
    static const char *const states[] = {"starting", "warm", "leased", "ending"};
    struct gate_counters gate;
    struct mux_counters mux;
    gate_count(keeper->gate, &gate);
    mux_count(keeper->mux, &mux);
    json_object_set_new(message, "state", json_string(states[keeper->state]));
    json_object_set_new(message, "version", json_string(keeper->version ? keeper->version : ""));
    json_object_set_new(message, "start_ms", json_integer(keeper->start_ms));
    json_object_set_new(message, "clients", json_integer((json_int_t)keeper->client_count));
    json_object_set_new(message, "lease", keeper->lease ? json_incref(keeper->lease) : json_null());
    json_object_set_new(message, "lease_id", text_or_null(keeper->lease_id));
    json_object_set_new(message, "leased_at", leased_at(keeper));
    json_object_set_new(message, "reason", text_or_null(keeper->reason ? end_reason_name(keeper->reason) : NULL));
    json_object_set_new(message, "connections", json_integer((json_int_t)gate.connections));
    json_object_set_new(message, "bytes_up", json_integer((json_int_t)gate.bytes_up));
    json_object_set_new(message, "bytes_down", json_integer((json_int_t)gate.bytes_down));
    json_object_set_new(message, "refused", json_integer((json_int_t)gate.refused));
    json_object_set_new(message, "failed", json_integer((json_int_t)gate.failed));
    json_object_set_new(message, "cdp_from_clients", json_integer((json_int_t)mux.from_clients));
    json_object_set_new(message, "cdp_from_browser", json_integer((json_int_t)mux.from_browser));
    json_object_set_new(message, "cdp_refused", json_integer((json_int_t)mux.refused));
    json_object_set_new(message, "live_frames", json_integer((json_int_t)live_frames_sent(keeper->live)));
}

void control_send_status(struct keeper *keeper) {
    if (keeper->control_fd < 0)
        return;
    cleanup_json json_t *message = json_pack("{s:s}", "op", "status");
    add_status(keeper, message);
    send_message(keeper, message);
}

static int do_status(struct keeper *keeper, struct request *request, json_t *answer, struct error *e) {
    add_status(keeper, answer);
    return 0;
}

static int do_lease(struct keeper *keeper, struct request *request, json_t *answer, struct error *e) {
    return lease_take(keeper, json_text_or(request->body, "ticket", ""), e);
}

/* A ticket for this browser, and somebody who has leased it. */
static int check_ticket(const struct keeper *keeper, const char *ticket, const char *scope, json_t **ret_claims,
                        struct error *e) {
    int result = ticket_verify(config_text(CONFIG_TICKET_PUBLIC_KEY), ticket, scope, ret_claims, e);
    if (result == 0 && strcmp(json_text_or(*ret_claims, "browser", ""), keeper->id))
        result = error_set(e, EACCES, ERROR_FORBIDDEN, "the ticket is for another browser");
    if (result == 0 && keeper->state != KEEPER_LEASED)
        result = error_set(e, EBUSY, ERROR_CONFLICT, "the browser is not leased");
    return result;
}

/* A client's socket comes in: to speak CDP ("cdp") or to watch ("view"). */
static int take_socket(struct keeper *keeper, struct request *request, const char *scope, struct error *e) {
    cleanup_free unsigned char *head = NULL;
    cleanup_json json_t *claims = NULL;
    size_t head_length = 0;
    const char *encoded = json_text_or(request->body, "head", ""), *key = json_text_or(request->body, "key", "");
    if (*request->fd < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "it came without a socket");
    int result = check_ticket(keeper, json_text_or(request->body, "ticket", ""), scope, &claims, e);
    if (result == 0 && text_decode_base64(encoded, strlen(encoded), &head, &head_length) < 0)
        result = error_set(e, EINVAL, ERROR_BAD_INPUT, "head is not base64");
    if (result < 0) {
        clients_refuse(take_fd(*request->fd), e);
        return result;
    }
    int fd = take_fd(*request->fd);
    return strcmp(scope, "cdp") ? live_attach(keeper->live, fd, key, head, head_length, claims, e)
                                : clients_attach(keeper, fd, key, head, head_length, e);
}

static int do_attach(struct keeper *keeper, struct request *request, json_t *answer, struct error *e) {
    return take_socket(keeper, request, "cdp", e);
}

static int do_watch(struct keeper *keeper, struct request *request, json_t *answer, struct error *e) {
    return take_socket(keeper, request, "view", e);
}

static int do_sleep(struct keeper *keeper, struct request *request, json_t *answer, struct error *e) {
    if (keeper->state != KEEPER_WARM)
        return error_set(e, EBUSY, ERROR_CONFLICT, "only a warm browser may sleep");
    health_watch(keeper, false);
    return 0;
}

static int do_end(struct keeper *keeper, struct request *request, json_t *answer, struct error *e) {
    enum end_reason reason = end_reason_from_name(json_text_or(request->body, "reason", ""));
    if (reason == END_REASON_NONE)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "unknown reason");
    keeper_end(keeper, reason);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(struct keeper *keeper, struct request *request, json_t *answer, struct error *e);
} operations[] = {
    {"status", do_status}, {"lease", do_lease}, {"attach", do_attach},
    {"watch", do_watch},   {"sleep", do_sleep}, {"end", do_end},
};

static int run_operation(struct keeper *keeper, const char *name, struct request *request, json_t *answer,
                         struct error *e) {
    for (size_t i = 0; i < ARRAY_LENGTH(operations); i++)
        if (!strcmp(operations[i].name, name))
            return operations[i].run(keeper, request, answer, e);
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "unknown operation");
}

static void serve(struct keeper *keeper, const char *data, size_t length, int *fd) {
    struct error e = {0};
    struct request request = {.fd = fd};
    cleanup_json json_t *body = NULL, *answer = json_object();
    int result = json_parse(data, length, "control message", &body, &e);
    request.body = body;
    const char *name = json_text_or(body, "op", "");
    if (result == 0)
        result = run_operation(keeper, name, &request, answer, &e);
    json_object_set_new(answer, "op", json_string(name));
    json_object_set_new(answer, "ok", json_boolean(result == 0));
    if (result < 0) {
        json_object_set_new(answer, "code", json_string(error_name(e.code)));
        json_object_set_new(answer, "text", json_string(e.text));
    }
    send_message(keeper, answer);
}

static void message_arrived(uv_poll_t *poll, int status, int events) {
    struct keeper *keeper = poll->data;
    cleanup_free char *data = memory_resize(NULL, KEEPER_MESSAGE_MAX);
    int fds[8];
    size_t count = ARRAY_LENGTH(fds);
    ssize_t length = status < 0 ? 0 : io_receive_message(keeper->control_fd, data, KEEPER_MESSAGE_MAX, fds, &count);
    if (length == -EAGAIN)
        return;
    if (length <= 0) {
        disconnect(keeper);
        return;
    }
    int none = -1;
    serve(keeper, data, (size_t)length, count ? &fds[0] : &none);
    for (size_t i = 0; i < count; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static bool is_engine(int fd) {
    struct process_user engine;
    struct error e;
    uid_t uid;
    pid_t pid;
    if (io_unix_peer(fd, &uid, &pid) < 0)
        return false;
    return uid == 0 || (process_find_user(INSTANCE_USER_ENGINE, &engine, &e) == 0 && engine.uid == uid);
}

static void engine_connects(uv_poll_t *poll, int status, int events) {
    struct keeper *keeper = poll->data;
    cleanup_close int fd = accept4(KEEPER_FD_CONTROL, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (!is_engine(fd)) {
        log_warn("a stranger connected to the control socket", LOG_BROWSER(keeper->id));
        return;
    }
    disconnect(keeper);
    keeper->control_fd = take_fd(fd);
    keeper->control = memory_alloc(sizeof(*keeper->control));
    uv_poll_init(&keeper->loop, keeper->control, keeper->control_fd);
    keeper->control->data = keeper;
    uv_poll_start(keeper->control, UV_READABLE, message_arrived);
    control_send_status(keeper);
}

int control_start(struct keeper *keeper, struct error *e) {
    keeper->control_fd = -1;
    int result = io_set_nonblocking(KEEPER_FD_CONTROL, true);
    if (result == 0)
        result = uv_poll_init(&keeper->loop, &keeper->listener, KEEPER_FD_CONTROL);
    if (result < 0)
        return error_errno(e, -result, ERROR_INTERNAL, "cannot serve the control socket");
    keeper->listener.data = keeper;
    uv_poll_start(&keeper->listener, UV_READABLE, engine_connects);
    return 0;
}
