#include "cli/artifact_file.h"
#include "base/io.h"
#include "base/memory.h"
#include "domain/artifacts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int put_in_place(const char *draft, const char *path, bool replace, struct error *e) {
    if (!renameat2(AT_FDCWD, draft, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE))
        return 0;
    if (errno != EEXIST)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", path);
    return error_set(e, EEXIST, ERROR_CONFLICT, "%s was made by somebody else meanwhile and is left as it is", path);
}

int artifact_file_write(struct cli_session *session, const char *id, const char *path, bool replace, struct error *e) {
    cleanup_free char *draft = memory_print("%s.new.%d", path, getpid());
    cleanup_close int to = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct blob_sink sink = blob_sink_to_fd(&to);
    if (to < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", path);
    int r = artifacts_read(&session->db, &session->caller, id, 0, 0, &sink, e);
    if (!r && fsync(to))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot write %s", path);
    if (!r)
        r = put_in_place(draft, path, replace, e);
    if (r < 0)
        unlink(draft);
    return r;
}
