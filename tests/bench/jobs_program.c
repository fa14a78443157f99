/* What benchmarks of the queue do in the database, with the product's own functions; the benchmarks beside it give it
 * DATABASE_URL and REDIS_URL of an instance and read the line of JSON that it prints.
 *
 *   jobs_program enqueue COUNT each|together|many     no-op jobs: a transaction each; all in one; a thousand a
 * statement jobs_program doorbell COUNT                  from a thread's commit to the first word of its job's process
 *   jobs_program events THREADS SECONDS BATCH    as fast as so many runs at once can write, BATCH events a time;
 *                                                BATCH 0: lines of a page's console, the way a job's process does it */
#include "base/clock.h"
#include "base/config.h"
#include "base/json.h"
#include "base/memory.h"
#include "domain/agents.h"
#include "domain/jobs.h"
#include "domain/jobs_fenced.h"
#include "domain/jobs_order.h"
#include "domain/presets.h"
#include "domain/threads.h"
#include "domain/users.h"
#include "store/redis.h"
#include "worker/job_internal.h"
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEASE_MS  3600000
#define START_MS  10000
#define PAUSE_MS  400 /* between threads: they come one at a time, as people start them */
#define RUNS_MOST 64

static struct postgres db;
static struct redis redis;
static struct caller admin;

static void must(int r, const struct error *e) {
    if (r >= 0)
        return;
    fprintf(stderr, "jobs_program: %s: %s\n", error_name(e->code), e->text);
    exit(1);
}

static void make_agent(void) {
    struct error e;
    cleanup_free char *preset = NULL, *agent = NULL;
    cleanup_json json_t *preset_body = json_pack("{s:s}", "name", "bench");
    cleanup_json json_t *agent_body = json_pack("{s:s, s:s}", "name", "bench", "preset_id", "bench");
    must(presets_put(&db, &admin, preset_body, &preset, &e), &e);
    must(agents_put(&db, &admin, agent_body, &agent, &e), &e);
}

static void start_thread(char ret_id[UUID_TEXT_SIZE]) {
    struct error e;
    cleanup_free char *answer = NULL;
    struct thread_order order = {.agent = "bench", .id = uuid_make(ret_id)};
    must(threads_order(&db, &admin, &order, &answer, &e), &e);
}

static void enqueue_one_by_one(int count, const struct job_order *order, bool ring) {
    struct error e;
    for (int i = 0; i < count; i++) {
        must(jobs_enqueue(&db, order, NULL, &e), &e);
        if (ring)
            jobs_ring(&redis, JOB_KIND_NOOP);
    }
}

static void enqueue_many(int count, const struct job_order *order) {
    struct job_order orders[JOBS_AT_ONCE];
    struct error e;
    for (int i = 0; i < JOBS_AT_ONCE; i++)
        orders[i] = *order;
    for (; count > 0; count -= JOBS_AT_ONCE) {
        must(jobs_enqueue_many(&db, orders, count < JOBS_AT_ONCE ? (size_t)count : JOBS_AT_ONCE, NULL, &e), &e);
        jobs_ring(&redis, JOB_KIND_NOOP);
    }
}

static int enqueue(int count, const char *how) {
    struct error e;
    cleanup_transaction struct transaction transaction = {0};
    struct job_order order = {.kind = JOB_KIND_NOOP, .user_id = admin.id};
    int64_t began = clock_wall_us();
    if (!strcmp(how, "many"))
        enqueue_many(count, &order);
    else if (!strcmp(how, "each"))
        enqueue_one_by_one(count, &order, true);
    else {
        must(postgres_begin(&db, &transaction, &e), &e);
        enqueue_one_by_one(count, &order, false);
        must(postgres_commit(&transaction, &e), &e);
        jobs_ring(&redis, JOB_KIND_NOOP);
    }
    printf("{\"began_us\": %lld, \"ms\": %.1f}\n", (long long)began, (double)(clock_wall_us() - began) / 1000);
    return 0;
}

/* When the job's process wrote that it had begun, by the same machine's clock. */
static int64_t begun_at(const char *thread_id) {
    static const struct statement BEGUN = {"bench_begun",
                                           "SELECT (extract(epoch FROM time) * 1000000)::bigint FROM thread_events "
                                           "WHERE thread_id = $1::uuid AND kind = 'thread.starting'"};
    for (int64_t deadline = clock_deadline(START_MS); clock_remaining_ms(deadline); clock_sleep_ms(20)) {
        cleanup_result struct pg_result *result = NULL;
        struct error e;
        must(postgres_query(&db, &BEGUN, &result, &e, thread_id), &e);
        if (result_rows(result))
            return result_int(result, 0, 0);
    }
    fprintf(stderr, "jobs_program: no job began within %d ms\n", START_MS);
    exit(1);
}

static void wait_for_end(const char *thread_id) {
    for (int64_t deadline = clock_deadline(START_MS); clock_remaining_ms(deadline); clock_sleep_ms(20)) {
        struct error e;
        cleanup_free char *text = NULL;
        cleanup_json json_t *thread = NULL;
        must(threads_get(&db, &admin, thread_id, &text, &e), &e);
        must(json_parse(text, strlen(text), "the thread", &thread, &e), &e);
        if (json_is_string(json_object_get(thread, "end_time")))
            return;
    }
}

/* The agent has no script: its job says so and ends, without a browser. */
static int doorbell(int count) {
    make_agent();
    printf("{\"ms\": [");
    for (int i = 0; i < count; i++) {
        char id[UUID_TEXT_SIZE];
        start_thread(id);
        int64_t committed = clock_wall_us();
        jobs_ring(&redis, JOB_KIND_RUN);
        printf("%s%.2f", i ? ", " : "", (double)(begun_at(id) - committed) / 1000);
        wait_for_end(id);
        clock_sleep_ms(PAUSE_MS);
    }
    puts("]}");
    return 0;
}

struct writer {
    struct job job;
    int64_t until, written;
    int batch;
};

static json_t *make_events(int count) {
    json_t *events = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(events,
                              json_pack("{s:s, s:s, s:s, s:{s:s, s:i}}", "kind", "page.console", "level", "info",
                                        "message", "A line that a page wrote to its console, of common length", "data",
                                        "url", "https://shop.example/products", "line", i));
    return events;
}

static void write_as_a_run(struct writer *run, struct postgres *mine) {
    struct job_context context = {.db = *mine, .fence = {.attempt = run->job.attempt}, .interrupt_fd = -1};
    struct run_sink_database state = {.job = &context};
    struct agent_sink sink = run_sink_database_of(&state);
    struct error e;
    cleanup_json json_t *data = json_pack("{s:s}", "type", "log");
    memcpy(context.fence.job_id, run->job.id, UUID_TEXT_SIZE);
    memcpy(state.thread_id, run->job.thread_id, UUID_TEXT_SIZE);
    redis_open(&context.redis, NULL);
    for (; clock_monotonic_ms() < run->until; run->written++)
        must(sink.event(sink.user, LOG_DEBUG, "page.console",
                        "A line that a page wrote to its console, of common length", data, &e),
             &e);
    must(run_sink_database_flush(&state, &e), &e);
    redis_close(&context.redis);
    *mine = context.db;
}

static void *write_events(void *user) {
    struct writer *run = user;
    cleanup_postgres struct postgres mine = {0};
    struct error e;
    struct job_fence fence = {.attempt = run->job.attempt};
    cleanup_json json_t *events = make_events(run->batch);
    memcpy(fence.job_id, run->job.id, UUID_TEXT_SIZE);
    must(postgres_open(&(struct postgres_options){.purpose = "bench"}, &mine, &e), &e);
    if (!run->batch)
        write_as_a_run(run, &mine);
    while (clock_monotonic_ms() < run->until) {
        must(jobs_write_events(&mine, &fence, events, false, NULL, &e), &e);
        run->written += run->batch;
    }
    return NULL;
}

static int events(int threads, int seconds, int batch) {
    struct writer runs[RUNS_MOST] = {0};
    pthread_t writers[RUNS_MOST];
    int64_t written = 0, began;
    make_agent();
    for (int i = 0; i < threads; i++) {
        char id[UUID_TEXT_SIZE];
        size_t count = 0;
        struct error e;
        start_thread(id);
        must(jobs_take(&db, JOB_LANE_RUN, "bench", LEASE_MS, &runs[i].job, 1, &count, &e), &e);
    }
    began = clock_monotonic_ms();
    for (int i = 0; i < threads; i++) {
        runs[i].until = began + seconds * 1000;
        runs[i].batch = batch;
        pthread_create(&writers[i], NULL, write_events, &runs[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(writers[i], NULL);
        written += runs[i].written;
    }
    printf("{\"events\": %lld, \"ms\": %lld}\n", (long long)written, (long long)(clock_monotonic_ms() - began));
    return 0;
}

int main(int count, char **arguments) {
    cleanup_free char *complaints = NULL;
    struct error e;
    if (count < 3 || sodium_init() < 0 || config_load(NULL, &complaints) < 0) {
        fprintf(stderr, "jobs_program: %s\n", complaints ? complaints : "enqueue, doorbell or events");
        return 2;
    }
    must(postgres_open(&(struct postgres_options){.purpose = "bench"}, &db, &e), &e);
    must(users_ensure_local_admin(&db, &admin, &e), &e);
    redis_open(&redis, NULL);
    int n = atoi(arguments[2]), r = 2;
    if (!strcmp(arguments[1], "enqueue") && count == 4)
        r = enqueue(n, arguments[3]);
    else if (!strcmp(arguments[1], "doorbell"))
        r = doorbell(n);
    else if (!strcmp(arguments[1], "events") && count == 5)
        r = events(n < RUNS_MOST ? n : RUNS_MOST, atoi(arguments[3]), atoi(arguments[4]));
    redis_close(&redis);
    postgres_close(&db);
    return r;
}
