/* Questions that runs ask people, answered by whoever may stop the thread, or by who holds the question's link. */
#include "domain/questions.h"
#include "api/api_internal.h"
#include "api/guard.h"
#include "api/route_table.h"
#include "domain/artifacts.h"
#include "domain/feed.h"
#include <string.h>

#define SCREENSHOT_MAX ((size_t)4 << 20)

/* Schemas. */

#define ASKED                                                                                                           \
    {"kind", SCHEMA_TEXT, SCHEMA_REQUIRED,                                                                              \
     .choices = SCHEMA_CHOICES("question", "approval", "captcha", "code", "blocked"), .doc = "What is wanted."},        \
        {"text", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 1e6,                                                             \
         .doc = "What the agent says. It may repeat a page's "                                                          \
                "words."},                                                                                              \
        {"choices", SCHEMA_LIST, SCHEMA_NULLABLE, .items = SCHEMA_TEXT, .most = 100, .doc = "Answers to choose from."}, \
        {"fields",        SCHEMA_LIST,                                                                                  \
         SCHEMA_NULLABLE, .items = SCHEMA_OBJECT,                                                                       \
         .most = 100,     .doc = "What `values` may have: name and label each."},                                       \
        {"call", SCHEMA_ANY, SCHEMA_NULLABLE, .doc = "The action that waits for approval."},                            \
        {"asked_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "Since when it waits."}, {                                    \
        "deadline_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "Until when it can be answered."                            \
    }

static const struct schema_field answer_fields[] = {
    {"text", SCHEMA_TEXT, .most = 20000, .doc = "In words; one of `choices`, say."},
    {"approved", SCHEMA_BOOL, .doc = "Yes or no, to an approval."},
    {"values", SCHEMA_OBJECT, SCHEMA_SECRET, .doc = "A text per field."},
    {"handled", SCHEMA_BOOL, .doc = "It was done in the browser."},
    {NULL},
};
static const struct schema answer_schema = {"QuestionAnswer", answer_fields, .doc = "An answer.", .partial = true};

static const struct schema_field question_fields[] = {
    {"id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "UUIDv7."},
    {"thread_id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "Whose run asks."},
    ASKED,
    {"screenshot_id", SCHEMA_ID, SCHEMA_NULLABLE, .doc = "An artifact: what the page looked like."},
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("open", "answered", "withdrawn", "expired"),
     .doc = "Only open ones can be answered."},
    {"why", SCHEMA_TEXT, .most = 64, .doc = "Why it was withdrawn: handled, stopped, or how the thread ended."},
    {"answer", SCHEMA_ANY, SCHEMA_NULLABLE, .doc = "With `by`, who gave it. A code is not shown."},
    {"link", SCHEMA_TEXT, .most = 2000,
     .doc = "Of open ones, for callers who may answer: a page that takes one answer without signing in."},
    {"ended_at", SCHEMA_TIME, SCHEMA_NULLABLE, .doc = "When it was answered or withdrawn."},
    {NULL},
};
static const struct schema question_schema = {"Question", question_fields, .doc = "What a run asks a person."};

static const struct schema_field linked_fields[] = {
    ASKED,
    {"agent_name", SCHEMA_TEXT, SCHEMA_NULLABLE, .doc = "Who asks."},
    {"screenshot", SCHEMA_TEXT, SCHEMA_NULLABLE, .most = 1e7, .doc = "A data: URL of what the page looked like."},
    {NULL},
};
static const struct schema linked_schema = {"LinkedQuestion", linked_fields, .doc = "A question as its link shows it."};

static const struct schema_field answered_fields[] = {
    {"id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "Of the question."},
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("answered"), .doc = "What it is now."},
    {NULL},
};
static const struct schema answered_schema = {"AnsweredQuestion", answered_fields, .doc = "A link has done its work."};

/* Handlers. */

static bool may_answer(const struct api_call *call) {
    return call->who.scopes & SCOPE_RUN && permission_allows(call->who.caller.role, PERMISSION_AGENTS_RUN);
}

static int list_questions(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = questions_list(call->db, &call->who.caller, call_parameter(call, "id"), may_answer(call), &json, e);
    return call_done(call, r, json);
}

static int answer_question(struct api_call *call, struct error *e) {
    char *json = NULL;
    const char *thread = call_parameter(call, "id");
    int r = questions_answer(call->db, &call->who.caller, thread, call_parameter(call, "question_id"), call->body,
                             &json, e);
    return call_done(call, r, json);
}

/* By link: guesses count against the address, as those of passwords do. */

static int refuse(struct api_call *call, int r) {
    if (r == -ENOENT)
        guard_failed(call, "");
    return r;
}

static int append(void *user, const void *data, size_t length) {
    text_append(user, data, length);
    return 0;
}

/* The picture as a data: URL; NULL when it is gone or too large. */
static json_t *screenshot_of(struct api_call *call, const struct caller *owner, const char *id) {
    cleanup_free char *answer = NULL;
    cleanup_json json_t *artifact = NULL;
    cleanup_text struct text bytes = {0}, url = {0};
    struct blob_sink sink = {append, &bytes};
    if (!id || artifacts_get(call->db, owner, id, &answer, NULL) < 0 ||
        json_parse(answer, strlen(answer), "the artifact", &artifact, NULL) < 0 ||
        json_int_or(artifact, "size", 0) > (int64_t)SCREENSHOT_MAX ||
        artifacts_read(call->db, owner, id, 0, 0, &sink, NULL) < 0)
        return json_null();
    text_print(&url, "data:%s;base64,", json_text_or(artifact, "media_type", "image/jpeg"));
    text_append_base64(&url, bytes.data, bytes.length);
    return json_stringn(url.data, url.length);
}

static int see_linked(struct api_call *call, struct error *e) {
    cleanup_free char *text = NULL, *screenshot = NULL;
    cleanup_json json_t *question = NULL;
    struct caller owner;
    int r = guard_check(call, "", e);
    if (!r)
        r = refuse(call, questions_by_link(call->db, call_parameter(call, "token"), &text, &screenshot, &owner, e));
    if (!r)
        r = json_parse(text, strlen(text), "the question", &question, e);
    if (r < 0)
        return r;
    json_object_set_new(question, "screenshot", screenshot_of(call, &owner, screenshot));
    call_header(call, "Cache-Control", "no-store");
    call_header(call, "Referrer-Policy", "no-referrer");
    call_answer_json(call, question);
    return 0;
}

static int answer_linked(struct api_call *call, struct error *e) {
    cleanup_free char *json = NULL;
    cleanup_json json_t *question = NULL, *answer = NULL;
    char owner[UUID_TEXT_SIZE];
    int r = guard_check(call, "", e);
    if (!r)
        r = refuse(call,
                   questions_answer_by_link(call->db, call_parameter(call, "token"), call->body, &json, owner, e));
    if (!r)
        r = json_parse(json, strlen(json), "the question", &question, e);
    if (r < 0)
        return r;
    call_publish(call, arena_print(&call->arena, FEED_CHANNEL "%s", owner), "look");
    answer = json_pack("{s:O, s:s}", "id", json_object_get(question, "id"), "status", "answered");
    call_answer_json(call, answer);
    return 0;
}

/* Rows. */

#define QUESTIONS .lane = LANE_DATABASE, .tag = "questions"
#define LINKED    QUESTIONS, .access = ACCESS_PUBLIC, .rate = RATE_SIGN_IN

const struct api_route questions_routes[] = {
    {"GET", "/threads/{id}/questions", list_questions, QUESTIONS, .permission = PERMISSION_THREADS_READ,
     .scope = SCOPE_READ, .answer = &question_schema, .form = FORM_ITEMS, .summary = "What a thread asked people"},
    {"POST", "/threads/{id}/questions/{question_id}/answer", answer_question, QUESTIONS,
     .permission = PERMISSION_AGENTS_RUN, .scope = SCOPE_RUN, .rate = RATE_WRITE, .body = &answer_schema,
     .answer = &question_schema, .audit = "question.answer", .summary = "Answer a question of a thread"},
    {"GET", "/answers/{token}", see_linked, LINKED, .answer = &linked_schema,
     .summary = "What is asked, by the question's link"},
    {"POST", "/answers/{token}", answer_linked, LINKED, .body = &answer_schema, .answer = &answered_schema,
     .audit = "question.answer", .summary = "Answer once, by the question's link"},
    {NULL},
};
