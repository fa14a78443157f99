/* UUIDv7 (RFC 9562): 48 bits of milliseconds, then a counter and random bits, so ids made in one process sort by time.
 * Any thread. */
#pragma once

#include <stdbool.h>

#define UUID_TEXT_SIZE 37

char *uuid_make(char text[UUID_TEXT_SIZE]); /* returns `text` */
bool uuid_is_valid(const char *text);       /* canonical lower-case form, any version */
