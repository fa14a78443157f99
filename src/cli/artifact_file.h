/* A file of a thread, written into the file system whole or not at all. */
#pragma once

#include "cli/session.h"

/* Beside the file, then in its place: what could not be read whole replaces nothing. ERROR_CONFLICT when there is a
 * file already and it is not to be replaced. */
int artifact_file_write(struct cli_session *session, const char *id, const char *path, bool replace, struct error *e);

/* Writes the files of a thread into a folder, which is made when it is not there, under harmless names that differ.
 * Nothing is written when one would go over an existing file and `replace` is false. ret_files: [{"id","name","kind",
 * "media_type","size","path"}], the caller's. */
int artifact_export(struct cli_session *session, const char *thread_id, const char *folder, bool replace,
                    json_t **ret_files, struct error *e);
