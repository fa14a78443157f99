/* A thread as one HTML file that needs nothing else: what was seen, answered and done, with times, tokens, cost and
 * pictures. No script is in it, everything that came from elsewhere is escaped, and its own policy lets nothing be
 * loaded. Works for threads of scripts as well. Any thread with a connection of its own. */
#pragma once

#include "domain/roles.h"
#include "store/blob.h"
#include "store/postgres.h"

/* What may be loaded and run in it. */
#define TRACE_POLICY "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

/* Writes it piece by piece: memory holds a page of events and one file at most. ERROR_NOT_FOUND when the caller may not
 * see the thread; after any failure what was written is no whole file. */
int trace_write(struct postgres *db, const struct caller *caller, const char *thread_id, const struct blob_sink *sink,
                struct error *e);
