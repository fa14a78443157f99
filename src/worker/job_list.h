/* The jobs that one process is given, as lines "ID ATTEMPT KIND" in a pipe whose reading end the process inherits as
 * descriptor JOB_LIST_FD. The worker writes them whole and closes it: a process may be started before there is a job.
 */
#pragma once

#include "domain/jobs.h"

#define JOB_LIST_FD 4 /* after the lease page */

/* A process that has worked so long on its list gives the rest back, so that users are served in turn. */
#define JOB_SHARE_MS 10000

/* Both ends, the writing one non-blocking: it has room for all that one process is given. */
int job_list_open(int *ret_reading, int *ret_writing, struct error *e);
/* Fails when the process that should read them is dead. */
int job_list_write(int fd, const struct job *jobs, size_t count, struct error *e);
/* Whether job_list_read would not wait. */
bool job_list_is_there(void);
/* Waits for the jobs (free()); only id, kind and attempt are set. None when the worker closed the pipe without a word.
 * -EBADF when the process was not started by a worker. */
int job_list_read(struct job **ret_jobs, size_t *ret_count, struct error *e);
