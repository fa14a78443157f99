/* The bytes behind artifacts: blobs OWNER/xx/SHA256 below "artifacts", once per owner and never shared between owners;
 * artifact_files.place says where each is.
 *
 * Bytes are written before the row that names them, and removed before the row goes. Whoever writes a row holds a
 * shared advisory lock of that file, whoever removes bytes an exclusive one, and the writer looks for the bytes once
 * more after its row is committed: so a file that is taken up again at the moment of its removal is put again, not
 * lost. */
#pragma once

#include "base/error.h"
#include "store/blob.h"
#include "store/postgres.h"

#define ARTIFACT_FOLDER "artifacts"

/* SQL: takes the lock of a file; the arguments are the owner's id and the hash in hex, as text. */
#define ARTIFACT_FILE_LOCK(kind, owner, sha256)                                                                        \
    "pg_advisory_xact_lock" kind "(hashtextextended('artifact ' || " owner " || ' ' || " sha256 ", 0))"

/* Makes sure that the bytes are somewhere; ret_place: where they were written, BLOB_PLACE_COUNT when they were there.
 */
int artifact_files_keep(struct postgres *db, const char *owner_id, const struct blob_source *source,
                        enum blob_place *ret_place, struct error *e);
/* Looks whether they are at `place`, and writes them again when they are not. */
int artifact_files_confirm(const char *owner_id, const struct blob_source *source, const char *place, struct error *e);

/* Reads bytes; follows a file that is being moved. */
int artifact_files_read(struct postgres *db, const char *owner_id, const struct blob_wanted *wanted,
                        const struct blob_sink *sink, struct error *e);

struct artifact_sweep {
    int64_t looked_at, mended, bytes; /* mended: files removed, marked or moved; their bytes */
    int64_t failed;                   /* left as they were; the last one's error was returned in `e` */
};
/* All below work in small steps, may be stopped at any moment and begun anew, and only count with `dry`. */

/* Removes at most `limit` files that no artifact names any more, with their rows. */
int artifact_files_release(struct postgres *db, int limit, bool dry, struct artifact_sweep *ret_sweep, struct error *e);
/* Removes bytes at `place` that no row names and that are older than a day, and drafts that a crash left. */
int artifact_files_remove_strays(struct postgres *db, enum blob_place place, bool dry, struct artifact_sweep *ret_sweep,
                                 struct error *e);
/* Marks rows whose bytes are gone (missing_since), and unmarks those whose bytes came back. */
int artifact_files_find_missing(struct postgres *db, bool dry, struct artifact_sweep *ret_sweep, struct error *e);
/* Moves files to `place`: copied, checked, then the row, then the old bytes. */
int artifact_files_move(struct postgres *db, enum blob_place place, bool dry, struct artifact_sweep *ret_sweep,
                        struct error *e);
