/* What makes a batch resumable: a file with a line of JSON per thread, {"row","key","thread"}, on the disk before the
 * thread is started. Run again with the same file, a row finds its thread by the key (a digest of agent, task and
 * inputs) and its number; the thread itself, in the database, says what became of it. */
#pragma once

#include "base/json.h"
#include "base/uuid.h"

struct batch_journal {
    int fd;         /* -1: none is kept */
    json_t *newest; /* "row key" -> thread id */
};

/* Reads what is there and keeps the file locked, so that two batches cannot use it at once. `file` NULL: none is kept.
 */
int batch_journal_open(const char *file, struct batch_journal *ret_journal, struct error *e);
void batch_journal_close(struct batch_journal *journal);
#define cleanup_batch_journal                                                                                          \
    __attribute__((cleanup(batch_journal_close))) /* struct batch_journal name = {.fd = -1}; */

/* The thread that the row had last, or NULL. */
const char *batch_journal_find(const struct batch_journal *journal, size_t row, const char *key);
int batch_journal_add(struct batch_journal *journal, size_t row, const char *key, const char *thread_id,
                      struct error *e);

/* The key of a row: hexadecimal digest (free()). */
char *batch_journal_key(const char *agent_id, const char *task, const json_t *inputs);
