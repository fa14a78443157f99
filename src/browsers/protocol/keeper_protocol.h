/* What engine and keeper say to each other: JSON objects, one per message, on a SEQPACKET Unix socket that the keeper
 * inherits listening (RUN_DIR/keepers/ID.sock, 0600 of the engine's user; the keeper checks SO_PEERCRED too). At most
 * one engine connection at a time; a new one replaces the old. Nothing that a lease needs depends on the engine being
 * alive.
 *
 * The keeper starts as `replinet keeper BROWSER_ID` with these descriptors: */
#pragma once

#define KEEPER_FD_TO_BROWSER   3 /* pipe: CDP messages to Chromium, each ended by NUL */
#define KEEPER_FD_FROM_BROWSER 4 /* pipe: CDP messages from Chromium */
#define KEEPER_FD_GATE         5 /* TCP listener on 127.0.0.1:GATE_PORT inside the container's net namespace */
#define KEEPER_FD_CONTROL      6 /* the listening socket described here */
#define KEEPER_FD_MEMORY       7 /* directory of the container's (memory) cgroup, for memory.events / failcnt */

#define KEEPER_GATE_PORT   1080
#define KEEPER_MESSAGE_MAX (160 * 1024)

/* engine -> keeper (each answered by one message {"op": same, "ok": true} or {"op": same, "ok": false, "code",
 * "text"}):
 *   {"op":"status"}                       -> adds the members of a status, below
 *   {"op":"lease","ticket":T}             the ticket's scope is "lease"; verified again here; opens the gate
 *   {"op":"attach","ticket":T,"key":K,"head":B} + 1 fd
 *                                         a client's TCP socket after its upgrade request: scope "cdp" and "browser"
 * must be ours; K is Sec-WebSocket-Key, B (base64) the bytes read past the request. The keeper writes the 101 answer
 * (or 4xx) itself.
 *   {"op":"watch", ...} + 1 fd            the same for a viewer: scope "view", live_protocol.h
 *   {"op":"sleep"}                        about to be frozen: stop pings and timers of the start
 *   {"op":"end","reason":NAME}            tell clients, ask Chromium to close, exit with that reason
 * keeper -> engine, unasked:
 *   {"op":"status", ...}                  at connection and whenever the state changes
 *
 * Status members: "state" starting|warm|leased|ending, "version" (product string of Browser.getVersion), "start_ms"
 * (from the keeper's start to the first CDP answer), "clients", "lease" (the claims' lease object or null), "lease_id"
 * (the ticket's jti or null), "leased_at", "reason" (name, null until it ends), "connections", "bytes_up",
 * "bytes_down", "refused", "failed" (gate counters), "cdp_from_clients", "cdp_from_browser" (messages), "cdp_refused"
 * (calls that the method table forbids), "live_frames" (pictures sent to viewers); all since the keeper's start.
 *
 * The lease object (claim "lease" of a lease ticket; also the body's meaning of POST /browsers):
 *   thread_id, user_id   text or null: for logs and lists
 *   memory_mb, cpus      limits while leased; missing: the configured defaults
 *   wait_ms              how long in sum the two clocks that follow stand still while the run says that it waits for
 *                        people (Replinet.setRun paused); missing: 0
 *   timeout_ms           longest life; idle_ms: longest time without a client's message; linger_ms: how long the
 * browser stays when its last client disconnected (default 10000) queue_ms             longest wait for a browser
 *   profile              true: a browser is started for this lease alone, with the profile that the request's body
 *                        holds (door_protocol.h), and what it leaves can be fetched after its end
 *   egress               {"allowed_domains":[...], "blocked_domains":[...], "upstream": null or
 *                         {"kind":"socks5"|"http","host","port","username","password"}}
 *                        A domain "example.com" means itself and what is beneath it; an empty allowed list allows all.
 *
 * To CDP clients a keeper also offers the method Replinet.enable (root session). From then on that client gets
 *   Replinet.egress  {decision: allowed|refused|failed|closed, host, port, address, rule, setting, text, bytes_up,
 *                     bytes_down, duration_ms}
 *   Replinet.ending  {reason, text}
 *   Replinet.control {held, by}   a person takes the browser over or gives it back; a run waits meanwhile and says so
 * with the method Replinet.setRun {state: running|paused}
 *   Replinet.navigates, Replinet.closes {targetId}   whoever has it in hand asked for another document in this tab, or
 * for its end Every client's WebSocket is closed with code
 * END_REASON_CLOSE_BASE + reason. */
