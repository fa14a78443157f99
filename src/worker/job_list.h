/* The jobs that one process is given, as lines "ID ATTEMPT KIND" in a memory file that the job inherits as descriptor
 * JOB_LIST_FD. The worker writes it, the job reads it. */
#pragma once

#include "domain/jobs.h"

#define JOB_LIST_FD 4 /* after the lease page */

/* A process that has worked so long on its list gives the rest back, so that users are served in turn. */
#define JOB_SHARE_MS 10000

/* The file's descriptor, or -errno. */
int job_list_write(const struct job *jobs, size_t count, struct error *e);
/* The jobs (free()); only id, kind and attempt are set. -EBADF when the process was not started by a worker. */
int job_list_read(struct job **ret_jobs, size_t *ret_count, struct error *e);
