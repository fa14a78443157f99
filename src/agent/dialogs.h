/* Dialogs of pages (alert, confirm, prompt, "leave this page?"): how they are answered and what they said. A dialog
 * stops its page, so each is answered at once: as a step has asked for, else alerts are closed, a page may be left, and
 * questions get the answer "no" as a person who does not know would give it.
 *
 * One for all tabs of a run. One thread. */
#pragma once

#include "base/json.h"

struct dialogs {
    json_t *plans; /* [{"on"?, "accept", "text"?, "times"}], the oldest first; NULL: none */
    json_t *last;  /* {"type", "message", "default", "url", "accepted", "text"}; NULL: none was shown yet */
    int64_t shown, read;
    bool left_to_person; /* who has the browser in hand answers */
};

void dialogs_done(struct dialogs *dialogs);

/* How the next dialogs, `times` of them and only those of kind `on` (NULL: any), are answered. `text` (NULL: what
 * stands there) goes into a prompt. */
void dialogs_plan(struct dialogs *dialogs, const char *on, bool accept, const char *text, int64_t times);

/* The answer to a dialog (Page.javascriptDialogOpening), for Page.handleJavaScriptDialog; remembers it as the last. */
json_t *dialogs_answer(struct dialogs *dialogs, const json_t *opening);
