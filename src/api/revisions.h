/* Handlers of .../{id}/revisions, for each kind of object that keeps them; the route's tag says which. A lane's thread.
 */
#pragma once

#include "api/api.h"

int api_list_revisions(struct api_call *call, struct error *e);
int api_get_revision(struct api_call *call, struct error *e);
int api_restore_revision(struct api_call *call, struct error *e);
