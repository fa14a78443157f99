/* A server that outlived the `replinet up` that started it (kill -9): it is on its way out by its death signal, and the
 * next one must not start on its files before it is gone. */
#pragma once

/* Ends the process that `pid_file` names, if its current folder is `folder` (a number alone says nothing after the
 * machine was restarted): waits for it after `polite`, then after `firm`, at most 10 s each. Returns when it is gone,
 * or when there is none. */
void up_stop_leftover(const char *pid_file, const char *folder, int polite, int firm);
