#include "cdp/door_client.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include "cdp/door_request.h"
#include "cdp/websocket_connect.h"
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MS      15000 /* for calls that wait for nothing */
#define RELEASE_MS     30000 /* ending a browser waits until nothing of it is left */
#define LEASE_START_MS 60000 /* beyond the queue: the browser may have to be started */
#define FILE_MS        600000
#define CONNECT_MS     5000
#define TICKET_SECONDS 60
#define RETRY_PAUSE_MS 100
#define SECRET_KEY_MAX 4096

static int read_secret(char **ret_key, struct error *e) {
    cleanup_free char *path = instance_state_path("secret/secret_key");
    int r = io_read_file(path, SECRET_KEY_MAX, ret_key, NULL, e);
    if (r < 0)
        error_hint(e, "SECRET_KEY is not set; `replinet up` makes one, starts everything, and lets root alone read it");
    return r;
}

int door_open(struct ticket_key *key_storage, struct door *ret_door, struct error *e) {
    cleanup_free char *key = *config_text(CONFIG_SECRET_KEY) ? memory_copy_text(config_text(CONFIG_SECRET_KEY)) : NULL;
    int r = key ? 0 : read_secret(&key, e);
    if (r < 0)
        return r;
    key[strcspn(key, "\r\n ")] = '\0';
    r = ticket_derive_key(key, key_storage, e);
    sodium_memzero(key, strlen(key));
    if (r < 0)
        return r;
    *ret_door = (struct door){.host = config_text(CONFIG_DOOR_HOST),
                              .port = (int)config_int(CONFIG_DOOR_PORT),
                              .key = key_storage,
                              .interrupt_fd = -1};
    return 0;
}

static int sign(const struct door *door, const char *scope, const char *browser_id, char **ret_ticket,
                struct error *e) {
    cleanup_json json_t *claims = json_pack("{s:s, s:s*, s:s}", "scope", scope, "browser", browser_id, "sub", "client");
    return ticket_sign(door->key, claims, TICKET_SECONDS, ret_ticket, e);
}

static int run_managing(const struct door *door, struct door_request request, struct text *ret_body, struct error *e) {
    cleanup_free char *ticket = NULL;
    int r = sign(door, "manage", NULL, &ticket, e);
    request.ticket = ticket;
    return r < 0 ? r : door_request_run(door, &request, ret_body, e);
}

static int parse_answer(const struct text *body, const char *what, json_t **ret_json, struct error *e) {
    json_t *json = NULL;
    if (json_parse(body->data ? body->data : "", body->length, "the door's answer", &json, e) < 0 ||
        !json_is_object(json)) {
        json_decref(json);
        return error_set(e, EPROTO, ERROR_PROTOCOL, "cannot %s: the door's answer is no JSON object", what);
    }
    *ret_json = json;
    return 0;
}

static int get_json(const struct door *door, const char *path, const char *what, json_t **ret_json, struct error *e) {
    cleanup_text struct text body = {0};
    struct door_request request = {.method = "GET",
                                   .path = path,
                                   .what = what,
                                   .deadline = clock_deadline(door->answer_ms ? door->answer_ms : ANSWER_MS)};
    int r = run_managing(door, request, &body, e);
    return r < 0 ? r : parse_answer(&body, what, ret_json, e);
}

/* True when the engine may be restarting and there is still time; waits a moment. */
static bool should_retry(const struct door *door, int r, int64_t retry_until) {
    if ((r != -ECONNREFUSED && r != -ECONNRESET) || clock_monotonic_ms() >= retry_until)
        return false;
    struct pollfd interrupt = {.fd = door->interrupt_fd, .events = POLLIN};
    poll(&interrupt, 1, RETRY_PAUSE_MS);
    return true;
}

struct profile_source {
    int fd;
    off_t at;
};

static ssize_t read_profile(void *user, void *data, size_t room) {
    struct profile_source *source = user;
    ssize_t n = pread(source->fd, data, room, source->at);
    if (n < 0)
        return -errno;
    source->at += n;
    return n;
}

static int64_t size_of(int fd) {
    struct stat st;
    return fd >= 0 && !fstat(fd, &st) ? st.st_size : 0;
}

int door_lease(const struct door *door, const char *lease_id, json_t *lease, json_t **ret_browser, struct error *e) {
    return door_lease_with_profile(door, lease_id, lease, -1, ret_browser, e);
}

int door_lease_with_profile(const struct door *door, const char *lease_id, json_t *lease, int profile,
                            json_t **ret_browser, struct error *e) {
    struct profile_source source = {.fd = profile};
    int64_t queue_ms = json_int_or(lease, "queue_ms", config_int(CONFIG_POOL_QUEUE_SECONDS) * 1000);
    int64_t wait_ms = queue_ms + LEASE_START_MS;
    const char *sub = json_text_or(lease, "thread_id", "client");
    cleanup_json json_t *claims =
        json_pack("{s:s, s:s, s:s, s:O}", "scope", "lease", "jti", lease_id, "sub", sub, "lease", lease);
    cleanup_free char *ticket = NULL;
    cleanup_text struct text body = {0};
    int r = ticket_sign(door->key, claims, wait_ms / 1000 + TICKET_SECONDS, &ticket, e);
    if (r < 0)
        return r;
    struct door_request request = {.method = "POST",
                                   .path = "/browsers",
                                   .ticket = ticket,
                                   .what = "lease a browser",
                                   .deadline = clock_deadline(wait_ms),
                                   .read = profile >= 0 ? read_profile : NULL,
                                   .upload_size = size_of(profile),
                                   .user = &source};
    int64_t retry_until = clock_deadline(DOOR_RETRY_MS);
    do
        source.at = 0, r = door_request_run(door, &request, &body, e);
    while (should_retry(door, r, retry_until));
    return r < 0 ? r : parse_answer(&body, request.what, ret_browser, e);
}

static int end(const struct door *door, const char *kind, const char *of, const char *reason, struct error *e) {
    cleanup_free char *id = door_request_escape(of);
    cleanup_free char *path = memory_print("/%s/%s?reason=%s", kind, id, reason);
    struct door_request request = {
        .method = "DELETE", .path = path, .what = "end the browser", .deadline = clock_deadline(RELEASE_MS)};
    int64_t retry_until = clock_deadline(DOOR_RETRY_MS);
    int r;
    do
        r = run_managing(door, request, NULL, e);
    while (should_retry(door, r, retry_until));
    return r == -ENOENT ? 0 : r;
}

int door_release(const struct door *door, const char *browser_id, const char *reason, struct error *e) {
    return end(door, "browsers", browser_id, reason, e);
}

int door_release_lease(const struct door *door, const char *lease_id, struct error *e) {
    return end(door, "leases", lease_id, "released", e);
}

int door_read_profile(const struct door *door, const char *browser_id,
                      int (*write)(void *user, const void *data, size_t length), void *user, struct error *e) {
    cleanup_free char *id = door_request_escape(browser_id);
    cleanup_free char *path = memory_print("/browsers/%s/profile", id);
    struct door_request request = {.method = "GET",
                                   .path = path,
                                   .what = "fetch the profile",
                                   .deadline = clock_deadline(FILE_MS),
                                   .write = write,
                                   .user = user};
    return run_managing(door, request, NULL, e);
}

int door_get(const struct door *door, const char *browser_id, json_t **ret_browser, struct error *e) {
    cleanup_free char *id = door_request_escape(browser_id);
    cleanup_free char *path = memory_print("/browsers/%s", id);
    return get_json(door, path, "look at the browser", ret_browser, e);
}

int door_list(const struct door *door, json_t **ret_list, struct error *e) {
    return get_json(door, "/browsers", "list the browsers", ret_list, e);
}

int door_count_own(const struct door *door, const char *user_id, const char *except_lease, int64_t *ret_count,
                   struct error *e) {
    cleanup_json json_t *list = NULL;
    json_t *browser;
    size_t i;
    int r = door_list(door, &list, e);
    if (r < 0)
        return r;
    *ret_count = 0;
    json_array_foreach (json_object_get(list, "items"), i, browser)
        *ret_count += !strcmp(json_text_or(browser, "user_id", ""), user_id) &&
                      !*json_text_or(browser, "thread_id", "") &&
                      strcmp(json_text_or(browser, "state", ""), "closing") &&
                      strcmp(json_text_or(browser, "lease_id", ""), except_lease);
    return 0;
}

int door_statistics(const struct door *door, json_t **ret_statistics, struct error *e) {
    return get_json(door, "/statistics", "read the statistics", ret_statistics, e);
}

int door_look_at_statistics(int answer_ms, json_t **ret_statistics, struct error *e) {
    struct ticket_key key;
    struct door door;
    int r = door_open(&key, &door, e);
    if (!r) {
        door.answer_ms = answer_ms;
        r = door_statistics(&door, ret_statistics, e);
    }
    sodium_memzero(&key, sizeof key);
    return r;
}

int door_cdp_path(const struct door *door, const char *browser_id, char **ret_path, struct error *e) {
    cleanup_free char *ticket = NULL, *id = door_request_escape(browser_id);
    int r = sign(door, "cdp", browser_id, &ticket, e);
    if (r < 0)
        return r;
    *ret_path = memory_print("/browsers/%s/cdp?ticket=%s", id, ticket);
    return 0;
}

int door_live_path(const struct door *door, const char *browser_id, const struct door_viewer *viewer, char **ret_path,
                   struct error *e) {
    cleanup_free char *ticket = NULL, *id = door_request_escape(browser_id);
    cleanup_json json_t *claims = json_pack("{s:s, s:s, s:s, s:s, s:b}", "scope", "view", "browser", browser_id, "sub",
                                            viewer->id, "name", viewer->name, "control", (int)viewer->may_control);
    int r = ticket_sign(door->key, claims, TICKET_SECONDS, &ticket, e);
    if (r < 0)
        return r;
    *ret_path = memory_print("/browsers/%s/live?ticket=%s", id, ticket);
    return 0;
}

int door_connect(const struct door *door, struct error *e) {
    return websocket_client_connect(door->host, door->port, clock_deadline(CONNECT_MS), door->interrupt_fd, e);
}

int door_read_file(const struct door *door, const char *browser_id, const char *name,
                   int (*write)(void *user, const void *data, size_t length), void *user, struct error *e) {
    cleanup_free char *id = door_request_escape(browser_id), *file = door_request_escape(name);
    cleanup_free char *path = memory_print("/browsers/%s/files/%s", id, file);
    struct door_request request = {.method = "GET",
                                   .path = path,
                                   .what = "read the file",
                                   .deadline = clock_deadline(FILE_MS),
                                   .write = write,
                                   .user = user};
    return run_managing(door, request, NULL, e);
}

int door_write_file(const struct door *door, const char *browser_id, const char *name, int64_t size,
                    ssize_t (*read)(void *user, void *data, size_t room), void *user, struct error *e) {
    cleanup_free char *id = door_request_escape(browser_id), *file = door_request_escape(name);
    cleanup_free char *path = memory_print("/browsers/%s/files/%s", id, file);
    struct door_request request = {.method = "PUT",
                                   .path = path,
                                   .what = "give the browser the file",
                                   .deadline = clock_deadline(FILE_MS),
                                   .read = read,
                                   .upload_size = size,
                                   .user = user};
    return run_managing(door, request, NULL, e);
}
