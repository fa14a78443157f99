/* Where people reach this instance: PUBLIC_URL, else BACKEND_HOST and BACKEND_PORT; without a slash at its end. The
 * result is free()d by the caller. Any thread. */
#pragma once

char *public_url(void);
