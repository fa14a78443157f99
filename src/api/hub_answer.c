/* A question of a run is answered over the WebSocket: on a lane, as the request would be. */
#include "api/hub_internal.h"
#include "domain/audit.h"
#include "domain/feed.h"
#include "domain/questions.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct answer_job {
    struct lane_job job;
    struct hub *hub;
    uint64_t serial; /* of the socket, which may be gone by the time */
    struct caller caller;
    json_t *message;
    int result;
    struct error error;
};

static int carry_out(struct answer_job *answer, struct postgres *db, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *question = NULL;
    const json_t *message = answer->message;
    struct audit_change change = {.action = "question.answer", .object_kind = "question"};
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = questions_answer(db, &answer->caller, json_text_or(message, "thread_id", ""),
                             json_text_or(message, "question_id", ""), json_object_get(message, "answer"), &question,
                             e);
    change.after = question;
    if (!r)
        r = audit_write(db, &answer->caller, &(struct audit_origin){.via = "api", .address = ""}, &change, e);
    return r < 0 ? r : postgres_commit(&transaction, e);
}

static void work(struct lane_job *job, struct lane_thread *thread) {
    struct answer_job *answer = (struct answer_job *)job;
    answer->result = carry_out(answer, &thread->db, &answer->error);
    if (!answer->result)
        feed_announce(&thread->redis, answer->caller.id);
}

static json_t *reply(const struct answer_job *answer) {
    const char *id = json_text_or(answer->message, "question_id", "");
    bool ours = answer->result < 0 && error_http_status(answer->error.code) >= 500;
    if (!answer->result)
        return json_pack("{s:s, s:s}", "type", "answered", "question_id", id);
    return json_pack("{s:s, s:s, s:s, s:s}", "type", "error", "question_id", id, "code", error_name(answer->error.code),
                     "detail", ours ? "this could not be done now; try again" : answer->error.text);
}

static void done(struct lane_job *job) {
    struct answer_job *answer = (struct answer_job *)job;
    struct hub *hub = answer->hub;
    for (struct hub_socket *at = hub->sockets; at; at = at->next)
        if (at->serial == answer->serial)
            hub_send_json(at, reply(answer));
    hub->jobs--;
    json_decref(answer->message);
    free(answer);
    hub_maybe_free(hub);
}

static bool may(const struct hub_socket *socket) {
    return socket->scopes & SCOPE_RUN && permission_allows(socket->caller.role, PERMISSION_AGENTS_RUN);
}

void hub_answer(struct hub_socket *socket, const json_t *message) {
    struct answer_job *answer = memory_alloc(sizeof *answer);
    *answer = (struct answer_job){.job = {.work = work, .done = done},
                                  .hub = socket->hub,
                                  .serial = socket->serial,
                                  .caller = socket->caller,
                                  .message = json_deep_copy(message)};
    if (!may(socket))
        answer->result =
            error_set(&answer->error, EACCES, ERROR_FORBIDDEN, "answering needs the scope run and the right to start");
    else if (hub_submit(socket->hub, &answer->job))
        return;
    else
        answer->result = error_set(&answer->error, EAGAIN, ERROR_UNAVAILABLE, "too much is waiting");
    hub_send_json(socket, reply(answer));
    json_decref(answer->message);
    free(answer);
}
