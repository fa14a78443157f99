/* Tokens of questions' links: the question's id and a MAC over it. Any thread. */
#pragma once

#include "base/error.h"
#include "base/uuid.h"

/* free() */
int question_token_make(const char *id, char **ret_token, struct error *e);
/* ERROR_NOT_FOUND when it is none of ours. */
int question_token_read(const char *token, char ret_id[UUID_TEXT_SIZE], struct error *e);
