/* `replinet worker` and `replinet job` (README.md). */
#pragma once

int worker_command(int count, char **arguments);
int job_command(int count, char **arguments);
