#include "domain/questions.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/public_url.h"
#include "domain/jobs_order.h"
#include "domain/question_link.h"
#include "domain/sql.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 20000 /* bytes of an answer's text or value */

/* What was sent to a person as a code is nobody else's to read. */
#define QUESTION_JSON                                                                                                  \
    "json_build_object('id', q.id, 'thread_id', q.thread_id, 'kind', q.kind, 'text', q.text, "                         \
    "'choices', q.details->'choices', 'fields', q.details->'fields', 'call', q.details->'call', "                      \
    "'screenshot_id', q.screenshot, 'status', q.status, 'why', q.why, "                                                \
    "'answer', CASE q.kind WHEN 'code' THEN q.answer - 'text' - 'values' ELSE q.answer END, "                          \
    "'asked_at', rfc3339(q.asked_at), 'deadline_at', rfc3339(q.deadline_at), 'ended_at', rfc3339(q.ended_at))"

static const struct statement ASK = {
    "questions_ask",
    "WITH job AS (SELECT j.id, j.thread_id FROM jobs j WHERE " JOBS_HELD " FOR UPDATE), "
    "thread AS (UPDATE threads t SET reason = CASE WHEN t.status IN ('running', 'waiting') THEN $4 ELSE t.reason END, "
    "status = CASE WHEN t.status IN ('running', 'waiting') THEN 'waiting' ELSE t.status END::thread_status "
    "FROM job WHERE t.id = job.thread_id AND t.end_time IS NULL RETURNING t.id, t.owner_id, job.id AS job_id), "
    "question AS (INSERT INTO thread_questions (id, thread_id, owner_id, job_id, attempt, kind, text, details, "
    "screenshot, deadline_at) SELECT $3::uuid, t.id, t.owner_id, t.job_id, $2::int, $4, $5, $6::jsonb, $7::uuid, "
    "clock_timestamp() + $8::bigint * interval '1 millisecond' FROM thread t ON CONFLICT (id) DO NOTHING RETURNING id) "
    "SELECT owner_id, EXISTS (SELECT FROM question) FROM thread"};

static const struct statement POLL = {"questions_poll",
                                      "SELECT q.answer FROM thread_questions q JOIN jobs j ON j.id = q.job_id "
                                      "WHERE q.id = $3::uuid AND " JOBS_HELD};

static const struct statement WITHDRAW = {
    "questions_withdraw",
    "WITH job AS (SELECT j.id, j.thread_id FROM jobs j WHERE " JOBS_HELD " FOR UPDATE), "
    "thread AS (UPDATE threads t SET reason = CASE t.status WHEN 'waiting' THEN '' ELSE t.reason END, "
    "status = CASE t.status WHEN 'waiting' THEN 'running' ELSE t.status END::thread_status "
    "FROM job WHERE t.id = job.thread_id AND t.end_time IS NULL RETURNING t.id), "
    "question AS (UPDATE thread_questions q SET status = CASE $4 WHEN 'expired' THEN 'expired' ELSE 'withdrawn' "
    "END::question_status, why = $4, ended_at = clock_timestamp() FROM thread t "
    "WHERE q.id = $3::uuid AND q.thread_id = t.id AND q.status = 'open') SELECT id FROM job"};

static const struct statement LIST = {
    "questions_list", "SELECT json_build_object('items', coalesce((SELECT json_agg(" QUESTION_JSON " ORDER BY q.id) "
                      "FROM thread_questions q WHERE q.thread_id = t.id), '[]'::json)) FROM threads t "
                      "WHERE t.id = $3::uuid AND " SQL_MAY("t")};

#define FACTS "q.kind, q.details, q.status, q.deadline_at > clock_timestamp(), q.owner_id, "
static const struct statement LOCK = {
    "questions_lock",
    "SELECT " FACTS "coalesce(nullif(u.name, ''), u.email) FROM thread_questions q JOIN threads t ON t.id = "
    "q.thread_id CROSS JOIN users u WHERE q.id = $4::uuid AND q.thread_id = $3::uuid AND u.id = $1::uuid AND " SQL_MAY(
        "t") " FOR UPDATE OF q"};
static const struct statement LOCK_LINKED = {
    "questions_lock_linked",
    "SELECT " FACTS "'Somebody with the link' FROM thread_questions q WHERE q.id = $1::uuid FOR UPDATE OF q"};

static const struct statement WRITE_ANSWER = {
    "questions_write_answer",
    "UPDATE thread_questions q SET status = 'answered', answer = $2::jsonb, answered_by = $3::uuid, "
    "ended_at = clock_timestamp() WHERE q.id = $1::uuid AND q.status = 'open' RETURNING " QUESTION_JSON};

static const struct statement SEE_LINKED = {
    "questions_see_linked",
    "SELECT json_build_object('kind', q.kind, 'text', q.text, 'choices', q.details->'choices', 'fields', "
    "q.details->'fields', 'call', q.details->'call', 'asked_at', rfc3339(q.asked_at), 'deadline_at', "
    "rfc3339(q.deadline_at), 'agent_name', (SELECT a.name FROM agents a JOIN threads t ON t.agent_id = a.id "
    "WHERE t.id = q.thread_id)), q.screenshot, q.owner_id FROM thread_questions q "
    "WHERE q.id = $1::uuid AND q.status = 'open' AND q.deadline_at > clock_timestamp()"};

static const struct statement TEXT = {
    "questions_text", "SELECT q.text FROM thread_questions q WHERE q.id = $1::uuid AND q.status = 'open' "
                      "AND q.deadline_at > clock_timestamp()"};

/* For the run. */

static int order_mail(struct postgres *db, const char *owner, const char *id, struct error *e) {
    cleanup_json json_t *payload =
        json_pack("{s:s, s:s, s:s}", "letter", "question", "user_id", owner, "question_id", id);
    struct job_order order = {.kind = JOB_KIND_MAIL, .user_id = owner, .payload = payload, .unique_key = id};
    return *config_text(CONFIG_SMTP_URL) ? jobs_enqueue(db, &order, NULL, e) : 0;
}

static char *details_of(const json_t *question) {
    static const char *const names[] = {"choices", "fields", "call"};
    cleanup_json json_t *details = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (json_object_get(question, names[i]))
            json_object_set(details, names[i], json_object_get(question, names[i]));
    return json_print(details);
}

int questions_ask(struct postgres *db, const struct job_fence *fence, const char *id, const json_t *question,
                  struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *asked = NULL;
    cleanup_free char *details = details_of(question);
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = postgres_query(db, &ASK, &asked, e, JOBS_FENCE(fence), id, json_text_or(question, "kind", "question"),
                           json_text_or(question, "text", ""), details, json_text_or(question, "screenshot", NULL),
                           SQL_INT(json_int_or(question, "deadline_ms", 0)));
    if (!r && !result_rows(asked))
        return jobs_are_fenced(fence, e);
    if (!r && result_bool(asked, 0, 1))
        r = order_mail(db, result_text(asked, 0, 0), id, e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

int questions_poll(struct postgres *db, const struct job_fence *fence, const char *id, json_t **ret_answer,
                   struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    cleanup_json json_t *answer = NULL;
    int r = postgres_query(db, &POLL, &row, e, JOBS_FENCE(fence), id);
    if (r < 0)
        return r;
    if (!result_rows(row))
        return jobs_are_fenced(fence, e);
    const char *text = result_text(row, 0, 0);
    if (text) {
        r = json_parse(text, strlen(text), "the answer", &answer, e);
        if (!r)
            r = jobs_mark_waiting(db, fence, NULL, e);
    }
    if (!r)
        *ret_answer = take_pointer(answer);
    return r;
}

int questions_withdraw(struct postgres *db, const struct job_fence *fence, const char *id, const char *why,
                       struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &WITHDRAW, &row, e, JOBS_FENCE(fence), id, why);
    return r < 0 ? r : result_rows(row) ? 0 : jobs_are_fenced(fence, e);
}

/* For people. */

static int add_links(const char *text, char **ret_json, struct error *e) {
    cleanup_json json_t *list = NULL;
    size_t i;
    json_t *item;
    int r = json_parse(text, strlen(text), "the questions", &list, e);
    json_array_foreach (json_object_get(list, "items"), i, item) {
        cleanup_free char *link = NULL;
        if (r < 0 || strcmp(json_text_or(item, "status", ""), "open"))
            continue;
        r = question_make_link(json_text_or(item, "id", ""), &link, e);
        if (!r)
            json_object_set_new(item, "link", json_string(link));
    }
    if (!r)
        *ret_json = json_print(list);
    return r;
}

int questions_list(struct postgres *db, const struct caller *caller, const char *thread_id, bool with_links,
                   char **ret_json, struct error *e) {
    cleanup_free char *text = NULL;
    if (!uuid_is_valid(thread_id))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no thread %.40s", thread_id);
    int r = sql_missing(postgres_value(db, &LIST, &text, e, SQL_CALLER(caller), thread_id), "thread", thread_id, e);
    if (r < 0)
        return r;
    if (with_links)
        return add_links(text, ret_json, e);
    *ret_json = take_pointer(text);
    return 0;
}

static int wrong(struct error *e, const char *how) {
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "answer.%s", how);
}

static bool is_field(const json_t *fields, const char *name) {
    size_t i;
    json_t *field;
    json_array_foreach (fields, i, field)
        if (!strcmp(json_text_or(field, "name", ""), name))
            return true;
    return false;
}

static int check_values(const json_t *values, const json_t *fields, struct error *e) {
    const char *name;
    json_t *value;
    if (!values)
        return 0;
    if (!json_is_object(values))
        return wrong(e, "values must be an object");
    json_object_foreach ((json_t *)values, name, value)
        if (!is_field(fields, name) || !json_is_string(value) || json_string_length(value) > TEXT_MAX)
            return error_set(e, EINVAL, ERROR_BAD_INPUT,
                             "answer.values.%.60s must be a text of a field that was asked "
                             "for",
                             name);
    return 0;
}

static int check_members(const json_t *answer, struct error *e) {
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)answer, name, value) {
        bool is_truth = !strcmp(name, "approved") || !strcmp(name, "handled");
        if (is_truth && !json_is_boolean(value))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "answer.%s must be true or false", name);
        if (!strcmp(name, "text") && (!json_is_string(value) || json_string_length(value) > TEXT_MAX))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "answer.text must be a text of at most %d bytes", TEXT_MAX);
        if (!is_truth && strcmp(name, "text") && strcmp(name, "values")) {
            error_set(e, EINVAL, ERROR_BAD_INPUT, "an answer has no member \"%.60s\"", name);
            error_hint(e, "it may have: text, approved, values, handled");
            return -EINVAL;
        }
    }
    return 0;
}

/* An approval needs a yes or no; everything else something that helps. */
static int check_answer(const char *kind, const json_t *details, const json_t *answer, struct error *e) {
    if (!json_is_object(answer))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "an answer must be an object");
    int r = check_members(answer, e);
    if (!r)
        r = check_values(json_object_get(answer, "values"), json_object_get(details, "fields"), e);
    if (r < 0)
        return r;
    if (!strcmp(kind, "approval"))
        return json_is_boolean(json_object_get(answer, "approved"))
                   ? 0
                   : wrong(e, "approved (true or false) is needed: this question asks for an approval");
    if (*json_text_or(answer, "text", "") || json_object_size(json_object_get(answer, "values")) ||
        json_bool_or(answer, "handled", false))
        return 0;
    return wrong(e, "text is needed, or values, or handled: true when it was done in the browser");
}

/* The question is locked; `by` is the last of its facts. */
static int write_answer(struct postgres *db, const struct pg_result *locked, const char *id, const char *user_id,
                        const json_t *answer, char **ret_json, struct error *e) {
    cleanup_json json_t *details = NULL, *whole = NULL;
    const char *text = result_text(locked, 0, 1);
    int r = json_parse(text, strlen(text), "the question", &details, e);
    if (!r && strcmp(result_text(locked, 0, 2), "open"))
        return error_set(e, EBUSY, ERROR_CONFLICT, "the question is not open any more: it was %s",
                         result_text(locked, 0, 2));
    if (!r && !result_bool(locked, 0, 3))
        return error_set(e, EBUSY, ERROR_CONFLICT, "the question is not open any more: its time is up");
    if (!r)
        r = check_answer(result_text(locked, 0, 0), details, answer, e);
    if (r < 0)
        return r;
    whole = json_copy((json_t *)answer);
    json_object_set_new(whole, "by", json_string(result_text(locked, 0, 5)));
    cleanup_free char *whole_text = json_print(whole);
    return postgres_value(db, &WRITE_ANSWER, ret_json, e, id, whole_text, user_id);
}

int questions_answer(struct postgres *db, const struct caller *caller, const char *thread_id, const char *id,
                     const json_t *answer, char **ret_json, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *locked = NULL;
    cleanup_free char *text = NULL;
    bool known = uuid_is_valid(thread_id) && uuid_is_valid(id);
    int r = postgres_begin(db, &transaction, e);
    if (!r && known)
        r = postgres_query(db, &LOCK, &locked, e, SQL_CALLER(caller), thread_id, id);
    if (!r && (!known || !result_rows(locked)))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no question %.40s of this thread", id);
    if (!r)
        r = write_answer(db, locked, id, caller->id, answer, &text, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_json = take_pointer(text);
    return r;
}

/* By link. */

static int refuse_link(struct error *e) {
    error_set(e, ENOENT, ERROR_NOT_FOUND, "this link is of no use any more");
    error_hint(e, "the question was answered or withdrawn, or its time is up");
    return -ENOENT;
}

int questions_by_link(struct postgres *db, const char *token, char **ret_json, char **ret_screenshot,
                      struct caller *ret_owner, struct error *e) {
    char id[UUID_TEXT_SIZE];
    cleanup_result struct pg_result *seen = NULL;
    int r = question_token_read(token, id, e);
    if (!r)
        r = postgres_query(db, &SEE_LINKED, &seen, e, id);
    if (r < 0)
        return r;
    if (!result_rows(seen))
        return refuse_link(e);
    *ret_owner = (struct caller){.role = ROLE_GUEST};
    snprintf(ret_owner->id, sizeof ret_owner->id, "%s", result_text(seen, 0, 2));
    *ret_json = memory_copy_text(result_text(seen, 0, 0));
    *ret_screenshot = memory_copy_text(result_text(seen, 0, 1));
    return 0;
}

int questions_answer_by_link(struct postgres *db, const char *token, const json_t *answer, char **ret_json,
                             char ret_owner[UUID_TEXT_SIZE], struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *locked = NULL;
    cleanup_free char *text = NULL;
    char id[UUID_TEXT_SIZE];
    int r = question_token_read(token, id, e);
    if (!r)
        r = postgres_begin(db, &transaction, e);
    if (!r)
        r = postgres_query(db, &LOCK_LINKED, &locked, e, id);
    if (!r && (!result_rows(locked) || strcmp(result_text(locked, 0, 2), "open") || !result_bool(locked, 0, 3)))
        return refuse_link(e);
    if (!r)
        r = write_answer(db, locked, id, NULL, answer, &text, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (r < 0)
        return r;
    snprintf(ret_owner, UUID_TEXT_SIZE, "%s", result_text(locked, 0, 4));
    *ret_json = take_pointer(text);
    return 0;
}

int question_make_link(const char *id, char **ret_url, struct error *e) {
    cleanup_free char *token = NULL, *base = public_url();
    int r = question_token_make(id, &token, e);
    if (!r)
        *ret_url = memory_print("%s/answer/%s", base, token);
    return r;
}

int questions_text(struct postgres *db, const char *id, char **ret_text, struct error *e) {
    return uuid_is_valid(id) ? postgres_value(db, &TEXT, ret_text, e, id)
                             : error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no question %.40s", id);
}
