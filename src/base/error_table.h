/* One row per error code: identifier, HTTP status, name on the wire, what it means.
 *
 * The name is part of the API contract ("code" in an error answer) and of the CLI's --json output; a row may be added,
 * never renamed. */
#pragma once

#define ERROR_TABLE(X)                                                                                                 \
    X(NONE, 200, "none", "No error.")                                                                                  \
    X(INTERNAL, 500, "internal", "Something failed inside Replinet; the log has the details.")                         \
    X(BAD_INPUT, 422, "bad_input", "A value was refused; the text names it and what is allowed.")                      \
    X(BAD_CONFIG, 500, "bad_config", "A configuration value is wrong.")                                                \
    X(NOT_FOUND, 404, "not_found", "There is no such object, or the caller may not know of it.")                       \
    X(UNAUTHENTICATED, 401, "unauthenticated", "No valid ticket, token or key was presented.")                         \
    X(SESSION_REVOKED, 401, "session_revoked", "The session was ended, here or elsewhere; sign in again.")             \
    X(FORBIDDEN, 403, "forbidden", "The caller is known but has no right to this.")                                    \
    X(CONFLICT, 409, "conflict", "The object is in a state that does not allow this.")                                 \
    X(TOO_LARGE, 413, "too_large", "A message, body or file is over its limit.")                                       \
    X(CAPACITY, 429, "capacity", "All browsers are busy and the wait reached its deadline.")                           \
    X(UNAVAILABLE, 503, "unavailable", "A service that this needs does not answer.")                                   \
    X(TIMEOUT, 504, "timeout", "The deadline passed before the answer came.")                                          \
    X(CANCELLED, 499, "cancelled", "The caller asked to stop.")                                                        \
    X(CLOSED, 502, "closed", "The other side closed the connection.")                                                  \
    X(PROTOCOL, 502, "protocol", "The other side sent something that its protocol does not allow.")                    \
    X(BROWSER, 502, "browser", "The browser answered a command with an error.")                                        \
    X(BROWSER_CRASH, 502, "crash", "The browser, or the page in it, crashed.")                                         \
    X(BROWSER_OOM, 502, "oom", "The browser reached its memory limit.")                                                \
    X(PAUSED, 503, "paused", "An administrator has paused all models.")                                                \
    X(LIMIT, 429, "limit", "A quota or limit was reached.")                                                            \
    X(STUCK, 422, "stuck", "The model did the same again and again without getting on.")                               \
    X(NO_ANSWER, 422, "no_answer", "A person was asked, and nobody answered in time.")                                 \
    X(MODEL_FAILED, 422, "model_failed", "The model says that the task cannot be done.")                               \
    X(STEP, 422, "step_failed", "A step of the script could not be carried out.")                                      \
    X(FENCED, 409, "fenced", "The job was given to another attempt; this one must not write any more.")                \
    X(STORAGE, 507, "storage", "There is not enough disk space, or the disk failed.")                                  \
    X(BAD_REQUEST, 400, "bad_request", "The request is not well-formed HTTP, or lacks what HTTP asks for.")            \
    X(METHOD_NOT_ALLOWED, 405, "method_not_allowed", "The path exists, but not with this method.")                     \
    X(REQUEST_TIMEOUT, 408, "request_timeout", "The request did not arrive in time.")                                  \
    X(UPGRADE_REQUIRED, 426, "upgrade_required", "The path speaks WebSocket only.")                                    \
    X(HEAD_TOO_LARGE, 431, "head_too_large", "The request line and headers are over their limit.")                     \
    X(NOT_SUPPORTED, 501, "not_supported", "The request uses a part of HTTP that is not offered here.")                \
    X(STALE, 412, "precondition_failed", "The object was changed since the revision that If-Match names.")             \
    X(QUOTA, 403, "quota_exceeded", "The caller's role may have no more of these; the text names limit and role.")     \
    X(MODEL_AUTH, 502, "model_auth",                                                                                   \
      "The provider of the model does not accept the key, or its account has no credit.")                              \
    X(MODEL_RATE, 503, "model_rate", "The provider of the model allowed no more requests, after all tries.")           \
    X(MODEL_CONTEXT, 422, "model_context", "The request is too long for the model.")                                   \
    X(MODEL_REFUSED, 422, "model_refused", "The model's provider refused by its policy.")                              \
    X(MODEL_MISSING, 422, "model_missing", "The provider has no such model, or its base URL is wrong.")                \
    X(MODEL_UNAVAILABLE, 503, "model_unavailable", "The provider failed or cut its answer off, after all tries.")      \
    X(MODEL_PROTOCOL, 502, "model_protocol", "The provider refused the request, or its answer could not be read.")
