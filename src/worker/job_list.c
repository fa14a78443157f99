#include "worker/job_list.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_MAX ((size_t)128 * 1024)

int job_list_open(int *ret_reading, int *ret_writing, struct error *e) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot make a pipe for jobs");
    fcntl(ends[1], F_SETPIPE_SZ, (int)LIST_MAX); /* a user with many pipes is refused: what is usual fits anyway */
    io_set_nonblocking(ends[1], true);
    *ret_reading = ends[0];
    *ret_writing = ends[1];
    return 0;
}

int job_list_write(int fd, const struct job *jobs, size_t count, struct error *e) {
    cleanup_text struct text lines = {0};
    for (size_t i = 0; i < count; i++)
        text_print(&lines, "%s %d %s\n", jobs[i].id, jobs[i].attempt, jobs[i].kind);
    int r = io_write_full(fd, lines.data, lines.length);
    return r < 0 ? error_errno(e, -r, ERROR_INTERNAL, "cannot hand a list of jobs over") : 0;
}

bool job_list_is_there(void) {
    struct pollfd list = {.fd = JOB_LIST_FD, .events = POLLIN};
    return poll(&list, 1, 0) == 1;
}

static int take_line(char *line, struct job *ret_job) {
    char *attempt = strchr(line, ' '), *kind = attempt ? strchr(attempt + 1, ' ') : NULL;
    int64_t number;
    if (!kind)
        return -EINVAL;
    *attempt++ = *kind++ = '\0';
    if (!uuid_is_valid(line) || text_parse_int(attempt, 1, INT32_MAX, &number) || strlen(kind) >= JOB_KIND_SIZE)
        return -EINVAL;
    *ret_job = (struct job){.attempt = (int)number};
    snprintf(ret_job->id, sizeof ret_job->id, "%s", line);
    snprintf(ret_job->kind, sizeof ret_job->kind, "%s", kind);
    return 0;
}

int job_list_read(struct job **ret_jobs, size_t *ret_count, struct error *e) {
    cleanup_free char *lines = NULL;
    cleanup_free struct job *jobs = NULL;
    size_t length = 0, count = 0, room = 0;
    struct stat st;
    int r = fstat(JOB_LIST_FD, &st) || !S_ISFIFO(st.st_mode) ? -EBADF : 0;
    if (!r)
        r = io_read_all(JOB_LIST_FD, "the list of jobs", LIST_MAX, &lines, &length, e);
    char *rest = lines;
    for (char *line; !r && (line = strsep(&rest, "\n")) && *line; count++) {
        if (count == room)
            jobs = memory_resize(jobs, (room = room ? room * 2 : 16) * sizeof *jobs);
        r = take_line(line, &jobs[count]);
    }
    if (r < 0)
        return error_set(e, EBADF, ERROR_BAD_INPUT, "jobs are started by `replinet worker`, not by hand");
    *ret_jobs = take_pointer(jobs);
    *ret_count = count;
    return 0;
}
