/* The door: the engine's HTTP interface to api, worker, jobs and the command line (DOOR_HOST:DOOR_PORT).
 *
 * Every request but /health and /metrics shows a ticket (base/ticket.h) as "Authorization: Bearer T" or, where a client
 * cannot set headers, as the query parameter "ticket". A lease ticket may be TICKET_MAX bytes, so the door takes heads
 * of TICKET_MAX + 8 KB.
 *
 *   POST   /browsers                     scope lease   200 or 201 {browser}; waits in the queue up to the lease's
 *                                                      queue_ms; the same jti again gives the same browser
 *                                                      With lease.profile the body is what GET .../profile gave
 *                                                      before; none: an empty profile. 422 when it is refused
 *   GET    /browsers                     scope manage  {"items":[{browser}...],"total":N}
 *   GET    /browsers/{id}                scope manage  {browser}
 *   DELETE /browsers/{id}?reason=NAME    scope manage  204 or 200 when it is ended; NAME "released" or "killed"
 *   DELETE /leases/{id}?reason=NAME      scope manage  the same for whichever browser the lease with this jti has or is
 *                                                      being given; 404 when it has none
 *   GET    /browsers/{id}/files/{name}   scope manage  the bytes of a file of its transfer folder
 *   PUT    /browsers/{id}/files/{name}   scope manage  201 {"name","size"}: the body becomes a new file there, as large
 *                                                      as TRANSFER_MAX_MB; 409 when there is one; whole or not at all
 *   GET    /browsers/{id}/profile        scope manage  the profile that it left (tar, zstd), for two minutes after it
 *                                                      was released; 404 when it left none (it did not end well)
 *   GET    /browsers/{id}/cdp            scope cdp     WebSocket
 *   GET    /browsers/{id}/live           scope view    WebSocket, live_protocol.h
 *   GET    /statistics                   scope manage  an object of numbers
 *   GET    /health, /metrics
 *
 * {browser}: "id", "state" (starting, warm, leased, closing), "lease_id", "thread_id", "user_id", "created_at",
 * "leased_at", "expires_at" (the end of its lease at the latest), "version", "clients", "memory_bytes",
 * "memory_limit_bytes", "cpu_ms", "pids", "frozen" (a warm one sleeps); what is not known is null. A browser that has
 * ended is remembered for a while: {"id", "state":"ended", "reason", ...}. Errors:
 * {"detail","code","hint","request_id"} with a code of base/error_table.h. */
#pragma once

#define DOOR_ANSWER_MAX (4 * 1024 * 1024) /* bytes of a JSON answer */
#define DOOR_HEAD_EXTRA (8 * 1024)        /* head_max = TICKET_MAX + this */
