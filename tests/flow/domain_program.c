/* The queue and its fences against a real PostgreSQL, with many threads at once. tests/flow/store.test.mjs gives it
 * DATABASE_URL of an empty, migrated database. */
#include "database_probe.h"

#include "base/clock.h"
#include "domain/agents.h"
#include "domain/artifacts.h"
#include "domain/events.h"
#include "domain/jobs.h"
#include "domain/jobs_fenced.h"
#include "domain/presets.h"
#include "domain/threads.h"
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define LEASE_MS 60000

static void clean(void) {
    sql("TRUNCATE jobs, threads, thread_events, artifacts, artifact_files CASCADE");
}

static void make_agent(const struct caller *owner, const char *name) {
    struct error e;
    cleanup_free char *preset = NULL, *agent = NULL;
    cleanup_json json_t *preset_body = json_pack("{s:s}", "name", name);
    cleanup_json json_t *agent_body = json_pack("{s:s, s:s, s:[]}", "name", name, "preset_id", name, "script");
    good(presets_create(&db, owner, preset_body, &preset, &e), &e);
    good(agents_create(&db, owner, agent_body, &agent, &e), &e);
}

static void start(const struct caller *caller, const char *agent, char ret_id[UUID_TEXT_SIZE]) {
    struct error e;
    cleanup_free char *text = NULL;
    cleanup_json json_t *thread = NULL;
    good(threads_start(&db, caller, agent, "task", NULL, &text, &e), &e);
    good(json_parse(text, strlen(text), "thread", &thread, &e), &e);
    assert_string_equal(json_text_or(thread, "status", ""), "queued");
    if (ret_id)
        strcpy(ret_id, json_text_or(thread, "id", ""));
}

static bool take_as(struct postgres *connection, const char *worker, int64_t lease_ms, struct job *ret_job) {
    struct error e;
    size_t taken = 0;
    good(jobs_take(connection, JOB_LANE_RUN, worker, lease_ms, ret_job, 1, &taken, &e), &e);
    return taken;
}

static struct job_fence fence_of(const struct job *job) {
    struct job_fence fence = {.attempt = job->attempt};
    strcpy(fence.job_id, job->id);
    return fence;
}

static json_t *one_event(const char *message) {
    return json_pack("[{s:s, s:s}]", "kind", "note", "message", message);
}

static const char *status_of(const char *thread_id, char text[64]) {
    struct error e;
    cleanup_free char *json = NULL;
    cleanup_json json_t *thread = NULL;
    good(threads_get(&db, &admin, thread_id, &json, &e), &e);
    good(json_parse(json, strlen(json), "thread", &thread, &e), &e);
    snprintf(text, 64, "%s/%s", json_text_or(thread, "status", ""), json_text_or(thread, "reason", ""));
    return text;
}

/* One thread's job has one writer; here others write to the same thread beside it, as the API does. */
static char busy_thread[UUID_TEXT_SIZE];
static struct job busy_job;
static void *append_many(void *user) {
    cleanup_postgres struct postgres mine = {0};
    struct error e;
    static const struct statement NOTE = {
        "probe_note",
        "WITH t AS (UPDATE threads SET last_seq = last_seq + 1 WHERE id = $1::uuid RETURNING id, last_seq) "
        "INSERT INTO thread_events (thread_id, seq, kind) SELECT id, last_seq, 'note' FROM t"};
    if (postgres_open(&(struct postgres_options){.purpose = "probe"}, &mine, &e) < 0)
        return "connect";
    struct job_fence fence = fence_of(&busy_job);
    cleanup_json json_t *event = one_event("x");
    for (int i = 0; i < 50; i++) {
        int r = user ? jobs_write_events(&mine, &fence, event, false, NULL, &e)
                     : postgres_query(&mine, &NOTE, NULL, &e, busy_thread);
        if (r < 0)
            return "write";
    }
    return NULL;
}

static void seq_has_neither_gap_nor_double(void **state) {
    pthread_t writers[20];
    void *problem = NULL;
    start(&admin, "probe", busy_thread);
    assert_true(take_as(&db, "w", LEASE_MS, &busy_job));
    for (int i = 0; i < 20; i++)
        pthread_create(&writers[i], NULL, append_many, i ? NULL : &busy_job);
    for (int i = 0; i < 20; i++) {
        pthread_join(writers[i], &problem);
        assert_null(problem);
    }
    assert_int_equal(number("SELECT count(*) FROM thread_events"), 1 + 20 * 50);
    assert_int_equal(number("SELECT max(seq) - count(DISTINCT seq) FROM thread_events"), 0);
    assert_int_equal(number("SELECT count(*) FROM thread_events_default"), 0);
    clean();
}

static int64_t server_time(void) {
    int64_t time_ms;
    struct error e;
    good(jobs_time(&db, &time_ms, &e), &e);
    return time_ms;
}

static void an_old_attempt_writes_nothing(void **state) {
    char thread[UUID_TEXT_SIZE], text[64], artifact_id[UUID_TEXT_SIZE];
    struct job first, second;
    struct error e;
    struct job_loss losses[4];
    size_t count;
    cleanup_json json_t *event = one_event("late"), *facts = NULL;
    start(&admin, "probe", thread);
    assert_true(take_as(&db, "a", 1, &first));
    clock_sleep_ms(20);
    good(jobs_reap(&db, server_time(), losses, 4, &count, &e), &e);
    assert_int_equal(count, 1);
    assert_string_equal(losses[0].next, "queued");
    sql("UPDATE jobs SET run_at = now()");
    assert_true(take_as(&db, "b", LEASE_MS, &second));
    assert_int_equal(second.attempt, 2);
    struct job_fence old = fence_of(&first), new = fence_of(&second);
    int64_t events = number("SELECT count(*) FROM thread_events");
    assert_int_equal(jobs_begin_run(&db, &old, &facts, &e), -ESTALE);
    assert_int_equal(e.code, ERROR_FENCED);
    assert_int_equal(jobs_write_events(&db, &old, event, true, NULL, &e), -ESTALE);
    assert_int_equal(jobs_mark_running(&db, &old, first.id, &e), -ESTALE);
    struct artifact file = {admin.id, "other", "x", "text/plain", "x", 1};
    assert_int_equal(artifacts_store(&db, &old, uuid_make(artifact_id), &file, &e), -ESTALE);
    assert_int_equal(jobs_finish_run(&db, &old, &(struct run_end){"completed", "", "", NULL, NULL, 1}, &e), -ESTALE);
    bool lost = true;
    good(jobs_lose(&db, first.id, first.attempt, "crash", "x", losses, &lost, &e), &e);
    assert_false(lost);
    struct job_lease lease = {.attempt = first.attempt};
    strcpy(lease.id, first.id);
    good(jobs_renew(&db, "a", LEASE_MS, &lease, 1, &e), &e);
    assert_false(lease.held);
    assert_int_equal(number("SELECT count(*) FROM thread_events"), events);
    assert_int_equal(number("SELECT count(*) FROM artifacts"), 0);
    good(jobs_begin_run(&db, &new, &facts, &e), &e);
    assert_string_equal(status_of(thread, text), "starting/");
    good(jobs_finish_run(&db, &new, &(struct run_end){"completed", "", "", NULL, NULL, 1}, &e), &e);
    assert_string_equal(status_of(thread, text), "completed/");
    clean();
}

/* Its lease ends, its thread began and it was queued later than now. */
static void a_clock_that_went_back_keeps_no_job(void **state) {
    char thread[UUID_TEXT_SIZE], text[64];
    struct job job;
    struct job_loss losses[4];
    struct error e;
    size_t count;
    start(&admin, "probe", thread);
    sql("UPDATE jobs SET run_at = now() + interval '2 hours', created_at = now() + interval '2 hours'");
    assert_true(take_as(&db, "w", LEASE_MS, &job));
    assert_int_equal(job.wait_ms, 0);
    good(jobs_reap(&db, server_time(), losses, 4, &count, &e), &e);
    assert_int_equal(count, 0);
    sql("UPDATE jobs SET lease_until = now() + interval '2 hours', acted_at = now(), repeat_after_loss = false");
    sql("UPDATE threads SET start_time = now() + interval '2 hours'");
    good(jobs_reap(&db, server_time(), losses, 4, &count, &e), &e);
    assert_int_equal(count, 1);
    assert_string_equal(status_of(thread, text), "error/worker_lost");
    assert_int_equal(number("SELECT execution_time_ms FROM threads"), 0);
    sql("UPDATE agents SET threads_failed = 0"); /* counted by another test */
    clean();
}

/* A write in progress, of a stopped or slow process, locks its job's row: the worker's other leases go on. */
static void a_locked_job_does_not_keep_others_from_renewal(void **state) {
    cleanup_postgres struct postgres slow = {0};
    struct job jobs[2];
    struct job_lease leases[2] = {0};
    struct error e;
    for (int i = 0; i < 2; i++) {
        start(&admin, "probe", NULL);
        assert_true(take_as(&db, "w", 1000, &jobs[i]));
        leases[i].attempt = jobs[i].attempt;
        strcpy(leases[i].id, jobs[i].id);
    }
    good(postgres_open(&(struct postgres_options){.purpose = "slow"}, &slow, &e), &e);
    cleanup_free char *lock = memory_print("BEGIN; SELECT FROM jobs WHERE id = '%s' FOR UPDATE", jobs[0].id);
    good(postgres_script(&slow, lock, &e), &e);
    good(jobs_renew(&db, "w", LEASE_MS, leases, 2, &e), &e);
    assert_true(leases[0].held && !leases[0].renewed);
    assert_true(leases[1].held && leases[1].renewed);
    good(postgres_script(&slow, "ROLLBACK", &e), &e);
    good(jobs_renew(&db, "w", LEASE_MS, leases, 2, &e), &e);
    assert_true(leases[0].renewed && leases[1].renewed);
    assert_int_equal(number("SELECT count(*) FROM jobs WHERE lease_until > now() + interval '30 s'"), 2);
    clean();
}

static void a_repeated_write_counts_once(void **state) {
    char thread[UUID_TEXT_SIZE], id[UUID_TEXT_SIZE];
    struct job job;
    struct error e;
    cleanup_json json_t *event = one_event("once");
    int64_t first = 0, again = 0;
    start(&admin, "probe", thread);
    assert_true(take_as(&db, "w", LEASE_MS, &job));
    struct job_fence fence = fence_of(&job), before = fence;
    good(jobs_write_events(&db, &fence, event, false, &first, &e), &e);
    good(jobs_write_events(&db, &before, event, false, &again, &e), &e); /* the answer was lost: sent again */
    assert_int_equal(first, again);
    assert_int_equal(number("SELECT count(*) FROM thread_events WHERE kind = 'note'"), 1);
    struct artifact file = {admin.id, "other", "x", "text/plain", "same bytes", 10};
    uuid_make(id);
    good(artifacts_store(&db, &fence, id, &file, &e), &e);
    good(artifacts_store(&db, &fence, id, &file, &e), &e);
    good(artifacts_store(&db, &fence, uuid_make(id), &file, &e), &e);
    assert_int_equal(number("SELECT count(*) FROM artifacts"), 2);
    assert_int_equal(number("SELECT count(*) FROM artifact_files"), 1);
    struct run_end end = {"error", "step_failed", "why", NULL, NULL, 5};
    good(jobs_finish_run(&db, &fence, &end, &e), &e);
    good(jobs_finish_run(&db, &fence, &end, &e), &e);
    assert_int_equal(number("SELECT count(*) FROM thread_events WHERE kind = 'thread.error'"), 1);
    assert_int_equal(number("SELECT threads_failed FROM agents WHERE name = 'probe'"), 1);
    clean();
}

static void lose_for(const char *reason) {
    struct job job;
    struct job_loss loss;
    struct error e;
    bool lost = false;
    start(&admin, "probe", NULL);
    assert_true(take_as(&db, "w", LEASE_MS, &job));
    good(jobs_lose(&db, job.id, job.attempt, reason, "why", &loss, &lost, &e), &e);
    assert_true(lost);
    sql("DELETE FROM jobs");
}

static void a_lost_browser_is_an_event_of_the_system(void **state) {
#define INCIDENTS "SELECT count(*) FROM system_events WHERE kind = 'browser.incident'"
    struct job job;
    struct error e;
    struct run_end end = {"error", "crash", "why", NULL, NULL, 5};
    int64_t before = number(INCIDENTS);
    lose_for("oom");
    assert_int_equal(number(INCIDENTS " AND data->>'reason' = 'oom' AND (data->>'tried_again')::boolean"), 1);
    lose_for("worker_lost"); /* says nothing about a browser */
    start(&admin, "probe", NULL);
    assert_true(take_as(&db, "w", LEASE_MS, &job));
    struct job_fence fence = fence_of(&job);
    good(jobs_finish_run(&db, &fence, &end, &e), &e);
    assert_int_equal(number(INCIDENTS), before + 2);
    lose_for("capacity");
    lose_for("capacity"); /* within the minute */
    assert_int_equal(number(INCIDENTS), before + 3);
    clean();
}

static int store(const struct job_fence *fence, const char *data, size_t length, struct error *e) {
    char id[UUID_TEXT_SIZE];
    struct artifact file = {admin.id, "download", "big.bin", "application/octet-stream", data, length};
    return artifacts_store(&db, fence, uuid_make(id), &file, e);
}

static void files_stay_within_the_owners_limit(void **state) {
    struct job job;
    struct error e;
    cleanup_free char *data = memory_alloc(700 << 10);
    sql("DELETE FROM artifacts");
    sql("DELETE FROM artifact_files");
    good(config_set(CONFIG_QUOTAS, "{\"super_admin\":{\"stored_mb\":1}}", &e), &e);
    good(quotas_load(&e), &e);
    start(&admin, "probe", NULL);
    assert_true(take_as(&db, "w", LEASE_MS, &job));
    struct job_fence fence = fence_of(&job);
    good(store(&fence, data, 700 << 10, &e), &e);
    good(store(&fence, data, 700 << 10, &e), &e); /* the same content takes no room */
    *data = 'b';
    assert_int_equal(store(&fence, data, 700 << 10, &e), -EDQUOT);
    assert_int_equal(e.code, ERROR_QUOTA);
    assert_string_equal(e.text, "a super_admin may have at most 1 MB of files; a file of 700 kB does not fit");
    assert_non_null(strstr(e.hint, "\"stored_mb\""));
    good(store(&fence, data, 324 << 10, &e), &e); /* to the last byte */
    assert_int_equal(number("SELECT count(*) FROM artifacts"), 3);
    assert_int_equal(number("SELECT sum(size) FROM artifact_files"), 1 << 20);
    assert_int_equal(number("SELECT quota_used_stored_mb(owner_id) FROM artifact_files LIMIT 1"), 1);
    sql("DELETE FROM artifacts"); /* their bytes are removed later, and count no more */
    *data = 'c';
    good(store(&fence, data, 700 << 10, &e), &e);
    good(config_set(CONFIG_QUOTAS, "{\"super_admin\":{\"stored_mb\":1048576}}", &e), &e);
    good(quotas_load(&e), &e);
    clean();
}

static void losses_follow_the_rule(void **state) {
    static const struct {
        bool acted, repeat, stop;
        int attempt;
        const char *next, *status;
    } cases[] = {
        {false, false, false, 1, "queued", "queued/"},
        {true, false, false, 1, "dead", "error/crash"},
        {true, true, false, 1, "queued", "queued/"},
        {false, false, false, 5, "dead", "error/crash"},
        {false, false, true, 1, "cancelled", "stopped/stopped"},
        {true, false, true, 1, "cancelled", "stopped/stopped"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char thread[UUID_TEXT_SIZE], text[64], stopped_job[UUID_TEXT_SIZE];
        struct job job;
        struct job_loss loss;
        struct error e;
        bool lost = false;
        cleanup_json json_t *event = one_event("acts");
        cleanup_free char *answer = NULL;
        start(&admin, "probe", thread);
        assert_true(take_as(&db, "w", LEASE_MS, &job));
        struct job_fence fence = fence_of(&job);
        good(jobs_write_events(&db, &fence, event, cases[i].acted, NULL, &e), &e);
        if (cases[i].repeat)
            sql("UPDATE jobs SET repeat_after_loss = true");
        if (cases[i].stop)
            good(threads_stop(&db, &admin, thread, &answer, stopped_job, &e), &e);
        if (cases[i].attempt != 1)
            sql("UPDATE jobs SET attempt = 5");
        good(jobs_lose(&db, job.id, cases[i].attempt, "crash", "it crashed", &loss, &lost, &e), &e);
        assert_true(lost);
        assert_string_equal(loss.next, cases[i].next);
        assert_string_equal(status_of(thread, text), cases[i].status);
        clean();
    }
}

static void a_waiting_thread_stops_at_once(void **state) {
    char thread[UUID_TEXT_SIZE], text[64], job_id[UUID_TEXT_SIZE];
    struct job job;
    struct error e;
    cleanup_free char *answer = NULL, *again = NULL;
    start(&admin, "probe", thread);
    good(threads_stop(&db, &admin, thread, &answer, job_id, &e), &e);
    assert_string_equal(job_id, "");
    assert_string_equal(status_of(thread, text), "stopped/stopped");
    assert_false(take_as(&db, "w", LEASE_MS, &job));
    int64_t events = number("SELECT count(*) FROM thread_events");
    good(threads_stop(&db, &admin, thread, &again, job_id, &e), &e);
    assert_int_equal(number("SELECT count(*) FROM thread_events"), events);
    clean();
}

static void strangers_see_nothing(void **state) {
    char thread[UUID_TEXT_SIZE], job_id[UUID_TEXT_SIZE];
    struct error e;
    struct caller stranger = make_user("stranger@x.test", "pro_user");
    char *answer = NULL;
    struct list_query query = {.page = {1, 10}, .all = true};
    struct thread_filter filter = {0};
    start(&admin, "probe", thread);
    assert_int_equal(threads_get(&db, &stranger, thread, &answer, &e), -ENOENT);
    assert_int_equal(e.code, ERROR_NOT_FOUND);
    assert_int_equal(threads_stop(&db, &stranger, thread, &answer, job_id, &e), -ENOENT);
    assert_int_equal(threads_start(&db, &stranger, "probe", "", NULL, &answer, &e), -ENOENT);
    assert_int_equal(events_read(&db, &stranger, thread, 0, 10, &answer, &e), -ENOENT);
    assert_int_equal(agents_get(&db, &stranger, "probe", &answer, &e), -ENOENT);
    assert_int_equal(artifacts_list(&db, &stranger, thread, &answer, &e), -ENOENT);
    cleanup_json json_t *body = json_pack("{s:s, s:s}", "name", "mine", "preset_id", "probe");
    assert_int_equal(agents_create(&db, &stranger, body, &answer, &e), -ENOENT); /* another's preset */
    good(threads_list(&db, &stranger, &query, &filter, &answer, &e), &e);
    assert_non_null(strstr(answer, "\"total\" : 0"));
    free(answer);
    clean();
}

static void users_are_served_in_turn(void **state) {
    struct caller many = make_user("many@x.test", "pro_user"), few = make_user("few@x.test", "pro_user");
    make_agent(&many, "many");
    make_agent(&few, "few");
    for (int i = 0; i < 12; i++)
        start(&many, "many", NULL);
    for (int i = 0; i < 3; i++)
        start(&few, "few", NULL);
    for (int i = 0; i < 6; i++) {
        struct job job;
        assert_true(take_as(&db, "w", LEASE_MS, &job));
    }
    cleanup_free char *text =
        memory_print("SELECT count(*) FROM jobs WHERE status = 'running' AND user_id = '%s'", few.id);
    assert_int_equal(number(text), 3); /* although twelve of the other came first */
    clean();
}

/* Those of a free_user's two that wait for a person leave nobody behind in turn, and count for the limit all the same.
 */
static void runs_that_wait_take_no_turn_but_count(void **state) {
    struct caller patient = make_user("patient@x.test", "free_user"), busy = make_user("busy@x.test", "pro_user");
    struct job job, first;
    struct error e;
    make_agent(&patient, "patient");
    make_agent(&busy, "busy");
    for (int i = 0; i < 3; i++)
        start(&patient, "patient", NULL);
    assert_true(take_as(&db, "w", LEASE_MS, &first));
    struct job_fence fence = fence_of(&first);
    cleanup_json json_t *facts = NULL;
    good(jobs_begin_run(&db, &fence, &facts, &e), &e);
    good(jobs_mark_running(&db, &fence, "00000000-0000-7000-8000-000000000001", &e), &e);
    good(jobs_mark_waiting(&db, &fence, "question", &e), &e);
    start(&busy, "busy", NULL);
    sql("UPDATE users SET job_taken_at = now() + interval '1 hour' WHERE email = 'busy@x.test'");
    assert_true(take_as(&db, "w", LEASE_MS, &job)); /* both have none that works: the longer wait decides */
    cleanup_free char *mine =
        memory_print("SELECT count(*) FROM jobs WHERE status = 'running' AND user_id = '%s'", patient.id);
    assert_int_equal(number(mine), 2);
    assert_true(take_as(&db, "w", LEASE_MS, &job)); /* the other one's */
    assert_false(take_as(&db, "w", LEASE_MS, &job));
    assert_int_equal(number(mine), 2);
    clean();
}

static void *take_until_empty(void *user) {
    cleanup_postgres struct postgres mine = {0};
    struct error e;
    intptr_t taken = 0;
    if (postgres_open(&(struct postgres_options){.purpose = "probe"}, &mine, &e) < 0)
        return (void *)(intptr_t)-1;
    for (int misses = 0; misses < 20;) {
        struct job job;
        size_t got = 0;
        if (jobs_take(&mine, JOB_LANE_RUN, "w", LEASE_MS, &job, 1, &got, &e) < 0)
            return (void *)(intptr_t)-1;
        taken += (intptr_t)got;
        misses = got ? 0 : misses + 1;
    }
    return (void *)taken;
}

static void a_role_s_limit_holds_under_a_rush(void **state) {
    struct caller free_user = make_user("free@x.test", "free_user"), pro = make_user("pro@x.test", "pro_user");
    make_agent(&free_user, "free");
    make_agent(&pro, "pro");
    for (int i = 0; i < 30; i++) {
        start(&free_user, "free", NULL);
        start(&pro, "pro", NULL);
    }
    pthread_t takers[8];
    intptr_t total = 0;
    for (int i = 0; i < 8; i++)
        pthread_create(&takers[i], NULL, take_until_empty, NULL);
    for (int i = 0; i < 8; i++) {
        void *taken;
        pthread_join(takers[i], &taken);
        assert_true((intptr_t)taken >= 0);
        total += (intptr_t)taken;
    }
    assert_int_equal(total, 12); /* 2 of a free_user, 10 of a pro_user */
    assert_int_equal(number("SELECT count(*) FROM jobs WHERE status = 'running'"), 12);
    assert_int_equal(number("SELECT max(attempt) FROM jobs"), 1);
    clean();
}

static void bad_input_is_named(void **state) {
    static const struct {
        const char *body, *text;
    } cases[] = {
        {"{}", "needs the field \"name\""},
        {"{\"name\":\"\"}", "name must have 1 to 200 characters"},
        {"{\"name\":\"n\",\"temperature\":9}", "temperature must be from 0 to 2"},
        {"{\"name\":\"n\",\"temperature\":\"hot\"}", "preset.temperature must be a number"},
        {"{\"name\":\"n\",\"ai_model\":\"x\"}", "ai_model must be"},
        {"{\"name\":\"n\",\"max_tokens\":99999999999}", "out of range"},
        {"{\"name\":\"n\",\"colour\":1}", "has no field \"colour\""},
        {"{\"name\":\"probe\"}", "a preset of this name"},
        {"{\"name\":\"n\",\"additional_config\":[]}", "must be an object"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *body = json_loads(cases[i].body, 0, NULL);
        char *answer = NULL;
        struct error e = {0};
        assert_true(presets_create(&db, &admin, body, &answer, &e) < 0);
        if (!strstr(e.text, cases[i].text) || error_http_status(e.code) >= 500)
            fail_msg("%s gave %s: %s", cases[i].body, error_name(e.code), e.text);
    }
}

static void a_hung_statement_ends_at_its_deadline(void **state) {
    static const struct statement SLEEP = {"probe_sleep", "SELECT pg_sleep(30)"};
    cleanup_postgres struct postgres hasty = {0};
    struct error e;
    good(postgres_open(&(struct postgres_options){.purpose = "probe", .timeout_ms = 300}, &hasty, &e), &e);
    int64_t began = clock_monotonic_ms();
    assert_true(postgres_query(&hasty, &SLEEP, NULL, &e) < 0);
    assert_int_equal(e.code, ERROR_TIMEOUT);
    assert_true(clock_monotonic_ms() - began < 5000);
    static const struct statement ONE = {"probe_one", "SELECT 1"};
    good(postgres_query(&hasty, &ONE, NULL, &e), &e); /* the connection is still good */
}

/* The end of its connections reaches them once their processes are gone. */
static void kill_connection(struct postgres *victim) {
    struct pollfd end = {.fd = PQsocket(victim->connection), .events = POLLRDHUP};
    number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'replinet victim'");
    assert_int_equal(poll(&end, 1, 30000), 1);
}

static void a_killed_connection_comes_back_outside_a_transaction_only(void **state) {
    static const struct statement ONE = {"probe_one", "SELECT 1"};
    cleanup_postgres struct postgres mine = {0};
    struct error e;
    good(postgres_open(&(struct postgres_options){.purpose = "victim"}, &mine, &e), &e);
    good(postgres_query(&mine, &ONE, NULL, &e), &e);
    kill_connection(&mine);
    good(postgres_query(&mine, &ONE, NULL, &e), &e);
    cleanup_transaction struct transaction transaction = {0};
    good(postgres_begin(&mine, &transaction, &e), &e);
    kill_connection(&mine);
    assert_true(postgres_query(&mine, &ONE, NULL, &e) < 0);
    assert_int_equal(e.code, ERROR_UNAVAILABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seq_has_neither_gap_nor_double),
        cmocka_unit_test(an_old_attempt_writes_nothing),
        cmocka_unit_test(a_clock_that_went_back_keeps_no_job),
        cmocka_unit_test(a_locked_job_does_not_keep_others_from_renewal),
        cmocka_unit_test(a_repeated_write_counts_once),
        cmocka_unit_test(a_lost_browser_is_an_event_of_the_system),
        cmocka_unit_test(files_stay_within_the_owners_limit),
        cmocka_unit_test(losses_follow_the_rule),
        cmocka_unit_test(a_waiting_thread_stops_at_once),
        cmocka_unit_test(strangers_see_nothing),
        cmocka_unit_test(users_are_served_in_turn),
        cmocka_unit_test(runs_that_wait_take_no_turn_but_count),
        cmocka_unit_test(a_role_s_limit_holds_under_a_rush),
        cmocka_unit_test(bad_input_is_named),
        cmocka_unit_test(a_hung_statement_ends_at_its_deadline),
        cmocka_unit_test(a_killed_connection_comes_back_outside_a_transaction_only),
    };
    if (open_probe())
        return 1;
    make_agent(&admin, "probe");
    clean();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    postgres_close(&db);
    return failed;
}
