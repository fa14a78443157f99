/* Help: src/cli/help/COMMAND.txt, a file per command, in the binary. It begins with "Usage: "; options, examples and
 * what else there is to know follow. `replinet COMMAND --help` prints it, wrong usage shows it, docs/cli.md is made of
 * it. */
#pragma once

/* The text of a command; NULL: it has none (it is started by other processes, not by people). */
const char *help_of(const char *command);

/* Prints the list of commands, or what `replinet help` was asked for. Returns the exit status. */
int help_command(int count, char **arguments);
