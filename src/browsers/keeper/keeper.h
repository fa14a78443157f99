/* `replinet keeper BROWSER_ID`: the process that guards one browser; see keeper_protocol.h for its descriptors. */
#pragma once

int keeper_command(int count, char **arguments);
