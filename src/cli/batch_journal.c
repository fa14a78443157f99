#include "cli/batch_journal.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define JOURNAL_MAX ((size_t)256 << 20)
#define DIGEST_SIZE 32

static char *name_of(size_t row, const char *key) {
    return memory_print("%zu %s", row, key);
}

static int take_line(struct batch_journal *journal, const char *file, size_t number, const char *line, size_t length,
                     struct error *e) {
    cleanup_json json_t *entry = NULL;
    int r = json_parse(line, length, file, &entry, e);
    const char *thread = r ? "" : json_text_or(entry, "thread", "");
    if (r < 0 || !uuid_is_valid(thread)) {
        error_set(e, EINVAL, ERROR_BAD_INPUT, "%s, line %zu, is not what a batch wrote", file, number);
        error_hint(e, "--resume takes the file of an earlier batch, or a new one");
        return -EINVAL;
    }
    cleanup_free char *name = name_of((size_t)json_int_or(entry, "row", 0), json_text_or(entry, "key", ""));
    json_object_set_new(journal->newest, name, json_string(thread));
    return 0;
}

/* A last line without its end was cut off by a crash, before its thread was started: it is removed. */
static int take_lines(struct batch_journal *journal, const char *file, const char *data, struct error *e) {
    const char *line = data;
    size_t number = 1;
    int r = 0;
    for (const char *end; !r && (end = strchr(line, '\n')); line = end + 1)
        r = take_line(journal, file, number++, line, (size_t)(end - line), e);
    if (!r && *line && ftruncate(journal->fd, line - data))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot mend %s", file);
    return r;
}

int batch_journal_open(const char *file, struct batch_journal *ret_journal, struct error *e) {
    cleanup_batch_journal struct batch_journal journal = {.fd = -1, .newest = json_object()};
    cleanup_free char *data = NULL;
    size_t length;
    int r = 0;
    if (file) {
        journal.fd = open(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (journal.fd < 0)
            return error_errno(e, errno, ERROR_STORAGE, "cannot open %s", file);
        if (flock(journal.fd, LOCK_EX | LOCK_NB))
            return error_set(e, EBUSY, ERROR_CONFLICT, "another batch uses %s now", file);
        r = io_read_all(journal.fd, file, JOURNAL_MAX, &data, &length, e);
        if (!r)
            r = take_lines(&journal, file, data, e);
    }
    if (r < 0)
        return r;
    *ret_journal = journal;
    journal = (struct batch_journal){.fd = -1};
    return 0;
}

void batch_journal_close(struct batch_journal *journal) {
    cleanup_close_value(&journal->fd);
    cleanup_json_value(&journal->newest);
}

const char *batch_journal_find(const struct batch_journal *journal, size_t row, const char *key) {
    cleanup_free char *name = name_of(row, key);
    return json_text_or(journal->newest, name, NULL);
}

int batch_journal_add(struct batch_journal *journal, size_t row, const char *key, const char *thread_id,
                      struct error *e) {
    cleanup_text struct text line = {0};
    if (journal->fd < 0)
        return 0;
    text_print(&line, "{\"row\":%zu,\"key\":\"%s\",\"thread\":\"%s\"}\n", row, key, thread_id);
    int r = io_write_full(journal->fd, line.data, line.length);
    if (!r && fdatasync(journal->fd))
        r = -errno;
    return r < 0 ? error_errno(e, -r, ERROR_STORAGE, "cannot write the file of --resume") : 0;
}

char *batch_journal_key(const char *agent_id, const char *task, const json_t *inputs) {
    unsigned char digest[DIGEST_SIZE];
    char *key = memory_alloc(2 * DIGEST_SIZE + 1);
    cleanup_json json_t *whole = json_pack("[s, s, O]", agent_id, task ? task : "", inputs);
    cleanup_free char *text = json_dumps(whole, JSON_COMPACT | JSON_SORT_KEYS);
    crypto_generichash(digest, sizeof digest, (const unsigned char *)text, strlen(text), NULL, 0);
    sodium_bin2hex(key, 2 * DIGEST_SIZE + 1, digest, sizeof digest);
    return key;
}
