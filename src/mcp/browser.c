#include "agent/browser_config.h"
#include "base/memory.h"
#include "domain/agents.h"
#include "domain/artifacts.h"
#include "domain/browser_limits.h"
#include "domain/credentials.h"
#include "domain/users.h"
#include "mcp/browser_internal.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FILES_BYTES ((size_t)64 << 20)
#define QUEUE_MS    5000 /* others of the same user wait meanwhile */

/* Files */

static void drop_first_file(struct mcp_browser *browser) {
    free(browser->files[0].name);
    free(browser->files[0].media_type);
    text_done(&browser->files[0].data);
    memmove(browser->files, browser->files + 1, --browser->file_count * sizeof browser->files[0]);
    browser->first_number++;
}

static size_t bytes_of_files(const struct mcp_browser *browser) {
    size_t bytes = 0;
    for (size_t i = 0; i < browser->file_count; i++)
        bytes += browser->files[i].data.length;
    return bytes;
}

static char *uri_of(const struct mcp_browser *browser, size_t i) {
    return memory_print("replinet://session/%zu", browser->first_number + i);
}

/* Kept for the session, the newest of them. */
static int on_artifact(void *user, const char *kind, const char *name, const char *media_type, const void *data,
                       size_t length, char ret_id[37], struct error *e) {
    struct mcp_browser *browser = user;
    if (length > FILES_BYTES)
        return error_set(e, EFBIG, ERROR_TOO_LARGE, "a file of the session may have %zu MB at most", FILES_BYTES >> 20);
    while (browser->file_count &&
           (browser->file_count == BROWSER_FILES_MAX || bytes_of_files(browser) + length > FILES_BYTES))
        drop_first_file(browser);
    struct browser_file *file = &browser->files[browser->file_count++];
    *file = (struct browser_file){.name = memory_copy_text(name), .media_type = memory_copy_text(media_type)};
    text_append(&file->data, data, length);
    snprintf(ret_id, 37, "%zu", browser->first_number + browser->file_count - 1);
    cleanup_free char *uri = uri_of(browser, browser->file_count - 1);
    if (browser->call)
        mcp_add_link(browser->call, uri, name, media_type);
    return 0;
}

json_t *mcp_browser_files(const struct mcp_session *session) {
    const struct mcp_browser *browser = session->browser;
    json_t *list = json_array();
    for (size_t i = 0; browser && i < browser->file_count; i++) {
        cleanup_free char *uri = uri_of(browser, i);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I}", "uri", uri, "name", browser->files[i].name,
                                              "mimeType", browser->files[i].media_type, "size",
                                              (json_int_t)browser->files[i].data.length));
    }
    return list;
}

bool mcp_browser_file(const struct mcp_session *session, const char *number, struct text *ret_data,
                      const char **ret_media_type) {
    const struct mcp_browser *browser = session->browser;
    int64_t wanted;
    if (!browser || text_parse_int(number, 1, INT64_MAX, &wanted))
        return false;
    size_t i = (size_t)wanted - browser->first_number;
    if (i >= browser->file_count)
        return false;
    *ret_data = browser->files[i].data;
    *ret_media_type = browser->files[i].media_type;
    return true;
}

/* The sink */

static int on_event(void *user, enum log_level level, const char *kind, const char *message, const json_t *data,
                    struct error *e) {
    struct mcp_browser *browser = user;
    mcp_log(browser->session, level, kind, message);
    return 0;
}

static int append(void *user, const void *data, size_t length) {
    text_append(user, data, length);
    return 0;
}

/* For uploads: a file of a thread. */
static int read_artifact(void *user, const char *id, struct text *data, char **ret_name, struct error *e) {
    struct mcp_session *session = ((struct mcp_browser *)user)->session;
    struct blob_sink to = {append, data};
    cleanup_free char *answer = NULL;
    cleanup_json json_t *artifact = NULL;
    if (!mcp_may(session, PERMISSION_THREADS_READ, MCP_READ))
        return error_set(e, EACCES, ERROR_FORBIDDEN, "files of threads cannot be read with this key");
    int r = artifacts_get(&session->db, &session->caller, id, &answer, e);
    if (!r)
        r = json_parse(answer, strlen(answer), "the file", &artifact, e);
    if (!r)
        r = artifacts_read(&session->db, &session->caller, id, 0, 0, &to, e);
    if (!r)
        *ret_name = memory_copy_text(json_text_or(artifact, "name", ""));
    return r;
}

static int on_running(void *user, const char *browser_id, struct error *e) {
    return 0;
}

static int on_waiting(void *user, const char *reason, struct error *e) {
    struct mcp_browser *browser = user;
    if (reason && browser->call)
        mcp_progress(browser->call, browser->call->progress_told + 1, 0, "A person has the browser in hand");
    return 0;
}

/* Opening */

/* The agent's browser_config, and its credentials when it is the caller's own. */
static int take_agent(struct mcp_browser *browser, const char *name, struct error *e) {
    struct mcp_session *session = browser->session;
    cleanup_free char *text = NULL;
    cleanup_json json_t *agent = NULL;
    int r = mcp_may(session, PERMISSION_AGENTS_READ, MCP_READ)
                ? agents_get(&session->db, &session->caller, name, &text, e)
                : error_set(e, EACCES, ERROR_FORBIDDEN, "agents cannot be read with this key");
    if (!r)
        r = json_parse(text, strlen(text), "the agent", &agent, e);
    if (r < 0)
        return r;
    json_t *config = json_object_get(agent, "browser_config");
    if (json_is_object(config))
        json_object_update_missing(browser->config, config);
    bool own = !strcmp(json_text_or(agent, "owner_id", ""), session->caller.id);
    if (!own || !mcp_may(session, PERMISSION_CREDENTIALS_USE, MCP_RUN))
        return 0;
    return credentials_open(&session->db, json_text_or(agent, "id", ""), &browser->credentials, e);
}

static int make_lease(struct mcp_browser *browser, struct error *e) {
    const struct mcp_session *session = browser->session;
    browser->lease = json_pack("{s:s, s:i, s:i}", "user_id", session->caller.id, "linger_ms", 0, "queue_ms", QUEUE_MS);
    int r = browser_config_to_lease(browser->config, browser->lease, e);
    json_object_del(browser->lease, "profile"); /* it belongs to the agent's threads */
    return r < 0 ? r : browser_limits_apply(session->caller.role, browser->lease, "browser_config.", e);
}

static int check_place(struct mcp_browser *browser, struct error *e) {
    const struct mcp_session *session = browser->session;
    int64_t count = 0, most = quota_limit(session->caller.role, QUOTA_BROWSERS);
    int r = door_count_own(&browser->door, session->caller.id, browser->lease_id, &count, e);
    if (r < 0 || count < most)
        return r;
    error_set(e, EDQUOT, ERROR_QUOTA, "a %s may have at most %lld %s", role_name(session->caller.role), (long long)most,
              quota_noun(QUOTA_BROWSERS));
    error_hint(e, "End what is not needed; an administrator may raise the role or its limit \"browsers\" (QUOTAS)");
    return -EDQUOT;
}

/* Two that ask at once cannot both take the last place. */
static int lease_and_connect(struct mcp_browser *browser, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    struct mcp_session *session = browser->session;
    int r = postgres_begin(&session->db, &transaction, e);
    if (!r)
        r = users_lock(&session->db, &session->caller, "browsers", e);
    if (!r)
        r = check_place(browser, e);
    if (!r)
        r = hands_open(&browser->options, &browser->sink, &browser->hands, e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

static struct mcp_browser *browser_of(struct mcp_session *session) {
    if (!session->browser) {
        session->browser = memory_alloc(sizeof *session->browser);
        *session->browser = (struct mcp_browser){.session = session, .first_number = 1};
        session->browser->sink = (struct agent_sink){.user = session->browser,
                                                     .event = on_event,
                                                     .artifact = on_artifact,
                                                     .read_artifact = read_artifact,
                                                     .running = on_running,
                                                     .waiting = on_waiting};
    }
    return session->browser;
}

/* What one browser had; the files stay. */
static void give_back(struct mcp_browser *browser) {
    hands_close(browser->hands);
    credentials_wipe(browser->credentials);
    json_decref(browser->credentials);
    json_decref(browser->lease);
    json_decref(browser->config);
    sodium_memzero(&browser->key, sizeof browser->key);
    browser->hands = NULL;
    browser->credentials = browser->lease = browser->config = NULL;
}

int mcp_browser_open(struct mcp_session *session, const json_t *arguments, struct error *e) {
    struct mcp_browser *browser = browser_of(session);
    const char *agent = json_text_or(arguments, "agent", session->agent);
    const json_t *config = json_object_get(arguments, "browser_config");
    if (browser->hands)
        return error_set(e, EBUSY, ERROR_CONFLICT, "this session has a browser open already: use it, or browser_close");
    browser->config = config ? json_copy((json_t *)config) : json_object();
    int r = agent ? take_agent(browser, agent, e) : 0;
    if (!r)
        r = make_lease(browser, e);
    if (!r)
        r = door_open(&browser->key, &browser->door, e);
    browser->door.interrupt_fd = mcp_channel_interrupt_fd(session->channel);
    browser->options = (struct agent_options){.door = &browser->door,
                                              .lease_id = uuid_make(browser->lease_id),
                                              .lease = browser->lease,
                                              .browser_config = browser->config,
                                              .credentials = browser->credentials,
                                              .interrupt_fd = browser->door.interrupt_fd};
    if (!r)
        r = lease_and_connect(browser, e);
    if (r < 0)
        give_back(browser);
    return r;
}

void mcp_browser_listen(struct mcp_session *session) {
    struct error e;
    if (!mcp_browser_is_open(session) || hands_listen(session->browser->hands, &e) >= 0 ||
        !hands_are_lost(session->browser->hands, &e))
        return;
    mcp_log(session, LOG_WARN, "browser.ended", e.text);
    give_back(session->browser);
}

bool mcp_browser_is_open(const struct mcp_session *session) {
    return session->browser && session->browser->hands;
}

void mcp_browser_close(struct mcp_session *session) {
    if (session->browser)
        give_back(session->browser);
}

void mcp_browser_free(struct mcp_session *session) {
    mcp_browser_close(session);
    while (session->browser && session->browser->file_count)
        drop_first_file(session->browser);
    free(session->browser);
    session->browser = NULL;
}
