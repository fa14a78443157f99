#include "cli/thread_people.h"
#include "api/thread_script.h"
#include "api/trace.h"
#include "base/memory.h"
#include "cli/listing.h"
#include "domain/feed.h"
#include "domain/questions.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int thread_questions(struct cli_session *session, const char *thread_id, bool json, struct error *e) {
    static const struct listing_column columns[] = {
        {"ID", "id"}, {"KIND", "kind"}, {"STATUS", "status"}, {"UNTIL", "deadline_at"}, {"TEXT", "text"}, {NULL, NULL}};
    cleanup_free char *text = NULL;
    int r = questions_list(&session->db, &session->caller, thread_id, true, &text, e);
    if (!r && json)
        session_print(text);
    else if (!r)
        listing_print(text, columns);
    return r;
}

int thread_answer(struct cli_session *session, const char *thread_id, const char *question_id, const json_t *answer,
                  bool json, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *text = NULL;
    struct audit_change change = {.action = "question.answer", .object_kind = "question"};
    int r = postgres_begin(&session->db, &transaction, e);
    if (!r)
        r = questions_answer(&session->db, &session->caller, thread_id, question_id, answer, &text, e);
    change.after = text;
    if (!r)
        r = session_audit(session, &change, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (r < 0)
        return r;
    if (json)
        session_print(text);
    else
        printf("question %s is answered\n", question_id);
    return 0;
}

static int write_draft(struct cli_session *session, const char *thread_id, const char *draft, struct error *e) {
    cleanup_close int to = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct blob_sink sink = blob_sink_to_fd(&to);
    if (to < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", draft);
    int r = trace_write(&session->db, &session->caller, thread_id, &sink, e);
    return !r && fsync(to) ? error_errno(e, errno, ERROR_STORAGE, "cannot write %s", draft) : r;
}

int thread_export(struct cli_session *session, const char *thread_id, const char *path, struct error *e) {
    int out = STDOUT_FILENO;
    struct blob_sink sink = blob_sink_to_fd(&out);
    if (!path)
        return trace_write(&session->db, &session->caller, thread_id, &sink, e);
    cleanup_free char *draft = memory_print("%s.new.%d", path, getpid());
    int r = write_draft(session, thread_id, draft, e);
    if (!r && rename(draft, path))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot write %s", path);
    if (r < 0)
        unlink(draft);
    return r;
}

static void tell_left_out(const json_t *answer) {
    size_t i;
    json_t *row;
    json_array_foreach (json_object_get(answer, "left_out"), i, row)
        fprintf(stderr, "left out: %s%s%s: %s\n", json_text_or(row, "action", ""),
                json_object_get(row, "url") ? " at " : "", json_text_or(row, "url", ""), json_text_or(row, "why", ""));
}

static json_t *agent_with(const json_t *answer, const struct thread_script_order *order, const char *thread_id) {
    cleanup_free char *name = memory_print("Script of %.8s", thread_id);
    return json_pack("{s:s, s:s, s:o, s:O, s:O*}", "name", order->name ? order->name : name, "preset_id", order->preset,
                     "script", thread_script_of(answer), "input_schema", json_object_get(answer, "input_schema"),
                     "result_schema", json_object_get(answer, "result_schema"));
}

int thread_script(struct cli_session *session, const char *thread_id, const struct thread_script_order *order,
                  struct error *e) {
    cleanup_json json_t *values = NULL, *answer = NULL;
    int r = thread_script_parameters(order->parameters, &values, e);
    if (!r)
        r = thread_script_make(&session->db, &session->caller, thread_id, values, &answer, e);
    if (r < 0)
        return r;
    cleanup_json json_t *shown = order->whole    ? json_incref(answer)
                                 : order->preset ? agent_with(answer, order, thread_id)
                                                 : thread_script_of(answer);
    cleanup_free char *text = json_print(shown);
    if (!order->whole)
        tell_left_out(answer);
    session_print(text);
    return 0;
}
