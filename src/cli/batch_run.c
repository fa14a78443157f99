#include "cli/batch_run.h"
#include "base/clock.h"
#include "base/memory.h"
#include "cli/batch_progress.h"
#include "domain/artifacts.h"
#include "domain/threads.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LOOK_EVERY_MS 200
#define PATIENCE_MS   60000 /* how long the database may be away */
#define STOP_MS       60000 /* how long threads may take to stop */

static const struct end_state {
    const char *status;
    size_t offset; /* the batch's counter */
} ends[] = {
    {"completed", offsetof(struct batch, completed)},
    {"error", offsetof(struct batch, failed)},
    {"stopped", offsetof(struct batch, stopped)},
};

static void take_end(struct batch *batch, struct batch_row *row, const json_t *thread) {
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        if (!strcmp(ends[i].status, json_text_or(thread, "status", "")))
            ++*(size_t *)((char *)batch + ends[i].offset);
    batch->active -= row->state == BATCH_ACTIVE;
    row->state = BATCH_ENDED;
    row->status = memory_copy_text(json_text_or(thread, "status", ""));
    row->reason = memory_copy_text(json_text_or(thread, "reason", ""));
    row->error = memory_copy_text(json_text_or(thread, "error_message", ""));
    row->results = json_incref(json_object_get(thread, "results"));
    row->execution_ms = json_int_or(thread, "execution_time_ms", 0);
}

/* A row whose thread could not be started at all. */
static void fail_row(struct batch *batch, struct batch_row *row, const struct error *e) {
    cleanup_json json_t *thread =
        json_pack("{s:s, s:s, s:s}", "status", "error", "reason", error_name(e->code), "error_message", e->text);
    take_end(batch, row, thread);
    *row->thread_id = '\0';
}

static int get(struct batch *batch, const struct batch_row *row, json_t **ret_thread, struct error *e) {
    cleanup_free char *text = NULL;
    int r = threads_get(&batch->session->db, &batch->session->caller, row->thread_id, &text, e);
    return r < 0 ? r : json_parse(text, strlen(text), "the thread", ret_thread, e);
}

static bool has_ended(const json_t *thread) {
    return json_is_string(json_object_get(thread, "end_time"));
}

static void mark_active(struct batch *batch, struct batch_row *row) {
    batch->active += row->state != BATCH_ACTIVE;
    row->state = BATCH_ACTIVE;
}

static int start(struct batch *batch, struct batch_row *row, struct error *e) {
    cleanup_free char *text = NULL;
    int r = 0;
    if (!*row->thread_id) {
        uuid_make(row->thread_id);
        r = batch_journal_add(batch->journal, (size_t)(row - batch->rows) + 1, row->key, row->thread_id, e);
        if (r < 0)
            return r;
    }
    row->known = true;
    r = threads_start_as(&batch->session->db, &batch->session->caller, row->thread_id, batch->agent_id, batch->task,
                         row->inputs, &text, e);
    if (r < 0)
        return r;
    mark_active(batch, row);
    redis_publish(&batch->session->redis, REDIS_CHANNEL_JOBS, "ready run", NULL);
    return 0;
}

/* What an earlier run, or a call whose answer was lost, has made of the row. An unsuccessful end is tried again. */
static int adopt(struct batch *batch, struct batch_row *row, struct error *e) {
    cleanup_json json_t *thread = NULL;
    int r = get(batch, row, &thread, e);
    if (r == -ENOENT && e->code == ERROR_NOT_FOUND)
        row->known = false;
    if (r < 0)
        return row->known ? r : 0;
    if (!has_ended(thread))
        mark_active(batch, row);
    else if (!strcmp(json_text_or(thread, "status", ""), "completed")) {
        take_end(batch, row, thread);
        batch->resumed++;
    } else {
        *row->thread_id = '\0';
        row->known = false;
    }
    return 0;
}

static bool is_passing(const struct error *e) {
    return e->code == ERROR_UNAVAILABLE || e->code == ERROR_TIMEOUT;
}

static int begin(struct batch *batch, struct batch_row *row, struct error *e) {
    int r = row->known ? adopt(batch, row, e) : 0;
    if (r < 0 || row->state != BATCH_WAITING || batch->stopping)
        return r;
    r = artifacts_check_disk(e);
    if (!r)
        r = start(batch, row, e);
    if (r < 0 && e->code == ERROR_BAD_INPUT) { /* this row's inputs; the others may go on */
        fail_row(batch, row, e);
        return 0;
    }
    return r;
}

static int look(struct batch *batch, struct batch_row *row, struct error *e) {
    cleanup_json json_t *thread = NULL;
    int r = get(batch, row, &thread, e);
    if (!r && has_ended(thread))
        take_end(batch, row, thread);
    return r;
}

static int go_round(struct batch *batch, struct error *e) {
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_row *row = &batch->rows[i];
        int r = 0;
        if (row->state == BATCH_ACTIVE)
            r = look(batch, row, e);
        else if (row->state == BATCH_WAITING && !batch->stopping && batch->active < batch->concurrency)
            r = begin(batch, row, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static void stop_all(struct batch *batch) {
    batch->stopping = true;
    for (size_t i = 0; i < batch->count; i++) {
        char job_id[UUID_TEXT_SIZE] = "";
        cleanup_free char *text = NULL;
        struct batch_row *row = &batch->rows[i];
        if (row->state != BATCH_ACTIVE ||
            threads_stop(&batch->session->db, &batch->session->caller, row->thread_id, &text, job_id, NULL) < 0)
            continue;
        cleanup_free char *message = memory_print("stop %s", job_id);
        if (*job_id)
            redis_publish(&batch->session->redis, REDIS_CHANNEL_JOBS, message, NULL);
    }
}

/* Waits a moment, or until a signal: true then. */
static bool wait_for_signal(int signals) {
    struct signalfd_siginfo info;
    struct pollfd wait = {.fd = signals, .events = POLLIN};
    return poll(&wait, 1, LOOK_EVERY_MS) > 0 && read(signals, &info, sizeof info) > 0;
}

static int run_rounds(struct batch *batch, struct batch_progress *progress, int signals, struct error *e) {
    int64_t patience = clock_deadline(PATIENCE_MS), stop_by = INT64_MAX;
    for (;;) {
        int r = go_round(batch, e);
        if (r >= 0)
            patience = clock_deadline(PATIENCE_MS);
        else if (!is_passing(e) || !clock_remaining_ms(patience))
            return r;
        batch_progress_show(progress, batch);
        size_t ended = batch->completed + batch->failed + batch->stopped;
        if (ended == batch->count || (batch->stopping && (!batch->active || !clock_remaining_ms(stop_by))))
            return 0;
        if (!wait_for_signal(signals))
            continue;
        if (batch->stopping)
            return 0;
        stop_all(batch);
        stop_by = clock_deadline(STOP_MS);
    }
}

int batch_carry_out(struct batch *batch, struct error *e) {
    struct batch_progress progress;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    cleanup_close int signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0)
        return error_errno(e, errno, ERROR_INTERNAL, "cannot listen for signals");
    batch_progress_start(&progress);
    int r = run_rounds(batch, &progress, signals, e);
    batch_progress_end(&progress, batch);
    if (r < 0 && !batch->stopping)
        stop_all(batch); /* nobody would look after what runs */
    return r;
}

void batch_prepare(struct batch *batch, const json_t *inputs) {
    batch->count = json_array_size(inputs);
    batch->rows = memory_alloc(batch->count * sizeof *batch->rows);
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_row *row = &batch->rows[i];
        row->inputs = json_array_get(inputs, i);
        row->key = batch_journal_key(batch->agent_id, batch->task, row->inputs);
        const char *thread = batch_journal_find(batch->journal, i + 1, row->key);
        row->known = thread;
        snprintf(row->thread_id, sizeof row->thread_id, "%s", thread ? thread : "");
    }
}

void batch_done(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        struct batch_row *row = &batch->rows[i];
        cleanup_json_value(&row->results);
        free(row->key);
        free(row->status);
        free(row->reason);
        free(row->error);
    }
    free(batch->rows);
}
