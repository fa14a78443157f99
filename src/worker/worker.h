/* `replinet worker`, and the process of its jobs (README.md). */
#pragma once

int worker_command(int count, char **arguments);
/* Its arguments are overwritten by what it is given to do, so that a list of processes tells. */
int spare_command(int count, char **arguments);
