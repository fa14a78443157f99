/* Carrying out a batch: a thread per row, so many at once; news is looked for, a signal stops what runs. */
#pragma once

#include "cli/batch_journal.h"
#include "cli/session.h"

enum batch_state { BATCH_WAITING, BATCH_ACTIVE, BATCH_ENDED };

struct batch_row {
    enum batch_state state;
    const json_t *inputs;           /* borrowed */
    char *key;                      /* see batch_journal.h */
    char thread_id[UUID_TEXT_SIZE]; /* empty: none yet */
    bool known;                     /* the id was noted before: a thread of it may be there */
    char *status, *reason, *error;  /* once ended; NULL before */
    json_t *results;                /* NULL: none */
    int64_t execution_ms;
    bool told; /* its failure, to whoever watches */
};

struct batch {
    struct cli_session *session;
    struct batch_journal *journal;
    const char *agent_id, *task; /* borrowed */
    struct batch_row *rows;
    size_t count, concurrency;
    size_t active, completed, failed, stopped;
    size_t resumed; /* completed by an earlier run of this batch */
    bool stopping;
};

/* Fills the rows from an array of objects, which must outlive the batch. */
void batch_prepare(struct batch *batch, const json_t *inputs);
/* Until every row has ended. After SIGINT or SIGTERM it starts no row, stops those that run and waits for their end; a
 * second signal ends the wait. On failure rows that had ended keep what they have. */
int batch_carry_out(struct batch *batch, struct error *e);
void batch_done(struct batch *batch);
