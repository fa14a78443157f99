/* Browsers: leased for a program of the caller's own, listed, ended; files for them. Their WebSockets are live.c's.
 *
 * A browser is the engine's; PostgreSQL knows nothing of it. How many a user may have at once is counted at the door,
 * under a lock of the database, so that two requests cannot both take the last place. */
#include "api/browsers.h"
#include "agent/browser_config.h"
#include "api/relays.h"
#include "api/route_table.h"
#include "base/public_url.h"
#include "domain/browser_limits.h"
#include "domain/threads.h"
#include "domain/users.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define LINGER_MS      60000 /* a program that lost its connection may come back */
#define QUEUE_MOST_MS  10000 /* a lane's thread waits meanwhile */
#define UPLOAD_MAX     ((size_t)64 << 20)
#define LEASE_ID_BYTES 24

/* The door, for the time of a call. */
struct open_door {
    struct ticket_key key;
    struct door door;
};

static void close_door(struct open_door *open) {
    sodium_memzero(open, sizeof *open);
}
#define cleanup_door __attribute__((cleanup(close_door)))

static int no_browser(struct error *e) {
    return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no such browser");
}

static bool is_own(const struct api_call *call, const json_t *browser) {
    return !strcmp(json_text_or(browser, "user_id", ""), call->who.caller.id);
}

static bool may_see_all(const struct api_call *call) {
    return permission_allows(call->who.caller.role, PERMISSION_ALL_READ);
}

int api_find_browser(const struct api_call *call, const struct door *door, const char *id, json_t **ret_browser,
                     struct error *e) {
    cleanup_json json_t *browser = NULL;
    int r = uuid_is_valid(id) ? door_get(door, id, &browser, e) : no_browser(e);
    if (r < 0)
        return e->code == ERROR_NOT_FOUND ? no_browser(e) : r;
    if (!is_own(call, browser) && !may_see_all(call))
        return no_browser(e);
    if (ret_browser)
        *ret_browser = take_pointer(browser);
    return 0;
}

/* What clients get of the door's object. */
static json_t *describe(const json_t *browser) {
    static const char *const members[] = {"id",         "state",   "reason",    "thread_id",    "user_id",
                                          "created_at", "version", "clients",   "memory_bytes", "memory_limit_bytes",
                                          "cpu_ms",     "pids",    "leased_at", "expires_at"};
    const char *id = json_text_or(browser, "id", "");
    cleanup_free char *origin = public_url();
    const char *rest = strstr(origin, "://");
    const char *scheme = text_starts_with(origin, "https:") ? "wss" : "ws";
    json_t *json = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        json_t *value = json_object_get(browser, members[i]);
        json_object_set(json, members[i], value ? value : json_null());
    }
    cleanup_free char *cdp = memory_print("%s%s/api/v1/browsers/%s/cdp", scheme, rest, id);
    cleanup_free char *live = memory_print("%s%s/api/v1/browsers/%s/live", scheme, rest, id);
    json_object_set_new(json, "cdp_url", json_string(cdp));
    json_object_set_new(json, "live_url", json_string(live));
    return json;
}

/* Schemas. */

#define NULLABLE (SCHEMA_REQUIRED | SCHEMA_NULLABLE)

static const struct schema_field browser_fields[] = {
    {"id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "UUIDv7."},
    {"state", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("starting", "warm", "leased", "closing", "ended"),
     .doc = "How far it is."},
    {"reason", SCHEMA_TEXT, NULLABLE, .doc = "Why it ended."},
    {"thread_id", SCHEMA_ID, NULLABLE, .doc = "The thread that it works for; null for a session of one's own."},
    {"user_id", SCHEMA_ID, NULLABLE, .doc = "Whose it is."},
    {"created_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When its start began."},
    {"leased_at", SCHEMA_TIME, NULLABLE, .doc = "When it was given to its user."},
    {"expires_at", SCHEMA_TIME, NULLABLE, .doc = "When it ends at the latest."},
    {"version", SCHEMA_TEXT, NULLABLE, .doc = "What the browser calls itself."},
    {"clients", SCHEMA_INT, NULLABLE, .least = 0, .most = 9e15, .doc = "CDP clients that are connected."},
    {"memory_bytes", SCHEMA_INT, NULLABLE, .least = 0, .most = 9e15, .doc = "What it uses."},
    {"memory_limit_bytes", SCHEMA_INT, NULLABLE, .least = 0, .most = 9e15, .doc = "What it may use."},
    {"cpu_ms", SCHEMA_INT, NULLABLE, .least = 0, .most = 9e15, .doc = "CPU time that it has used."},
    {"pids", SCHEMA_INT, NULLABLE, .least = 0, .most = 9e15, .doc = "Its processes and threads."},
    {"cdp_url", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 2000,
     .doc = "For CDP clients; with Authorization, or ?token= and an API key."},
    {"live_url", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 2000, .doc = "The live view; with ?ticket=."},
    {NULL},
};
static const struct schema browser_schema = {"Browser", browser_fields, .doc = "A Chromium behind walls."};

static const struct schema_field lease_fields[] = {
    {"timeout_ms", SCHEMA_INT, .least = 1000, .most = 86400000, .doc = "Longest life."},
    {"idle_ms", SCHEMA_INT, .least = 1000, .most = 86400000, .doc = "Longest time without use."},
    {"queue_ms", SCHEMA_INT, .least = 0, .most = QUEUE_MOST_MS, .initial = "5000", .doc = "Longest wait for a place."},
    {"memory_mb", SCHEMA_INT, .least = 256, .most = 65536, .doc = "Memory limit."},
    {"cpus", SCHEMA_REAL, .least = 0.1, .most = 64, .doc = "CPU limit, cores."},
    {"allowed_domains", SCHEMA_LIST, .items = SCHEMA_TEXT, .most = 1000, .doc = "Only these may be reached."},
    {"blocked_domains", SCHEMA_LIST, .items = SCHEMA_TEXT, .most = 1000, .doc = "These may not be reached."},
    {"proxy", SCHEMA_ANY, SCHEMA_NULLABLE,
     .doc = "Upstream proxy: a URL, or an object as in an agent's browser_config."},
    {NULL},
};
static const struct schema lease_schema = {"BrowserLease", lease_fields, .doc = "A browser to lease."};

static const struct schema_field query_fields[] = {
    {"page", SCHEMA_INT, .least = 1, .most = 1000000, .initial = "1", .doc = "Which page, from 1."},
    {"size", SCHEMA_INT, .least = 1, .most = 100, .initial = "20", .doc = "Items per page."},
    {"all", SCHEMA_BOOL, .initial = "false", .doc = "Everybody's, for administrators."},
    {NULL},
};
static const struct schema query_schema = {"BrowserQuery", query_fields, .doc = "Which browsers."};

static const struct schema_field file_query_fields[] = {
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .least = 1, .most = 120, .doc = "What the file is called in the browser."},
    {NULL},
};
static const struct schema file_query_schema = {"BrowserFileQuery", file_query_fields, .doc = "Which file."};

static const struct schema_field file_fields[] = {
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "Its name."},
    {"size", SCHEMA_INT, SCHEMA_REQUIRED, .least = 0, .most = 9e15, .doc = "Its bytes."},
    {NULL},
};
static const struct schema file_schema = {"BrowserFile", file_fields, .doc = "A file for a page to take."};

/* Looking. */

static bool is_listed(const struct api_call *call, const json_t *browser, bool all) {
    return is_own(call, browser) || (all && may_see_all(call));
}

static int list_browsers(struct api_call *call, struct error *e) {
    cleanup_door struct open_door open;
    cleanup_json json_t *list = NULL, *items = json_array(), *answer = NULL;
    struct list_query query = call_list(call);
    int64_t total = 0, first = (int64_t)(query.page.number - 1) * query.page.size;
    json_t *browser;
    size_t i;
    int r = door_open(&open.key, &open.door, e);
    if (!r)
        r = door_list(&open.door, &list, e);
    if (r < 0)
        return r;
    json_array_foreach (json_object_get(list, "items"), i, browser) {
        if (!is_listed(call, browser, query.all))
            continue;
        if (total >= first && total < first + query.page.size)
            json_array_append_new(items, describe(browser));
        total++;
    }
    answer =
        json_pack("{s:O, s:I, s:i, s:i, s:I}", "items", items, "total", (json_int_t)total, "page", query.page.number,
                  "size", query.page.size, "pages", (json_int_t)((total + query.page.size - 1) / query.page.size));
    call_answer_json(call, answer);
    return 0;
}

static int get_browser(struct api_call *call, struct error *e) {
    cleanup_door struct open_door open;
    cleanup_json json_t *browser = NULL, *answer = NULL;
    int r = door_open(&open.key, &open.door, e);
    if (!r)
        r = api_find_browser(call, &open.door, call_parameter(call, "id"), &browser, e);
    if (!r)
        call_answer_json(call, answer = describe(browser));
    return r;
}

static int end_browser(struct api_call *call, struct error *e) {
    cleanup_door struct open_door open;
    cleanup_json json_t *browser = NULL;
    int r = door_open(&open.key, &open.door, e);
    if (!r)
        r = api_find_browser(call, &open.door, call_parameter(call, "id"), &browser, e);
    if (!r)
        r = door_release(&open.door, call_parameter(call, "id"),
                         *json_text_or(browser, "thread_id", "") ? "killed" : "released", e);
    return r;
}

/* Leasing. */

static int too_many(const struct api_call *call, struct error *e) {
    enum role role = call->who.caller.role;
    error_set(e, EDQUOT, ERROR_QUOTA, "a %s may have at most %lld %s", role_name(role),
              (long long)quota_limit(role, QUOTA_BROWSERS), quota_noun(QUOTA_BROWSERS));
    error_hint(e, "end what is not needed; an administrator may raise the role or its limit \"browsers\" (QUOTAS)");
    return -EDQUOT;
}

/* The same Idempotency-Key gives the same browser: the door remembers leases by their id. */
static char *lease_id_of(const struct api_call *call) {
    unsigned char hash[LEASE_ID_BYTES];
    char hex[2 * LEASE_ID_BYTES + 1], id[UUID_TEXT_SIZE];
    cleanup_free char *text =
        memory_print("%s %s", call->who.caller.id, call->idempotency_key ? call->idempotency_key : uuid_make(id));
    crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), NULL, 0);
    return memory_print("api-%s", sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

static int lease_locked(struct api_call *call, const struct door *door, json_t *lease, json_t **ret_browser,
                        struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *lease_id = lease_id_of(call);
    int64_t count = 0;
    int r = postgres_begin(call->db, &transaction, e);
    if (!r)
        r = users_lock(call->db, &call->who.caller, "browsers", e);
    if (!r)
        r = door_count_own(door, call->who.caller.id, lease_id, &count, e);
    if (!r && count >= quota_limit(call->who.caller.role, QUOTA_BROWSERS))
        return too_many(call, e);
    if (!r)
        r = door_lease(door, lease_id, lease, ret_browser, e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

/* `config` has the members of a BrowserLease. */
static int lease_browser(struct api_call *call, const struct door *door, const json_t *config, int64_t linger_ms,
                         json_t **ret_browser, struct error *e) {
    cleanup_json json_t *lease =
        json_pack("{s:s, s:I}", "user_id", call->who.caller.id, "linger_ms", (json_int_t)linger_ms);
    int r = browser_config_to_lease(config, lease, e);
    if (!r)
        r = browser_limits_apply(call->who.caller.role, lease, "", e);
    return r < 0 ? r : lease_locked(call, door, lease, ret_browser, e);
}

static int create_browser(struct api_call *call, struct error *e) {
    cleanup_door struct open_door open;
    cleanup_json json_t *browser = NULL, *answer = NULL;
    int r = door_open(&open.key, &open.door, e);
    if (!r)
        r = lease_browser(call, &open.door, call->body, LINGER_MS, &browser, e);
    if (!r)
        call_answer_json(call, answer = describe(browser));
    return r;
}

/* A browser for as long as the client is connected. */
static int connect_browser(struct api_call *call, struct error *e) {
    cleanup_door struct open_door open;
    cleanup_json json_t *browser = NULL, *config = json_pack("{s:i}", "queue_ms", QUEUE_MOST_MS);
    cleanup_free char *path = NULL;
    const char *id = "";
    int r = door_open(&open.key, &open.door, e);
    if (!r)
        r = lease_browser(call, &open.door, config, 0, &browser, e);
    if (r < 0)
        return r;
    id = json_text_or(browser, "id", "");
    r = door_cdp_path(&open.door, id, &path, e);
    if (!r)
        r = relays_prepare(call, &open.door, path, e);
    if (r < 0)
        door_release(&open.door, id, "released", NULL);
    return r;
}

/* Files. */

struct upload {
    const char *data;
    size_t length, at;
};

static ssize_t read_upload(void *user, void *data, size_t room) {
    struct upload *upload = user;
    size_t n = upload->length - upload->at < room ? upload->length - upload->at : room;
    memcpy(data, upload->data + upload->at, n);
    upload->at += n;
    return (ssize_t)n;
}

static int write_file(struct api_call *call, const struct door *door, const char *browser_id, struct error *e) {
    const char *name = call_query_text(call, "name");
    struct upload upload = {call->raw.data, call->raw.length, 0};
    cleanup_json json_t *answer = json_pack("{s:s, s:I}", "name", name, "size", (json_int_t)call->raw.length);
    int r = door_write_file(door, browser_id, name, (int64_t)upload.length, read_upload, &upload, e);
    if (!r)
        call_answer_json(call, answer);
    return r;
}

static int put_browser_file(struct api_call *call, struct error *e) {
    cleanup_door struct open_door open;
    int r = door_open(&open.key, &open.door, e);
    if (!r)
        r = api_find_browser(call, &open.door, call_parameter(call, "id"), NULL, e);
    return r < 0 ? r : write_file(call, &open.door, call_parameter(call, "id"), e);
}

static int put_thread_file(struct api_call *call, struct error *e) {
    cleanup_door struct open_door open;
    char browser_id[UUID_TEXT_SIZE];
    int r = threads_browser(call->db, &call->who.caller, call_parameter(call, "id"), browser_id, e);
    if (!r)
        r = door_open(&open.key, &open.door, e);
    return r < 0 ? r : write_file(call, &open.door, browser_id, e);
}

/* Rows. */

#define BROWSERS .lane = LANE_SLOW, .permission = PERMISSION_BROWSERS_USE, .scope = SCOPE_BROWSERS, .tag = "browsers"
#define FILES                                                                                                          \
    .flags = API_RAW_BODY | API_CREATES, .query = &file_query_schema, .answer = &file_schema, .status = 201,           \
    .body_max = UPLOAD_MAX

const struct api_route browsers_routes[] = {
    {"GET", "/browsers", list_browsers, BROWSERS, .query = &query_schema, .answer = &browser_schema, .form = FORM_PAGE,
     .summary = "List browsers"},
    {"POST", "/browsers", create_browser, BROWSERS, .rate = RATE_WRITE, .flags = API_KEYED, .body = &lease_schema,
     .answer = &browser_schema, .status = 201, .summary = "Lease a browser"},
    {"GET", "/browsers/{id}", get_browser, BROWSERS, .answer = &browser_schema, .summary = "One browser"},
    {"DELETE", "/browsers/{id}", end_browser, BROWSERS, .rate = RATE_WRITE, .form = FORM_NOTHING,
     .summary = "End a browser"},
    {"POST", "/browsers/{id}/files", put_browser_file, BROWSERS, .rate = RATE_WRITE, FILES,
     .summary = "Put a file where the browser's pages can take it"},
    {"POST", "/threads/{id}/files", put_thread_file, .lane = LANE_SLOW, .permission = PERMISSION_THREADS_CONTROL,
     .scope = SCOPE_RUN, .rate = RATE_WRITE, FILES, .tag = "threads",
     .summary = "Put a file where the thread's browser can take it"},
    {"GET", "//cdp", connect_browser, BROWSERS, .park = relays_park, .flags = API_UPGRADE, .query = &api_socket_query,
     .form = FORM_NOTHING, .status = 101, .ticket = "cdp",
     .summary = "A browser for as long as this WebSocket is open (CDP)"},
    {NULL},
};
