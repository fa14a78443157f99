/* What runs with a model write, against a real PostgreSQL: questions and spending under the fence of their job. Run by
 * store.test.mjs, which gives it DATABASE_URL of an empty, migrated database. */
#include "../unit/unit_test.h"

#include "base/config.h"
#include "base/memory.h"
#include "domain/agents.h"
#include "domain/jobs.h"
#include "domain/jobs_fenced.h"
#include "domain/model_usage.h"
#include "domain/presets.h"
#include "domain/questions.h"
#include "domain/threads.h"
#include "domain/users.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define LEASE_MS 60000

static struct postgres db;
static struct caller admin;

/* A thread that a worker has taken, its browser leased. */
struct held {
    char thread_id[UUID_TEXT_SIZE];
    struct job_fence fence;
};

static void good(int r, const struct error *e) {
    if (r < 0)
        fail_msg("%s: %s", error_name(e->code), e->text);
}

static void refused(int r, const struct error *e, enum error_code code, const char *text) {
    assert_true(r < 0);
    if (e->code != code || !strstr(e->text, text))
        fail_msg("%s: %s", error_name(e->code), e->text);
}

static int64_t number(const char *text) {
    struct statement statement = {text, text};
    cleanup_result struct pg_result *result = NULL;
    struct error e;
    good(postgres_query(&db, &statement, &result, &e), &e);
    db.prepared_count--; /* the name is its text */
    return result_int(result, 0, 0);
}

static json_t *read_json(char *text) {
    cleanup_free char *mine = text;
    json_t *value = NULL;
    struct error e;
    good(json_parse(mine, strlen(mine), "answer", &value, &e), &e);
    return value;
}

static void make_agent(void) {
    struct error e;
    cleanup_free char *preset = NULL, *agent = NULL;
    cleanup_json json_t *preset_body = json_pack("{s:s}", "name", "probe");
    cleanup_json json_t *agent_body = json_pack("{s:s, s:s, s:[]}", "name", "probe", "preset_id", "probe", "script");
    good(presets_create(&db, &admin, preset_body, &preset, &e), &e);
    good(agents_create(&db, &admin, agent_body, &agent, &e), &e);
}

static struct held hold_thread(void) {
    struct held held = {0};
    struct error e;
    struct job job;
    size_t taken = 0;
    char *text = NULL, browser[UUID_TEXT_SIZE];
    cleanup_json json_t *facts = NULL;
    good(threads_start(&db, &admin, "probe", "task", NULL, &text, &e), &e);
    cleanup_json json_t *thread = read_json(text);
    good(jobs_take(&db, JOB_LANE_RUN, "w", LEASE_MS, &job, 1, &taken, &e), &e);
    assert_int_equal(taken, 1);
    strcpy(held.thread_id, json_text_or(thread, "id", ""));
    held.fence = (struct job_fence){.attempt = job.attempt};
    strcpy(held.fence.job_id, job.id);
    good(jobs_begin_run(&db, &held.fence, &facts, &e), &e);
    good(jobs_mark_running(&db, &held.fence, uuid_make(browser), &e), &e);
    return held;
}

static void expect_status(const struct held *held, const char *expected) {
    struct error e;
    char *text = NULL;
    good(threads_get(&db, &admin, held->thread_id, &text, &e), &e);
    cleanup_json json_t *thread = read_json(text);
    cleanup_free char *now =
        memory_print("%s/%s", json_text_or(thread, "status", ""), json_text_or(thread, "reason", ""));
    assert_string_equal(now, expected);
}

static void finish(struct held *held, const char *status) {
    struct error e;
    good(jobs_finish_run(&db, &held->fence, &(struct run_end){status, "", "", NULL, NULL, 1}, &e), &e);
}

static void ask(struct held *held, const char *kind, int64_t ms, char id[UUID_TEXT_SIZE]) {
    struct error e;
    cleanup_json json_t *question =
        json_pack("{s:s, s:s, s:[s,s], s:[{s:s}], s:I}", "kind", kind, "text", "Which one?", "choices", "a", "b",
                  "fields", "name", "code", "deadline_ms", (json_int_t)ms);
    good(questions_ask(&db, &held->fence, uuid_make(id), question, &e), &e);
}

static json_t *poll_answer(struct held *held, const char *id) {
    struct error e;
    json_t *answer = NULL;
    good(questions_poll(&db, &held->fence, id, &answer, &e), &e);
    return answer;
}

static int answer(const struct held *held, const char *id, json_t *body, struct error *e) {
    cleanup_json json_t *owned = body;
    cleanup_free char *text = NULL;
    return questions_answer(&db, &admin, held->thread_id, id, owned, &text, e);
}

static json_t *only_question(const struct held *held) {
    struct error e;
    char *text = NULL;
    good(questions_list(&db, &admin, held->thread_id, false, &text, &e), &e);
    cleanup_json json_t *list = read_json(text);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 1);
    return json_incref(json_array_get(json_object_get(list, "items"), 0));
}

static void expect_question(const struct held *held, const char *status, const char *why) {
    cleanup_json json_t *question = only_question(held);
    assert_string_equal(json_text_or(question, "status", ""), status);
    assert_string_equal(json_text_or(question, "why", ""), why);
}

static void a_question_is_answered_once(void **state) {
    struct held held = hold_thread();
    char id[UUID_TEXT_SIZE];
    struct error e;
    ask(&held, "question", 60000, id);
    expect_status(&held, "waiting/question");
    assert_null(poll_answer(&held, id));
    good(answer(&held, id, json_pack("{s:s}", "text", "b"), &e), &e);
    refused(answer(&held, id, json_pack("{s:s}", "text", "a"), &e), &e, ERROR_CONFLICT, "was answered");
    cleanup_json json_t *given = poll_answer(&held, id);
    assert_string_equal(json_text_or(given, "text", ""), "b");
    assert_string_equal(json_text_or(given, "by", ""), "Local administrator");
    expect_status(&held, "running/");
    finish(&held, "completed");
    expect_question(&held, "answered", "");
}

static void asking_again_after_a_lost_answer_asks_once(void **state) {
    struct held held = hold_thread();
    char id[UUID_TEXT_SIZE];
    struct error e;
    cleanup_json json_t *question =
        json_pack("{s:s, s:s, s:i}", "kind", "approval", "text", "Pay?", "deadline_ms", 60000);
    uuid_make(id);
    for (int i = 0; i < 2; i++)
        good(questions_ask(&db, &held.fence, id, question, &e), &e);
    refused(answer(&held, id, json_pack("{s:s}", "text", "yes"), &e), &e, ERROR_BAD_INPUT, "approved");
    good(answer(&held, id, json_pack("{s:b}", "approved", 0), &e), &e);
    cleanup_json json_t *given = poll_answer(&held, id);
    assert_false(json_bool_or(given, "approved", true));
    finish(&held, "completed");
    expect_question(&held, "answered", "");
}

static void a_wrong_answer_is_named(void **state) {
    struct held held = hold_thread();
    char id[UUID_TEXT_SIZE];
    struct error e;
    ask(&held, "code", 60000, id);
    refused(answer(&held, id, json_object(), &e), &e, ERROR_BAD_INPUT, "text is needed");
    refused(answer(&held, id, json_pack("{s:s}", "txet", "1"), &e), &e, ERROR_BAD_INPUT, "no member \"txet\"");
    refused(answer(&held, id, json_pack("{s:{s:s}}", "values", "pin", "1"), &e), &e, ERROR_BAD_INPUT, "values.pin");
    refused(answer(&held, id, json_pack("{s:s}", "handled", "yes"), &e), &e, ERROR_BAD_INPUT, "true or false");
    good(answer(&held, id, json_pack("{s:{s:s}}", "values", "code", "123456"), &e), &e);
    cleanup_json json_t *given = poll_answer(&held, id), *seen = only_question(&held);
    assert_string_equal(json_text_or(json_object_get(given, "values"), "code", ""), "123456");
    assert_null(json_object_get(json_object_get(seen, "answer"), "values")); /* nobody reads a code */
    finish(&held, "completed");
    assert_int_equal(number("SELECT count(*) FROM thread_questions WHERE answer::text LIKE '%123456%'"), 0);
}

static void its_time_and_its_thread_end_it(void **state) {
    struct held late = hold_thread(), stopped = hold_thread(), lost = hold_thread();
    char id[UUID_TEXT_SIZE];
    struct error e;
    struct job_loss loss;
    bool is_lost = false;
    ask(&late, "question", 0, id);
    refused(answer(&late, id, json_pack("{s:s}", "text", "b"), &e), &e, ERROR_CONFLICT, "time is up");
    good(questions_withdraw(&db, &late.fence, id, "expired", &e), &e);
    good(questions_withdraw(&db, &late.fence, id, "expired", &e), &e);
    expect_status(&late, "running/");
    expect_question(&late, "expired", "expired");
    finish(&late, "completed");

    cleanup_free char *text = NULL;
    char job_id[UUID_TEXT_SIZE];
    ask(&stopped, "captcha", 60000, id);
    good(threads_stop(&db, &admin, stopped.thread_id, &text, job_id, &e), &e);
    expect_question(&stopped, "withdrawn", "stopping");
    refused(answer(&stopped, id, json_pack("{s:b}", "handled", 1), &e), &e, ERROR_CONFLICT, "withdrawn");
    good(questions_withdraw(&db, &stopped.fence, id, "stopped", &e), &e);
    expect_status(&stopped, "stopping/stopped");
    finish(&stopped, "stopped");

    ask(&lost, "blocked", 60000, id);
    good(jobs_lose(&db, lost.fence.job_id, lost.fence.attempt, "crash", "x", &loss, &is_lost, &e), &e);
    assert_true(is_lost);
    expect_question(&lost, "withdrawn", "queued");
    json_t *nothing = NULL;
    refused(questions_poll(&db, &lost.fence, id, &nothing, &e), &e, ERROR_FENCED, "does not hold");
    refused(questions_withdraw(&db, &lost.fence, id, "stopped", &e), &e, ERROR_FENCED, "does not hold");
    cleanup_json json_t *question = json_pack("{s:s}", "kind", "question");
    refused(questions_ask(&db, &lost.fence, uuid_make(id), question, &e), &e, ERROR_FENCED, "does not hold");
}

static void a_link_is_good_for_one_answer(void **state) {
    struct held held = hold_thread();
    char id[UUID_TEXT_SIZE], owner[UUID_TEXT_SIZE];
    cleanup_free char *url = NULL, *seen = NULL, *screenshot = NULL, *written = NULL, *again = NULL;
    cleanup_json json_t *body = json_pack("{s:s}", "text", "a");
    struct caller of;
    struct error e;
    ask(&held, "question", 60000, id);
    good(question_make_link(id, &url, &e), &e);
    char *token = strrchr(url, '/') + 1;
    good(questions_by_link(&db, token, &seen, &screenshot, &of, &e), &e);
    assert_non_null(strstr(seen, "Which one?"));
    assert_null(strstr(seen, held.thread_id));
    assert_string_equal(of.id, admin.id);
    token[10] = token[10] == 'A' ? 'B' : 'A';
    refused(questions_answer_by_link(&db, token, body, &written, owner, &e), &e, ERROR_NOT_FOUND, "of no use");
    cleanup_free char *fresh = NULL;
    good(question_make_link(id, &fresh, &e), &e);
    token = strrchr(fresh, '/') + 1;
    good(questions_answer_by_link(&db, token, body, &written, owner, &e), &e);
    refused(questions_answer_by_link(&db, token, body, &again, owner, &e), &e, ERROR_NOT_FOUND, "of no use");
    refused(questions_by_link(&db, token, &again, &screenshot, &of, &e), &e, ERROR_NOT_FOUND, "of no use");
    cleanup_json json_t *given = poll_answer(&held, id);
    assert_string_equal(json_text_or(given, "by", ""), "Somebody with the link");
    finish(&held, "completed");
}

static int spend(struct held *held, int64_t number, int64_t tokens, int64_t cost, struct error *e) {
    struct model_spending spent = {
        .number = number, .calls = !!tokens, .input_tokens = tokens, .output_tokens = tokens / 10, .cost_micro = cost};
    return model_usage_spend(&db, &held->fence, "local/qwen/3", &spent, e);
}

static void sql(const char *text) {
    struct error e;
    good(postgres_script(&db, text, &e), &e);
}

/* The threads' owner; somebody else stays super_admin. */
static void become(const char *role) {
    cleanup_free char *text = memory_print("UPDATE users SET role = '%s' WHERE email = 'admin@localhost'", role);
    sql(text);
}

static void what_is_spent_counts_once(void **state) {
    struct held held = hold_thread();
    struct error e;
    become("free_user");
    sql("DELETE FROM model_usage");
    good(spend(&held, 1, 0, 0, &e), &e); /* before the first call: nothing to write */
    assert_int_equal(number("SELECT count(*) FROM model_usage"), 0);
    good(spend(&held, 2, 1000, 50, &e), &e);
    good(spend(&held, 2, 1000, 50, &e), &e); /* its answer was lost */
    good(spend(&held, 3, 500, 7, &e), &e);
    assert_int_equal(number("SELECT input_tokens FROM model_usage WHERE provider = 'local' AND model = 'qwen/3'"),
                     1500);
    assert_int_equal(number("SELECT cost_micro FROM threads WHERE status = 'running'"), 57);
    assert_int_equal(number("SELECT usage->>'output_tokens' FROM threads WHERE status = 'running'"), 150);
    assert_int_equal(number("SELECT calls FROM model_usage LIMIT 1"), 2);
    struct held old = held;
    old.fence.attempt--;
    refused(spend(&old, 9, 1, 1, &e), &e, ERROR_FENCED, "does not hold");
    become("super_admin");
    finish(&held, "completed");
}

static void a_limit_and_a_pause_stop_it(void **state) {
    struct held held = hold_thread();
    struct error e;
    cleanup_free char *paused = NULL, *again = NULL, *forbidden = NULL;
    struct caller user = {.role = ROLE_TEAM_ORGANIZER};
    become("free_user");
    sql("DELETE FROM model_usage");
    refused(spend(&held, 1, 1000001, 5, &e), &e, ERROR_LIMIT, "model_tokens_day");
    assert_int_equal(number("SELECT sum(cost_micro) FROM model_usage"), 5); /* it was written down all the same */
    sql("DELETE FROM model_usage");
    refused(spend(&held, 2, 10, 1000000, &e), &e, ERROR_LIMIT, "the role free_user's limit");
    sql("UPDATE users SET model_cost_day = 2000000");
    good(spend(&held, 3, 10, 0, &e), &e);
    refused(spend(&held, 4, 10, 1000000, &e), &e, ERROR_LIMIT, "the user's own limit");
    sql("UPDATE users SET model_cost_day = NULL");
    become("super_admin");
    good(config_set(CONFIG_MODEL_COST_DAY, "2000000", &e), &e);
    refused(spend(&held, 5, 0, 0, &e), &e, ERROR_LIMIT, "MODEL_COST_DAY");
    good(config_set(CONFIG_MODEL_COST_DAY, "0", &e), &e);
    strcpy(user.id, admin.id);
    refused(model_pause_set(&db, &user, true, &forbidden, &e), &e, ERROR_FORBIDDEN, "administrators");
    good(model_pause_set(&db, &admin, true, &paused, &e), &e);
    refused(spend(&held, 6, 0, 0, &e), &e, ERROR_PAUSED, "paused");
    good(model_pause_set(&db, &admin, false, &again, &e), &e);
    good(spend(&held, 7, 0, 0, &e), &e);
    finish(&held, "completed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_answered_once),   cmocka_unit_test(asking_again_after_a_lost_answer_asks_once),
        cmocka_unit_test(a_wrong_answer_is_named),       cmocka_unit_test(its_time_and_its_thread_end_it),
        cmocka_unit_test(a_link_is_good_for_one_answer), cmocka_unit_test(what_is_spent_counts_once),
        cmocka_unit_test(a_limit_and_a_pause_stop_it),
    };
    cleanup_free char *complaints = NULL;
    struct error e;
    if (sodium_init() < 0 || config_load(NULL, &complaints) < 0 ||
        postgres_open(&(struct postgres_options){.purpose = "probe"}, &db, &e) < 0 ||
        users_ensure_local_admin(&db, &admin, &e) < 0) {
        fprintf(stderr, "%s\n", complaints ? complaints : e.text);
        return 1;
    }
    make_agent();
    sql("INSERT INTO users (email, role) VALUES ('other@x.test', 'super_admin')");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    postgres_close(&db);
    return failed;
}
