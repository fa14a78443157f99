/* `replinet launcher`: the one process of the Browser Manager that is root. It faces nobody but the engine, and does
 * nothing but the operations of browsers/protocol/launcher_protocol.h. README.md in this folder tells more. */
#pragma once

int launcher_command(int count, char **arguments);
