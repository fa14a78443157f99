/* What signing in comes to: tokens, made and answered in one place. On lanes. */
#pragma once

#include "api/api.h"
#include "base/secret.h"
#include "domain/accounts.h"
#include "domain/sessions.h"

extern const struct schema sign_in_tokens; /* the answer */

/* Opens a session for the account and answers with its tokens. The body's "transport" says where the refresh token
 * goes. The call is the account's from here on. */
int sign_in_begin(struct api_call *call, const struct account *account, struct error *e);
/* Answers with the tokens of a session that goes on. */
int sign_in_answer(struct api_call *call, const struct session *session, const char *refresh, bool in_body,
                   struct error *e);

/* The refresh token of the body, else of the cookie; NULL: none. ret_in_body tells which. A cookie counts only when the
 * request comes from a page of ours. */
const char *sign_in_refresh_token(struct api_call *call, bool *ret_in_body);
void sign_in_drop_cookie(struct api_call *call);
