/* The closed list of what the engine may ask (browsers/protocol/launcher_protocol.h): one function per row. */
#pragma once

#include "browsers/protocol/launcher_protocol.h"

void operations_handle(const struct launcher_request *request, int fd); /* `fd` (-1: none) is borrowed */
