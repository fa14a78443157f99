/* WebSockets of browsers that pass through this process: the client's socket, after its upgrade request, is joined to a
 * socket of the engine's door, and no byte of it is looked at. Authorization and cookies stay here: the door gets a
 * request of our own with a ticket of its own. A relay ends when the session or key that opened it does not count any
 * more. The loop's thread. */
#pragma once

#include "api/api.h"

struct door;
struct relays;

struct relays *relays_new(struct api *api);
/* Ends all; the memory goes with the last of them. */
void relays_close(struct relays *relays);
size_t relays_count(const struct relays *relays);
/* The sessions or the rights of this user (NULL: of anybody) may have changed: those of its relays that have lost
 * theirs end. */
void relays_check_user(struct relays *relays, const char *user_id);

/* Sets call->user for relays_park: `door_path` of cdp/door_client.h. Connects to the door; on a lane. */
int relays_prepare(struct api_call *call, const struct door *door, const char *door_path, struct error *e);
/* The `park` of a route with API_UPGRADE whose handler called relays_prepare. */
void relays_park(struct api *api, struct http_request *request, struct api_call *call);
