/* Users' objects against a real PostgreSQL: quotas under a rush, changes by revision, lists, retries, the feed. Run by
 * tests/flow/store.test.mjs, which gives it DATABASE_URL of an empty, migrated database. */
#include "database_probe.h"

#include "base/text.h"
#include "domain/agents.h"
#include "domain/credentials.h"
#include "domain/feed.h"
#include "domain/presets.h"
#include "domain/statistics.h"
#include "domain/threads.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static struct caller free_user, other;

static json_t *make_preset(const struct caller *owner, const char *name) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *body = json_pack("{s:s}", "name", name);
    good(presets_create(&db, owner, body, &text, &e), &e);
    return read_json(text);
}

static json_t *make_agent(const struct caller *owner, const char *name, const char *preset) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *body = json_pack("{s:s, s:s, s:[]}", "name", name, "preset_id", preset, "script");
    good(agents_create(&db, owner, body, &text, &e), &e);
    return read_json(text);
}

static void clean(void) {
    sql("TRUNCATE jobs, threads, thread_events, agents, presets, credentials CASCADE");
}

static void *create_many(void *user) {
    cleanup_postgres struct postgres mine = {0};
    struct error e;
    if (postgres_open(&(struct postgres_options){.purpose = "probe"}, &mine, &e) < 0)
        return "connect";
    for (int i = 0; i < 5; i++) {
        char *text = NULL;
        cleanup_free char *name = memory_print("p%d-%d", (int)(intptr_t)user, i);
        cleanup_json json_t *body = json_pack("{s:s}", "name", name);
        int r = presets_create(&mine, &free_user, body, &text, &e);
        free(text);
        if (r < 0 && e.code != ERROR_QUOTA)
            return "create";
    }
    return NULL;
}

static void a_quota_holds_under_a_rush(void **state) {
    pthread_t makers[6];
    void *problem;
    struct error e;
    char *text = NULL;
    for (intptr_t i = 0; i < 6; i++)
        pthread_create(&makers[i], NULL, create_many, (void *)i);
    for (int i = 0; i < 6; i++) {
        pthread_join(makers[i], &problem);
        assert_null(problem);
    }
    assert_int_equal(number("SELECT count(*) FROM presets"), quota_limit(ROLE_FREE_USER, QUOTA_PRESETS));
    cleanup_json json_t *one = json_pack("{s:s}", "name", "one too many");
    refused(presets_create(&db, &free_user, one, &text, &e), &e, ERROR_QUOTA,
            "a free_user may have at most 10 presets");
    assert_non_null(strstr(e.hint, "QUOTAS"));
    cleanup_json json_t *existing = json_pack("{s:s, s:s}", "name", "P0-0", "description", "put again");
    if (number("SELECT count(*) FROM presets WHERE name = 'p0-0'")) {
        good(presets_put(&db, &free_user, existing, &text, &e), &e); /* replaces: is no further one */
        free(text);
    }
    clean();
}

static void waiting_threads_are_limited(void **state) {
    struct error e;
    struct caller guest = make_user("guest@x.test", "guest");
    cleanup_json json_t *preset = make_preset(&guest, "p");
    cleanup_json json_t *agent = make_agent(&guest, "a", "p");
    char *text = NULL;
    for (int i = 0; i < 10; i++) {
        good(threads_start(&db, &guest, "a", "", NULL, &text, &e), &e);
        free(text);
    }
    refused(threads_start(&db, &guest, "a", "", NULL, &text, &e), &e, ERROR_QUOTA, "at most 10 waiting threads");
    assert_int_equal(number("SELECT threads_total FROM agents WHERE name = 'a'"), 10);
    clean();
}

static json_t *agent_with(const char *member, json_t *value) {
    return json_pack("{s:s, s:s, s:{s:o}}", "name", "big", "preset_id", "p", "browser_config", member, value);
}

static void a_browser_stays_within_its_owners_limits(void **state) {
    struct caller owner = make_user("sizes@x.test", "pro_user");
    struct error e;
    char *text = NULL;
    cleanup_json json_t *preset = make_preset(&owner, "p"),
                        *small = json_pack("{s:{s:i}}", "browser_config", "cpus", 1);
    cleanup_json json_t *memory = agent_with("memory_mb", json_integer(4097)),
                        *cpus = agent_with("cpus", json_real(2.5)),
                        *minutes = agent_with("timeout_ms", json_integer(7200001)),
                        *fits = agent_with("memory_mb", json_integer(4096));
    refused(agents_create(&db, &owner, memory, &text, &e), &e, ERROR_QUOTA,
            "browser_config.memory_mb is 4097: a pro_user may have at most 4096 MB of memory per browser");
    assert_non_null(strstr(e.hint, "\"browser_memory_mb\""));
    refused(agents_put(&db, &owner, cpus, &text, &e), &e, ERROR_QUOTA, "browser_config.cpus is 2.5");
    refused(agents_create(&db, &owner, minutes, &text, &e), &e, ERROR_QUOTA, "at most 120 minutes");
    good(agents_create(&db, &owner, fits, &text, &e), &e);
    cleanup_json json_t *agent = read_json(text);
    const char *id = json_text_or(agent, "id", "");
    json_object_del(minutes, "preset_id");
    refused(agents_patch(&db, &admin, id, 0, minutes, &text, &e), &e, ERROR_QUOTA,
            "a pro_user may"); /* not the admin */
    sql("UPDATE users SET role = 'free_user' WHERE email = 'sizes@x.test'");
    owner.role = ROLE_FREE_USER;
    refused(threads_start(&db, &owner, id, "", NULL, &text, &e), &e, ERROR_QUOTA,
            "browser_config.memory_mb is 4096: a free_user may have at most 1024");
    assert_int_equal(number("SELECT count(*) FROM threads"), 0);
    good(agents_patch(&db, &owner, id, 0, small, &text, &e), &e);
    free(text);
    good(threads_start(&db, &owner, id, "", NULL, &text, &e), &e);
    free(text);
    clean();
}

static void a_change_names_its_revision(void **state) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *preset = make_preset(&free_user, "first");
    const char *id = json_text_or(preset, "id", "");
    cleanup_json json_t *change = json_pack("{s:s, s:f}", "name", "second", "temperature", 1.5);
    good(presets_patch(&db, &free_user, id, 1, change, &text, &e), &e);
    cleanup_json json_t *changed = read_json(text);
    assert_string_equal(json_text_or(changed, "name", ""), "second");
    assert_string_equal(json_text_or(changed, "ai_model", ""), "script");
    assert_int_equal(json_int_or(changed, "revision", 0), 2);
    refused(presets_patch(&db, &free_user, id, 1, change, &text, &e), &e, ERROR_STALE, "changed meanwhile");
    refused(presets_delete(&db, &free_user, id, 1, &text, &e), &e, ERROR_STALE, "changed meanwhile");
    refused(presets_patch(&db, &other, id, 0, change, &text, &e), &e, ERROR_NOT_FOUND, "there is no preset");
    cleanup_json json_t *null_name = json_pack("{s:n}", "name");
    refused(presets_patch(&db, &free_user, id, 0, null_name, &text, &e), &e, ERROR_BAD_INPUT, "may not be null");
    cleanup_json json_t *unknown = json_pack("{s:i}", "colour", 1);
    refused(presets_patch(&db, &free_user, id, 0, unknown, &text, &e), &e, ERROR_BAD_INPUT, "has no field");
    good(presets_delete(&db, &free_user, id, 2, &text, &e), &e);
    free(text);
    clean();
}

static void agents_change_copy_and_go(void **state) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *preset = make_preset(&free_user, "p");
    cleanup_json json_t *theirs = make_preset(&other, "theirs");
    cleanup_json json_t *agent = make_agent(&free_user, "robot", "p");
    const char *id = json_text_or(agent, "id", "");
    assert_string_equal(json_text_or(agent, "preset_name", ""), "p");
    cleanup_json json_t *steal = json_pack("{s:O}", "preset_id", json_object_get(theirs, "id"));
    refused(agents_patch(&db, &free_user, id, 0, steal, &text, &e), &e, ERROR_NOT_FOUND, "there is no preset");
    cleanup_json json_t *change = json_pack("{s:b, s:n}", "is_active", false, "script");
    good(agents_patch(&db, &free_user, id, 1, change, &text, &e), &e);
    cleanup_json json_t *changed = read_json(text);
    assert_false(json_bool_or(changed, "is_active", true));
    assert_true(json_is_null(json_object_get(changed, "script")));
    for (int i = 1; i <= 2; i++) {
        good(agents_duplicate(&db, &free_user, id, &text, &e), &e);
        cleanup_json json_t *copy = read_json(text);
        assert_string_equal(json_text_or(copy, "name", ""), i == 1 ? "robot (copy)" : "robot (copy 2)");
    }
    refused(agents_delete(&db, &free_user, id, 1, &text, &e), &e, ERROR_STALE, "changed meanwhile");
    cleanup_json json_t *on = json_pack("{s:b}", "is_active", true);
    good(agents_patch(&db, &free_user, id, 2, on, &text, &e), &e);
    free(text);
    good(threads_start(&db, &free_user, "robot", "", NULL, &text, &e), &e);
    free(text);
    refused(agents_delete(&db, &free_user, id, 0, &text, &e), &e, ERROR_CONFLICT, "not ended yet");
    clean();
}

static int64_t total_of(char *text, const char *first_name) {
    cleanup_json json_t *list = read_json(text);
    const json_t *first = json_array_get(json_object_get(list, "items"), 0);
    if (first_name)
        assert_string_equal(json_text_or(first, "name", ""), first_name);
    return json_int_or(list, "total", -1);
}

static void lists_search_sort_and_keep_to_the_own(void **state) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *b = make_preset(&free_user, "B 100%");
    cleanup_json json_t *a = make_preset(&free_user, "a");
    cleanup_json json_t *c = make_preset(&other, "c");
    static const struct {
        const char *search, *sort, *first;
        bool all;
        int total;
    } cases[] = {
        {NULL, NULL, "a", false, 2},       {NULL, "name", "a", false, 2},           {NULL, "-name", "B 100%", false, 2},
        {"b 1", NULL, "B 100%", false, 1}, {"%", "created_at", "B 100%", false, 1}, {"nothing", NULL, NULL, false, 0},
        {NULL, NULL, "a", true, 2},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct list_query query = {{1, 10}, cases[i].search, cases[i].sort, cases[i].all};
        good(presets_list(&db, &free_user, &query, NULL, &text, &e), &e);
        assert_int_equal(total_of(text, cases[i].first), cases[i].total);
    }
    struct list_query all = {.page = {1, 10}, .all = true}, wrong = {.page = {1, 10}, .sort = "owner_id; DROP"};
    good(presets_list(&db, &admin, &all, NULL, &text, &e), &e);
    assert_int_equal(total_of(text, "c"), 3);
    all.all = false;
    good(presets_list(&db, &admin, &all, NULL, &text, &e), &e);
    assert_int_equal(total_of(text, NULL), 0);
    refused(presets_list(&db, &admin, &wrong, NULL, &text, &e), &e, ERROR_BAD_INPUT, "is not sorted by");
    clean();
}

static void an_ended_thread_is_retried_and_deleted(void **state) {
    struct error e;
    char *text = NULL, job_id[UUID_TEXT_SIZE];
    cleanup_json json_t *preset = make_preset(&free_user, "p");
    cleanup_json json_t *agent = make_agent(&free_user, "a", "p");
    cleanup_json json_t *inputs = json_pack("{s:i}", "n", 7);
    good(threads_start(&db, &free_user, "a", "do it", inputs, &text, &e), &e);
    cleanup_json json_t *thread = read_json(text);
    const char *id = json_text_or(thread, "id", "");
    assert_string_equal(json_text_or(thread, "agent_name", ""), "a");
    refused(threads_retry(&db, &free_user, id, &text, &e), &e, ERROR_CONFLICT, "not ended yet");
    refused(threads_delete(&db, &free_user, id, &text, &e), &e, ERROR_CONFLICT, "not ended yet");
    good(threads_stop(&db, &free_user, id, &text, job_id, &e), &e);
    free(text);
    good(threads_retry(&db, &free_user, id, &text, &e), &e);
    cleanup_json json_t *retried = read_json(text);
    assert_string_equal(json_text_or(retried, "retry_of", ""), id);
    assert_string_equal(json_text_or(retried, "task", ""), "do it");
    assert_true(json_equal(json_object_get(retried, "inputs"), inputs));
    struct list_query query = {.page = {1, 10}};
    struct thread_filter filter = {.status = "stopped,error"};
    good(threads_list(&db, &free_user, &query, &filter, &text, &e), &e);
    assert_int_equal(total_of(text, NULL), 1);
    filter = (struct thread_filter){.from = "2999-01-01T00:00:00Z"};
    good(threads_list(&db, &free_user, &query, &filter, &text, &e), &e);
    assert_int_equal(total_of(text, NULL), 0);
    filter = (struct thread_filter){.status = "asleep"};
    refused(threads_list(&db, &free_user, &query, &filter, &text, &e), &e, ERROR_BAD_INPUT, "asleep");
    refused(threads_delete(&db, &other, id, &text, &e), &e, ERROR_NOT_FOUND, "there is no thread");
    good(threads_delete(&db, &free_user, id, &text, &e), &e);
    free(text);
    assert_int_equal(number("SELECT count(*) FROM threads"), 1);
    assert_int_equal(number("SELECT count(*) FROM thread_events v WHERE NOT EXISTS "
                            "(SELECT FROM threads t WHERE t.id = v.thread_id)"),
                     0);
    clean();
}

static json_t *make_credential(const struct caller *owner, const char *name) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:[s,s]}", "name", name, "username", "ann", "secret", "hunter2-very-secret",
                  "totp_secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "domains", "*.Shop.Example", "127.0.0.1");
    good(credentials_create(&db, owner, body, &text, &e), &e);
    return read_json(text);
}

static json_t *opened_for(const char *agent_id) {
    struct error e;
    json_t *list = NULL;
    good(credentials_open(&db, agent_id, &list, &e), &e);
    return list;
}

static void a_credential_s_secret_stays_inside(void **state) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *preset = make_preset(&free_user, "p");
    cleanup_json json_t *agent = make_agent(&free_user, "a", "p");
    cleanup_json json_t *credential = make_credential(&free_user, "shop");
    const char *id = json_text_or(credential, "id", ""), *agent_id = json_text_or(agent, "id", "");
    cleanup_free char *shown = json_print(credential);
    assert_null(strstr(shown, "hunter2"));
    assert_null(strstr(shown, "GEZD"));
    assert_non_null(strstr(shown, "\"shop.example\",\"127.0.0.1\""));
    assert_true(json_bool_or(credential, "has_totp", false));
    assert_int_equal(number("SELECT count(*) FROM credentials c WHERE c::text LIKE '%hunter2%'"), 0);
    assert_int_equal(number("SELECT count(*) FROM user_feed f WHERE f::text LIKE '%hunter2%'"), 0);
    cleanup_json json_t *none = opened_for(agent_id);
    assert_int_equal(json_array_size(none), 0);
    for (int i = 0; i < 2; i++)
        good(credentials_link(&db, &free_user, "a", "shop", &e), &e);
    cleanup_json json_t *open = opened_for(agent_id);
    const json_t *one = json_array_get(open, 0);
    assert_string_equal(json_text_or(one, "password", ""), "hunter2-very-secret");
    assert_string_equal(json_text_or(one, "totp", ""), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    cleanup_json json_t *moved = json_pack("{s:[s]}", "domains", "evil.example");
    refused(credentials_patch(&db, &free_user, id, 0, moved, &text, &e), &e, ERROR_BAD_INPUT,
            "together with the secret");
    cleanup_json json_t *renamed =
        json_pack("{s:s, s:[s,s]}", "username", "bob", "domains", "shop.example", "127.0.0.1");
    good(credentials_patch(&db, &free_user, id, 1, renamed, &text, &e), &e);
    free(text);
    json_object_set_new(moved, "secret", json_string("another"));
    good(credentials_patch(&db, &free_user, id, 2, moved, &text, &e), &e);
    cleanup_json json_t *changed = read_json(text);
    assert_false(json_bool_or(changed, "has_totp", true));
    refused(credentials_patch(&db, &free_user, id, 2, renamed, &text, &e), &e, ERROR_STALE, "changed meanwhile");
    cleanup_json json_t *wrong = json_pack("{s:s, s:s, s:[s]}", "name", "x", "secret", "s", "domains", "no domain");
    refused(credentials_create(&db, &free_user, wrong, &text, &e), &e, ERROR_BAD_INPUT, "is no domain");
    clean();
}

static void strangers_and_other_owners_get_no_credential(void **state) {
    struct error e;
    char *text = NULL;
    cleanup_json json_t *preset = make_preset(&free_user, "p");
    cleanup_json json_t *agent = make_agent(&free_user, "a", "p");
    cleanup_json json_t *theirs = make_credential(&other, "theirs");
    const char *agent_id = json_text_or(agent, "id", ""), *id = json_text_or(theirs, "id", "");
    refused(credentials_get(&db, &free_user, id, &text, &e), &e, ERROR_NOT_FOUND, "no credential");
    refused(credentials_link(&db, &free_user, agent_id, id, &e), &e, ERROR_NOT_FOUND, "no credential");
    refused(credentials_link(&db, &other, agent_id, id, &e), &e, ERROR_NOT_FOUND, "no agent");
    refused(credentials_link(&db, &admin, agent_id, id, &e), &e, ERROR_CONFLICT, "different owners");
    refused(credentials_delete(&db, &free_user, id, 0, &text, &e), &e, ERROR_NOT_FOUND, "no credential");
    clean();
}

/* What the feed says since `after`: "kind kind ...". */
static void feed_is(const struct caller *user, int64_t after, const char *expected) {
    struct error e;
    char *text = NULL;
    cleanup_text struct text kinds = {0};
    good(feed_read(&db, user->id, after, 100, &text, &e), &e);
    cleanup_json json_t *feed = read_json(text);
    json_t *item;
    size_t i;
    json_array_foreach (json_object_get(feed, "items"), i, item) {
        assert_int_equal(json_int_or(item, "seq", 0), after + 1 + (int64_t)i);
        text_print(&kinds, "%s%s", i ? " " : "", json_text_or(item, "kind", ""));
    }
    assert_string_equal(kinds.data ? kinds.data : "", expected);
}

static void the_feed_tells_each_change_once(void **state) {
    struct error e;
    char *text = NULL, job_id[UUID_TEXT_SIZE];
    int64_t head = 0, others = 0;
    good(feed_head(&db, free_user.id, &head, &e), &e);
    good(feed_head(&db, other.id, &others, &e), &e);
    cleanup_json json_t *preset = make_preset(&free_user, "p");
    cleanup_json json_t *agent = make_agent(&free_user, "a", "p");
    good(threads_start(&db, &free_user, "a", "", NULL, &text, &e), &e);
    cleanup_json json_t *thread = read_json(text);
    const char *id = json_text_or(thread, "id", "");
    good(threads_stop(&db, &free_user, id, &text, job_id, &e), &e);
    free(text);
    good(threads_delete(&db, &free_user, id, &text, &e), &e);
    free(text);
    good(agents_delete(&db, &free_user, "a", 0, &text, &e), &e);
    free(text);
    feed_is(&free_user, head, "preset.created agent.created thread.created thread.status thread.deleted agent.deleted");
    feed_is(&other, others, "");
    sql("DELETE FROM user_feed"); /* as retention does after a while */
    good(feed_read(&db, free_user.id, 0, 10, &text, &e), &e);
    cleanup_json json_t *feed = read_json(text);
    assert_int_equal(json_int_or(feed, "oldest", -1), 0);
    assert_int_equal(json_int_or(feed, "head", -1), head + 6);
    clean();
}

/* Readers that see a number have seen all below it, whoever commits when. */
static void *make_and_delete(void *user) {
    cleanup_postgres struct postgres mine = {0};
    struct error e;
    if (postgres_open(&(struct postgres_options){.purpose = "probe"}, &mine, &e) < 0)
        return "connect";
    for (int i = 0; i < 20; i++) {
        cleanup_transaction struct transaction transaction = {0};
        char *text = NULL;
        cleanup_free char *name = memory_print("f%d-%d", (int)(intptr_t)user, i);
        cleanup_json json_t *body = json_pack("{s:s}", "name", name);
        int r = postgres_begin(&mine, &transaction, &e);
        if (!r)
            r = presets_create(&mine, &other, body, &text, &e);
        if (!r) {
            free(text);
            text = NULL;
            r = presets_delete(&mine, &other, name, 0, &text, &e);
        }
        free(text);
        if (!r && i % 3)
            r = postgres_commit(&transaction, &e);
        if (r < 0)
            return "write";
    }
    return NULL;
}

static void the_feed_has_no_gap_under_a_rush(void **state) {
    pthread_t writers[5];
    struct error e;
    void *problem;
    int64_t at = 0, end = 0;
    good(feed_head(&db, other.id, &at, &e), &e);
    int64_t begin = at;
    for (intptr_t i = 0; i < 5; i++)
        pthread_create(&writers[i], NULL, make_and_delete, (void *)i);
    while (at < begin + 5 * 13 * 2) {
        char *text = NULL;
        good(feed_read(&db, other.id, at, 100, &text, &e), &e);
        cleanup_json json_t *feed = read_json(text);
        json_t *item;
        size_t i;
        json_array_foreach (json_object_get(feed, "items"), i, item)
            assert_int_equal(json_int_or(item, "seq", 0), ++at);
    }
    for (int i = 0; i < 5; i++) {
        pthread_join(writers[i], &problem);
        assert_null(problem);
    }
    good(feed_head(&db, other.id, &end, &e), &e);
    assert_int_equal(end, begin + 5 * 13 * 2); /* of twenty, each third was rolled back */
    clean();
}

static void the_dashboard_counts(void **state) {
    struct error e;
    char *text = NULL, job_id[UUID_TEXT_SIZE];
    cleanup_json json_t *preset = make_preset(&free_user, "p");
    cleanup_json json_t *agent = make_agent(&free_user, "a", "p");
    for (int i = 0; i < 3; i++) {
        good(threads_start(&db, &free_user, "a", "", NULL, &text, &e), &e);
        cleanup_json json_t *thread = read_json(text);
        if (i)
            continue;
        good(threads_stop(&db, &free_user, json_text_or(thread, "id", ""), &text, job_id, &e), &e);
        free(text);
    }
    sql("UPDATE threads SET status = 'completed', end_time = now(), execution_time_ms = 40 WHERE id = "
        "(SELECT id FROM threads WHERE status = 'queued' LIMIT 1)");
    good(statistics_dashboard(&db, &free_user, true, 7, &text, &e), &e);
    cleanup_json json_t *seen = read_json(text);
    const json_t *threads = json_object_get(seen, "threads"), *series = json_object_get(seen, "series");
    assert_int_equal(json_int_or(threads, "total", 0), 3);
    assert_int_equal(json_int_or(threads, "today", 0), 3);
    assert_int_equal(json_int_or(json_object_get(threads, "by_status"), "queued", 0), 1);
    assert_true(json_real_or(threads, "success_rate", 0) == 1);
    assert_int_equal(json_array_size(series), 7);
    assert_int_equal(json_int_or(json_array_get(series, 6), "completed", 0), 1);
    assert_int_equal(json_int_or(json_array_get(series, 6), "stopped", 0), 1);
    assert_int_equal(json_int_or(json_object_get(seen, "durations"), "p50_ms", 0), 40);
    assert_int_equal(json_array_size(json_object_get(seen, "recent")), 3);
    assert_int_equal(json_int_or(json_array_get(json_object_get(seen, "top_agents"), 0), "threads", 0), 3);
    good(statistics_dashboard(&db, &other, true, 90, &text, &e), &e);
    cleanup_json json_t *nothing = read_json(text);
    assert_int_equal(json_int_or(json_object_get(nothing, "threads"), "total", -1), 0);
    good(statistics_dashboard(&db, &admin, true, 1, &text, &e), &e);
    cleanup_json json_t *all = read_json(text);
    assert_int_equal(json_int_or(json_object_get(all, "threads"), "total", -1), 3);
    refused(statistics_dashboard(&db, &admin, true, 91, &text, &e), &e, ERROR_BAD_INPUT, "days must be");
    clean();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_holds_under_a_rush),
        cmocka_unit_test(a_browser_stays_within_its_owners_limits),
        cmocka_unit_test(waiting_threads_are_limited),
        cmocka_unit_test(a_change_names_its_revision),
        cmocka_unit_test(agents_change_copy_and_go),
        cmocka_unit_test(lists_search_sort_and_keep_to_the_own),
        cmocka_unit_test(an_ended_thread_is_retried_and_deleted),
        cmocka_unit_test(a_credential_s_secret_stays_inside),
        cmocka_unit_test(strangers_and_other_owners_get_no_credential),
        cmocka_unit_test(the_feed_tells_each_change_once),
        cmocka_unit_test(the_feed_has_no_gap_under_a_rush),
        cmocka_unit_test(the_dashboard_counts),
    };
    if (open_probe())
        return 1;
    free_user = make_user("free-objects@x.test", "free_user");
    other = make_user("other-objects@x.test", "free_user");
    clean();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    postgres_close(&db);
    return failed;
}
