/* `replinet worker`, and the process of its jobs (README.md). */
#pragma once

int worker_command(int count, char **arguments);
int job_process_command(int count, char **arguments);
